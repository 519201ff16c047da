// m531x for .NET: copy this file into your program, and m531x.dll (or libm531x.so) beside it. C# 6 and later.
using System;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

/// A function of the library failed.
public sealed class M531xException : Exception
{
    /// Such as "M531X_ERR_TIMEOUT": `catch (M531xException e) when (e.Name == "M531X_ERR_TIMEOUT")`.
    public readonly string Name;
    public readonly int Status;

    public M531xException(int status, string name, string text) : base(name + ": " + text)
    {
        Status = status;
        Name = name;
    }
}

/// A received message.
public sealed class M531xMessage : EventArgs
{
    public readonly string Topic;
    public readonly byte[] Payload;
    readonly uint flags;

    internal M531xMessage(string topic, byte[] payload, uint flags)
    {
        Topic = topic;
        Payload = payload;
        this.flags = flags;
    }

    public string Text { get { return Encoding.UTF8.GetString(Payload); } }
    public int Qos { get { return (int)(flags & 3); } }
    public bool Retain { get { return (flags & 4) != 0; } }
}

/// Something happened to the modem; the kinds are M531X_EVENT_... of m531x.h.
public sealed class M531xEvent : EventArgs
{
    public readonly int Kind;
    public readonly int Value;
    public readonly string Text;

    internal M531xEvent(int kind, int value, string text)
    {
        Kind = kind;
        Value = value;
        Text = text;
    }
}

/// An open modem. Every method may be called from any thread; -1 as a time limit is the operation's own.
public sealed class M531xModem : IDisposable
{
    /// Options for Set: M531X_OPTION_... of m531x.h.
    public const int Username = 1, Password = 2, KeepAlive = 3, Recovery = 16, Outbox = 20;

    const int TooSmall = -2, Closed = -3, StaleHandle = -4, TimedOut = -5, Cancelled = -18;
    readonly Handle handle;
    Thread thread;

    /// The thread of Listen delivers messages and events here.
    public event EventHandler<M531xMessage> Received;
    public event EventHandler<M531xEvent> Happened;

    public M531xModem(string port = "virtual://", uint baudrate = 0, string model = null, int timeoutMs = -1)
    {
        uint number;
        Check(Native.m531x_open(Utf8(port), baudrate, Utf8(model), timeoutMs, out number), 0);
        handle = new Handle(number);
    }

    public void Set(int option, uint value)
    {
        Check(Native.m531x_set_u32(handle.Number, option, value));
    }

    public void Set(int option, string text)
    {
        Check(Native.m531x_set_string(handle.Number, option, Utf8(text)));
    }

    public void Connect(string host, ushort port = 1883, string clientId = null, int timeoutMs = -1)
    {
        Check(Native.m531x_connect(handle.Number, Utf8(host), port, Utf8(clientId), timeoutMs));
    }

    public void Disconnect(int timeoutMs = -1)
    {
        Check(Native.m531x_disconnect(handle.Number, timeoutMs));
    }

    public void Publish(string topic, byte[] payload, int qos = 0, bool retain = false, int timeoutMs = -1)
    {
        Check(Native.m531x_publish(handle.Number, Utf8(topic), payload, (uint)payload.Length, (uint)qos, retain ? 1u : 0u,
                                   timeoutMs));
    }

    public void Publish(string topic, string text, int qos = 0, bool retain = false, int timeoutMs = -1)
    {
        Publish(topic, Encoding.UTF8.GetBytes(text), qos, retain, timeoutMs);
    }

    /// Returns the granted QoS.
    public int Subscribe(string filter, int qos = 0, int timeoutMs = -1)
    {
        uint granted;
        Check(Native.m531x_subscribe(handle.Number, Utf8(filter), (uint)qos, timeoutMs, out granted));
        return (int)granted;
    }

    public void Unsubscribe(string filter, int timeoutMs = -1)
    {
        Check(Native.m531x_unsubscribe(handle.Number, Utf8(filter), timeoutMs));
    }

    /// The information response of an AT command.
    public string Command(string line, int timeoutMs = -1)
    {
        // The size cannot be asked for: the command would be sent twice.
        var text = new byte[65536];
        uint needed;
        Check(Native.m531x_command(handle.Number, Utf8(line), timeoutMs, text, (uint)text.Length, out needed));
        return Text(text);
    }

    /// The next message, or null when the time is up. Not while Listen's thread takes them.
    public M531xMessage Wait(int timeoutMs)
    {
        var topic = new byte[512];
        var payload = new byte[4096];
        while (true) {
            uint needed, length, flags;
            int status = Native.m531x_wait_message(handle.Number, timeoutMs, topic, (uint)topic.Length, out needed, payload,
                                                   (uint)payload.Length, out length, out flags);
            if (status == TooSmall) {
                Array.Resize(ref topic, (int)Math.Max(needed, (uint)topic.Length));
                Array.Resize(ref payload, (int)Math.Max(length, (uint)payload.Length));
                continue;
            }
            if (status == TimedOut)
                return null;
            Check(status);
            Array.Resize(ref payload, (int)length);
            return new M531xMessage(Text(topic), payload, flags);
        }
    }

