//! The subcommands, one file each.

mod at;
mod console;
mod demo;
mod doctor;
mod generate;
mod monitor;
mod outbox;
mod ports;
mod publish;
mod record;
mod replay;
mod self_test;
mod subscribe;
mod virtual_modem;

use clap::Subcommand;

use crate::failure::Failure;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show the whole way: modem, broker and back, without hardware
    Demo(demo::Arguments),
    /// List the serial ports of this computer
    Ports(ports::Arguments),
    /// Look at port, module, SIM, network and broker, and say what to do at the first that fails
    Doctor(doctor::Arguments),
    /// Watch signal, registration and cell over time, to place an antenna
    Monitor(monitor::Arguments),
    /// Send AT commands and print the answers
    At(at::Arguments),
    /// Talk to the module: line editing, history, and what it says by itself as it comes
    Console(console::Arguments),
    /// Publish to a topic, as `mosquitto_pub` does
    Pub(publish::Arguments),
    /// Subscribe to topics and print what arrives, as `mosquitto_sub` does
    Sub(subscribe::Arguments),
    /// Look into the file of an outbox, clear it, or retry what was set aside
    Outbox(outbox::Arguments),
    /// Record what passes on the port into a file
    Record(record::Arguments),
    /// Play a recording again: what the driver makes of it
    Replay(replay::Arguments),
    /// Run a virtual modem on a pseudo terminal or a TCP port
    VirtualModem(virtual_modem::Arguments),
    /// Write manual pages and completions of shells
    #[command(hide = true)]
    Generate(generate::Arguments),
}

impl Command {
    /// `whole` makes the whole command line anew: clap changes the one that has parsed the arguments.
    pub(crate) fn run(self, whole: fn() -> clap::Command) -> Result<(), Failure> {
        match self {
            Self::Demo(arguments) => arguments.run(),
            Self::Ports(arguments) => arguments.run(),
            Self::Doctor(arguments) => arguments.run(),
            Self::Generate(arguments) => arguments.run(whole()),
            Self::Monitor(arguments) => arguments.run(),
            Self::At(arguments) => arguments.run(),
            Self::Console(arguments) => arguments.run(),
            Self::Pub(arguments) => arguments.run(),
            Self::Sub(arguments) => arguments.run(),
            Self::Outbox(arguments) => arguments.run(),
            Self::Record(arguments) => arguments.run(),
            Self::Replay(arguments) => arguments.run(),
            Self::VirtualModem(arguments) => arguments.run(),
        }
    }
}
