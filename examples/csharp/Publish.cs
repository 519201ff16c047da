// Publishes to itself and waits for the message, without callbacks: Publish [PORT BROKER]
using System;
using System.Runtime.InteropServices;
using System.Text;

static class M531x
{
    const string Library = "m531x";

    [DllImport(Library)]
    public static extern int m531x_open(byte[] port, uint baudrate, byte[] model, int timeout_ms, out uint modem);
    [DllImport(Library)]
    public static extern int m531x_close(uint modem);
    [DllImport(Library)]
    public static extern int m531x_connect(uint modem, byte[] host, ushort port, byte[] client_id, int timeout_ms);
    [DllImport(Library)]
    public static extern int m531x_subscribe(uint modem, byte[] topic, uint qos, int timeout_ms, out uint granted_qos);
    [DllImport(Library)]
    public static extern int m531x_publish(
        uint modem, byte[] topic, byte[] payload, uint length, uint qos, uint retain, int timeout_ms);
    [DllImport(Library)]
    public static extern int m531x_wait_message(
        uint modem, int timeout_ms, byte[] topic, uint topic_capacity, out uint topic_needed,
        byte[] payload, uint payload_capacity, out uint payload_length, out uint flags);
    [DllImport(Library)]
    public static extern int m531x_last_error_text(uint modem, byte[] text, uint capacity, out uint needed);
    [DllImport(Library)]
    public static extern IntPtr m531x_error_name(int status);

    /// A text as the library wants it: UTF-8 with its final NUL.
    public static byte[] Utf8(string text)
    {
        return Encoding.UTF8.GetBytes(text + "\0");
    }
}

static class Program
{
    static void Must(uint modem, int status)
    {
        if (status >= 0)
            return;
        var text = new byte[512];
        uint needed;
        M531x.m531x_last_error_text(modem, text, (uint)text.Length, out needed);
        string name = Marshal.PtrToStringAnsi(M531x.m531x_error_name(status));
        throw new Exception(name + ": " + Encoding.UTF8.GetString(text).TrimEnd('\0'));
    }

    static void Main(string[] arguments)
    {
        string port = arguments.Length > 1 ? arguments[0] : "virtual://";
        string broker = arguments.Length > 1 ? arguments[1] : "broker.example";
        uint modem, granted, needed, length, flags;
        byte[] reading = Encoding.UTF8.GetBytes("21.5 °C");
        byte[] topic = new byte[512], payload = new byte[2048];

        Must(0, M531x.m531x_open(M531x.Utf8(port), 0, null, -1, out modem));
        Must(modem, M531x.m531x_connect(modem, M531x.Utf8(broker), 1883, M531x.Utf8("meter-17"), -1));
        Must(modem, M531x.m531x_subscribe(modem, M531x.Utf8("meters/+"), 1, -1, out granted));
        Must(modem, M531x.m531x_publish(modem, M531x.Utf8("meters/17"), reading, (uint)reading.Length, 1, 0, -1));
        Must(modem, M531x.m531x_wait_message(modem, 10000, topic, (uint)topic.Length, out needed,
                                             payload, (uint)payload.Length, out length, out flags));
        Console.OutputEncoding = new UTF8Encoding(false);
        Console.WriteLine("{0} {1}", Encoding.UTF8.GetString(topic, 0, (int)needed - 1),
                          Encoding.UTF8.GetString(payload, 0, (int)length));
        Must(modem, M531x.m531x_close(modem));
    }
}