    /// Starts the thread that raises Received and Happened; it ends with the modem.
    public void Listen()
    {
        if (thread != null)
            return;
        thread = new Thread(Take) { IsBackground = true, Name = "m531x" };
        thread.Start();
    }

    /// Wakes every thread that waits in a method; each gets M531X_ERR_CANCELLED.
    public void Cancel()
    {
        Check(Native.m531x_cancel(handle.Number));
    }

    /// Closes the modem, waits for Listen's thread, and is harmless when repeated.
    public void Dispose()
    {
        handle.Dispose();
        if (thread != null && thread != Thread.CurrentThread)
            thread.Join();
    }

    /// Closes every modem of this process: those of an aborted run too, whose handles are lost.
    public static void CloseAll()
    {
        Check(Native.m531x_close_all(), 0);
    }

    void Take()
    {
        var text = new byte[1024];
        var payload = new byte[4096];
        while (true) {
            int kind, value, ended;
            uint needed, length, flags, seconds, microseconds;
            int status = Native.m531x_receive(handle.Number, -1, out kind, out value, out ended, text, (uint)text.Length,
                                              out needed, payload, (uint)payload.Length, out length, out flags, out seconds,
                                              out microseconds);
            if (status == TooSmall) {
                Array.Resize(ref text, (int)Math.Max(needed, (uint)text.Length));
                Array.Resize(ref payload, (int)Math.Max(length, (uint)payload.Length));
            } else if (status == Closed || status == StaleHandle) {
                return;
            } else if (status == Cancelled || status == TimedOut) {
                continue;
            } else if (status < 0) {
                // A port that is gone was reported as an event before.
                return;
            } else if (kind == 0) {
                var bytes = new byte[length];
                Array.Copy(payload, bytes, bytes.Length);
                Raise(Received, new M531xMessage(Text(text), bytes, flags));
            } else {
                Raise(Happened, new M531xEvent(kind, value, Text(text)));
            }
        }
    }

    void Raise<T>(EventHandler<T> handlers, T what) where T : EventArgs
    {
        if (handlers != null)
            handlers(this, what);
    }

    void Check(int status)
    {
        Check(status, handle.Number);
    }

    static void Check(int status, uint modem)
    {
        if (status >= 0)
            return;
        var text = new byte[1024];
        uint needed;
        Native.m531x_last_error_text(modem, text, (uint)text.Length, out needed);
        throw new M531xException(status, Marshal.PtrToStringAnsi(Native.m531x_error_name(status)), Text(text));
    }

    /// UTF-8 with its final NUL; null stays null.
    static byte[] Utf8(string text)
    {
        return text == null ? null : Encoding.UTF8.GetBytes(text + "\0");
    }

    static string Text(byte[] buffer)
    {
        int end = Array.IndexOf<byte>(buffer, 0);
        return Encoding.UTF8.GetString(buffer, 0, end < 0 ? buffer.Length : end);
    }

    /// Closes the modem once, at the latest when the object is collected.
    sealed class Handle : SafeHandle
    {
        /// A closed one too: the library refuses a stale number.
        public readonly uint Number;

        public Handle(uint number) : base(IntPtr.Zero, true)
        {
            Number = number;
            SetHandle(new IntPtr(unchecked((int)number)));
        }

        public override bool IsInvalid { get { return handle == IntPtr.Zero; } }

        protected override bool ReleaseHandle()
        {
            return Native.m531x_close(Number) >= 0;
        }
    }

    static class Native
    {
        const string Library = "m531x";
        // The default of .NET is another one, which breaks the stack of a 32-bit process.
        const CallingConvention C = CallingConvention.Cdecl;

        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_open(byte[] port, uint baudrate, byte[] model, int timeout_ms, out uint modem);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_close(uint modem);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_close_all();
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_cancel(uint modem);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_set_u32(uint modem, int option, uint value);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_set_string(uint modem, int option, byte[] text);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_connect(uint modem, byte[] host, ushort port, byte[] client_id, int timeout_ms);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_disconnect(uint modem, int timeout_ms);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_publish(
            uint modem, byte[] topic, byte[] payload, uint length, uint qos, uint retain, int timeout_ms);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_subscribe(uint modem, byte[] topic, uint qos, int timeout_ms, out uint granted_qos);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_unsubscribe(uint modem, byte[] topic, int timeout_ms);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_command(
            uint modem, byte[] line, int timeout_ms, byte[] response, uint capacity, out uint needed);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_wait_message(
            uint modem, int timeout_ms, byte[] topic, uint topic_capacity, out uint topic_needed, byte[] payload,
            uint payload_capacity, out uint payload_length, out uint flags);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_receive(
            uint modem, int timeout_ms, out int kind, out int value, out int status, byte[] text, uint text_capacity,
            out uint text_needed, byte[] payload, uint payload_capacity, out uint payload_length, out uint flags,
            out uint seconds, out uint microseconds);
        [DllImport(Library, CallingConvention = C)]
        public static extern int m531x_last_error_text(uint modem, byte[] text, uint capacity, out uint needed);
        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr m531x_error_name(int status);
    }
}
