// M531x.cs against virtual modems: exceptions, events from a thread, what is left open.
using System;
using System.Collections.Concurrent;
using System.Threading;

static class Test
{
    static int passed, failed;

    static void Run(string name, Action test)
    {
        try {
            test();
            passed++;
        } catch (Exception error) {
            failed++;
            Console.WriteLine("FAILED {0}: {1}", name, error);
        }
    }

    static void Check(bool condition, string what)
    {
        if (!condition)
            throw new Exception(what);
    }

    static string NameOf(Action action)
    {
        try {
            action();
        } catch (M531xException error) {
            Check(error.Message.StartsWith(error.Name + ": "), error.Message);
            return error.Name;
        }
        return null;
    }

    static int Main()
    {
        Run("an exception has the name of its error", () => {
            Check(NameOf(() => new M531xModem("nosuch://")) == "M531X_ERR_INVALID_ARGUMENT", "open");
            using (var modem = new M531xModem())
                Check(NameOf(() => modem.Publish("a", "b")) == "M531X_ERR_NOT_CONNECTED", "publish");
        });
        Run("a closed modem is refused, and closing it again is harmless", () => {
            var modem = new M531xModem();
            modem.Dispose();
            modem.Dispose();
            Check(NameOf(() => modem.Command("AT")) == "M531X_ERR_STALE_HANDLE", "command");
        });
        Run("a thread delivers messages of any size, and events", () => {
            var messages = new BlockingCollection<M531xMessage>();
            var connected = new ManualResetEvent(false);
            using (var modem = new M531xModem()) {
                modem.Received += (sender, message) => messages.Add(message);
                modem.Happened += (sender, what) => { if (what.Kind == 1) connected.Set(); };
                modem.Listen();
                modem.Connect("broker.example", 1883, "csharp");
                Check(connected.WaitOne(10000), "no event");
                Check(modem.Subscribe("t/#", 2) == 2, "granted");
                var bytes = new byte[400];
                for (int i = 0; i < bytes.Length; i++)
                    bytes[i] = (byte)i;
                modem.Publish("t/ü", bytes, 2);
                M531xMessage got;
                Check(messages.TryTake(out got, 10000), "no message");
                Check(got.Topic == "t/ü" && got.Qos == 2 && !got.Retain, got.Topic);
                Check(Convert.ToBase64String(got.Payload) == Convert.ToBase64String(bytes), "payload");
                modem.Cancel();
                modem.Publish("t/again", "after cancel", 1);
                Check(messages.TryTake(out got, 10000) && got.Text == "after cancel", "the thread ended with cancel");
            }
        });
        Run("a wait ends with its time, and by a cancel", () => {
            using (var modem = new M531xModem()) {
                Check(modem.Wait(1) == null, "wait");
                var cancel = new Timer(_ => modem.Cancel(), null, 50, 50);
                Check(NameOf(() => modem.Wait(-1)) == "M531X_ERR_CANCELLED", "cancel");
                cancel.Dispose();
            }
        });
        Run("a command is answered", () => {
            using (var modem = new M531xModem())
                Check(modem.Command("AT+CSQ").Contains("+CSQ"), modem.Command("AT+CSQ"));
        });
        Run("what an aborted run left open is closed", () => {
            var lost = new M531xModem();
            M531xModem.CloseAll();
            Check(NameOf(() => lost.Command("AT")) == "M531X_ERR_STALE_HANDLE", "left open");
        });
        Console.WriteLine("{0} passed, {1} failed", passed, failed);
        return failed == 0 ? 0 : 1;
    }
}
