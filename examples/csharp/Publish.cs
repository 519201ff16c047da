// Publishes to itself and waits for the message: Publish [PORT BROKER]. Compile with M531x.cs.
using System;
using System.Text;

static class Program
{
    static void Main(string[] arguments)
    {
        string port = arguments.Length > 1 ? arguments[0] : "virtual://";
        string broker = arguments.Length > 1 ? arguments[1] : "broker.example";
        Console.OutputEncoding = new UTF8Encoding(false);
        using (var modem = new M531xModem(port)) {
            modem.Connect(broker, 1883, "meter-17");
            modem.Subscribe("meters/+", 1);
            modem.Publish("meters/17", "21.5 °C", 1);
            M531xMessage message = modem.Wait(10000);
            Console.WriteLine("{0} {1}", message.Topic, message.Text);
        }
    }
}
