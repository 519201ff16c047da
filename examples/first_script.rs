//! Publishes to itself through a modem: `first_script [PORT BROKER]`, by default a virtual one.

use std::error::Error;
use std::time::Duration;

use m531x_core::{ConnectOptions, Incoming, Modem, ModemOptions, PublishOptions, SubscribeOptions};
use m531x_virtual_modem::{VirtualModem, VirtualModemOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let virtual_modem = VirtualModem::start(VirtualModemOptions::default())?;
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().unwrap_or(virtual_modem.port());
    let broker = arguments.next().unwrap_or("broker.example".into());

    let modem = Modem::open(&port, ModemOptions::default())?;
    modem.connect(ConnectOptions::new(broker, "meter-17"))?;
    modem.subscribe("meters/+", SubscribeOptions::default())?;
    modem.publish("meters/17", "21.5 °C".as_bytes(), PublishOptions::default())?;
    while let Some(incoming) = modem.recv(Some(Duration::from_secs(10)))? {
        if let Incoming::Message(message) = incoming {
            println!("{} {}", message.topic, message.text());
            return Ok(());
        }
    }
    Err("the message did not come back".into())
}
