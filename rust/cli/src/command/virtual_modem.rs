//! `m531x virtual-modem`.

use std::io::{Write, stderr, stdout};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use m531x_core::Model;
use m531x_virtual_modem::{
    BrokerChoice, Fault, Firmware, LinkChoice, VirtualModem, VirtualModemOptions,
};

use crate::failure::Failure;
use crate::interrupt::Termination;

/// How soon a difference is reported.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Args)]
#[command(after_help = EXAMPLES)]
#[command(after_long_help = format!("{EXAMPLES}\n\nFaults:\n{}", Fault::HELP))]
pub(crate) struct Arguments {
    /// Which module to be: M5310-A, M5311, M5312, M5313, MN316 or ML302
    #[arg(long, default_value = "M5310-A")]
    model: Model,
    /// What it does where the manual is silent: vendor (as the module vendor's own MQTT client was
    /// measured to do) or manual (the kind way) [default: the model's own]
    #[arg(long, value_name = "vendor|manual")]
    firmware: Option<Firmware>,
    /// The broker behind the module: embedded (one of its own), cfg (what AT+MQTTCFG names), or
    /// HOST:PORT
    #[arg(long, default_value = "embedded")]
    broker: BrokerChoice,
    /// A stable name for the pseudo terminal, as a symbolic link that is removed at the end
    #[arg(long, value_name = "PATH")]
    link: Option<PathBuf>,
    /// Listen on a TCP port instead of a pseudo terminal, on the loopback interface unless HOST is
    /// given; port 0 picks a free one
    #[arg(long, value_name = "[HOST:]PORT", conflicts_with = "link", value_parser = tcp)]
    tcp: Option<LinkChoice>,
    /// Pass bytes no faster than a line of this speed [default: at once]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    baudrate: Option<u32>,
    /// Echo commands after boot [default: the model's own habit]
    #[arg(long, value_name = "on|off", value_parser = on_off)]
    echo: Option<bool>,
    /// Makes identity and faults repeatable
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Play the module of a recording instead: wait for each recorded command, answer as it did
    #[arg(long, value_name = "FILE", conflicts_with_all = ["firmware", "broker", "baudrate", "echo", "seed", "faults"])]
    replay: Option<PathBuf>,
    /// Something that goes wrong on purpose, or a trait of the firmware; may be given again, --help lists
    /// them
    #[arg(long = "fault", value_name = "NAME=VALUE")]
    faults: Vec<Fault>,
}

const EXAMPLES: &str = "Examples:\n  \
    m531x virtual-modem --link /tmp/modem\n  \
    m531x virtual-modem --model M5311 --broker localhost:1883 --baudrate 9600 --seed 7 --fault split-writes\n  \
    m531x virtual-modem --replay field.rec --link /tmp/modem\n\n\
    It prints `broker: HOST:PORT` and `port: PATH`, then runs until Ctrl-C or SIGTERM.";

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let termination = Termination::expect()?;
        let link = self.tcp.unwrap_or(LinkChoice::Pty { symlink: self.link });
        let exposed = link.is_exposed();
        let modem = VirtualModem::start(VirtualModemOptions {
            model: self.model,
            firmware: self.firmware,
            broker: self.broker,
            link,
            baudrate: self.baudrate,
            faults: self.faults,
            seed: self.seed,
            echo: self.echo,
            replay: self.replay.clone(),
        })?;
        let mut out = stdout().lock();
        writeln!(out, "broker: {}", modem.broker())?;
        writeln!(out, "port: {}", modem.port())?;
        out.flush()?;
        drop(out);
        if exposed {
            writeln!(
                stderr(),
                "m531x: warning: every host that reaches {} can use this virtual modem and the \
                 broker behind it, without a password",
                modem.port()
            )?;
        }
        if self.replay.is_some() {
            print_differences(&modem, &termination)?;
        } else {
            termination.wait();
        }
        modem.close();
        Ok(())
    }
}

/// Prints where the host does otherwise than recorded, until a signal comes.
fn print_differences(modem: &VirtualModem, termination: &Termination) -> Result<(), Failure> {
    let mut printed = 0;
    loop {
        let ended = termination.wait_for(LOOK);
        for difference in modem.differences().iter().skip(printed) {
            writeln!(stderr(), "m531x: {difference}")?;
            printed += 1;
        }
        if ended {
            return Ok(());
        }
    }
}

fn tcp(text: &str) -> Result<LinkChoice, String> {
    LinkChoice::tcp(text).ok_or_else(|| format!("{text:?} is neither PORT nor HOST:PORT"))
}

fn on_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("{text:?} is neither on nor off")),
    }
}
