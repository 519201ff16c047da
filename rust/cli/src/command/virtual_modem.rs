//! `m531x virtual-modem`.

use std::io::{Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use m531x_core::Model;
use m531x_virtual_modem::{
    BrokerChoice, Fault, Firmware, LinkChoice, VirtualModem, VirtualModemOptions,
};

use crate::failure::Failure;
use crate::interrupt::Termination;
use crate::port::on_off;

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
    /// A stable name for the pseudo terminal, as a symbolic link that is removed at the end; not on
    /// Windows
    #[arg(long, value_name = "PATH")]
    link: Option<PathBuf>,
    /// Listen on a TCP port instead of a pseudo terminal, on the loopback interface unless HOST is
    /// given; port 0 picks a free one, which is the default on Windows
    #[arg(long, value_name = "[HOST:]PORT", conflicts_with = "link", value_parser = tcp)]
    tcp: Option<LinkChoice>,
    /// Be so many modules on one broker: links get the numbers from 0 on at the end of PATH, TCP ports
    /// are PORT and the following ones
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
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
    #[arg(long, value_name = "FILE", conflicts_with_all = ["firmware", "broker", "count", "baudrate", "echo", "seed", "faults"])]
    replay: Option<PathBuf>,
    /// Something that goes wrong on purpose, or a trait of the firmware; may be given again, --help lists
    /// them
    #[arg(long = "fault", value_name = "NAME=VALUE")]
    faults: Vec<Fault>,
}

const EXAMPLES: &str = "Examples:\n  \
    m531x virtual-modem --link /tmp/modem\n  \
    m531x virtual-modem --model M5311 --broker localhost:1883 --baudrate 9600\n  \
    m531x virtual-modem --seed 7 --fault split-writes\n  \
    m531x virtual-modem --count 8 --link /tmp/modem   # /tmp/modem0 to /tmp/modem7\n  \
    m531x virtual-modem --replay field.rec --link /tmp/modem\n\n\
    It prints `broker: HOST:PORT` and `port: PATH`, then runs until Ctrl-C or SIGTERM.";

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let termination = Termination::expect()?;
        let modems = self.start()?;
        let mut out = stdout().lock();
        writeln!(out, "broker: {}", modems[0].broker())?;
        for modem in &modems {
            writeln!(out, "port: {}", modem.port())?;
        }
        out.flush()?;
        drop(out);
        if self.tcp.as_ref().is_some_and(LinkChoice::is_exposed) {
            let what = match modems.as_slice() {
                [only] => format!("{} can use this virtual modem", only.port()),
                many => format!(
                    "{} can use these {} virtual modems",
                    many[0].port(),
                    many.len()
                ),
            };
            writeln!(
                stderr(),
                "m531x: warning: every host that reaches {what} and the broker behind it, without a \
                 password"
            )?;
        }
        if self.replay.is_some() {
            print_differences(&modems[0], &termination)?;
        } else {
            termination.wait();
        }
        drop(modems);
        Ok(())
    }

    /// One modem or several, the latter on the broker of the first.
    fn start(&self) -> Result<Vec<VirtualModem>, Failure> {
        let mut modems: Vec<VirtualModem> = Vec::with_capacity(self.count.into());
        for number in 0..self.count {
            let broker = match (&self.broker, modems.first()) {
                (BrokerChoice::Embedded, Some(first)) => BrokerChoice::Address(first.broker()),
                (chosen, _) => chosen.clone(),
            };
            modems.push(VirtualModem::start(VirtualModemOptions {
                model: self.model,
                firmware: self.firmware,
                broker,
                link: self.link_of(number)?,
                baudrate: self.baudrate,
                faults: self.faults.clone(),
                seed: self.seed.map(|seed| seed.wrapping_add(number.into())),
                echo: self.echo,
                replay: self.replay.clone(),
            })?);
        }
        Ok(modems)
    }

    /// Where the host finds the modem with this number.
    fn link_of(&self, number: u16) -> Result<LinkChoice, Failure> {
        match &self.tcp {
            Some(LinkChoice::Tcp(address)) if address.port() != 0 => {
                let mut address = *address;
                let port = address.port().checked_add(number).ok_or_else(|| {
                    Failure::Usage(format!(
                        "no {} TCP ports follow {}: give a smaller one, or 0 for free ones",
                        self.count,
                        address.port()
                    ))
                })?;
                address.set_port(port);
                Ok(LinkChoice::Tcp(address))
            }
            Some(other) => Ok(other.clone()),
            None => {
                let link = self.link.as_ref();
                Ok(LinkChoice::named(
                    link.map(|path| self.numbered(path, number)),
                ))
            }
        }
    }

    fn numbered(&self, path: &Path, number: u16) -> PathBuf {
        if self.count == 1 {
            return path.to_owned();
        }
        let mut name = path.as_os_str().to_owned();
        name.push(number.to_string());
        name.into()
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
