//! The flags of mosquitto's tools that a module has nothing for.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::failure::Failure;

struct Flag {
    /// As the user writes it.
    name: &'static str,
    short: Option<char>,
    long: Option<&'static str>,
    /// How many values follow it at most.
    values: usize,
    why: &'static str,
}

const fn flag(
    name: &'static str,
    short: char,
    long: &'static str,
    values: usize,
    why: &'static str,
) -> Flag {
    Flag {
        name,
        short: Some(short),
        long: Some(long),
        values,
        why,
    }
}

const fn long(name: &'static str, values: usize, why: &'static str) -> Flag {
    Flag {
        name,
        short: None,
        long: Some(name),
        values,
        why,
    }
}

const MQTT_5: &str = "the modules speak MQTT 3.1.1, which has no such thing";
const SOCKET: &str = "the module makes the connection to the broker, over its radio";
const FILES: &str = "no file can be put into the module; --tls encrypts where the model can";
const TLS: &str = "the module itself chooses how it encrypts; --tls encrypts where the model can";

const FLAGS: &[Flag] = &[
    Flag {
        name: "-A",
        short: Some('A'),
        long: None,
        values: 1,
        why: SOCKET,
    },
    flag("-D", 'D', "property", 4, MQTT_5),
    flag("-x", 'x', "session-expiry-interval", 1, MQTT_5),
    long("retain-as-published", 0, MQTT_5),
    flag(
        "-M",
        'M',
        "max-inflight",
        1,
        "messages are published one after the other",
    ),
    flag(
        "-S",
        'S',
        "srv",
        0,
        "the module looks up no SRV record; give -h and -p",
    ),
    long("unix", 1, SOCKET),
    long("nodelay", 0, SOCKET),
    long("proxy", 1, SOCKET),
    long("random-filter", 1, "every message is printed"),
    long("cafile", 1, FILES),
    long("capath", 1, FILES),
    long("cert", 1, FILES),
    long("key", 1, FILES),
    long("keyform", 1, FILES),
    long("ciphers", 1, TLS),
    long("tls-version", 1, TLS),
    long("tls-alpn", 1, TLS),
    long("tls-engine", 1, TLS),
    long("tls-engine-kpass-sha1", 1, TLS),
    long("tls-keyform", 1, FILES),
    long("tls-use-os-certs", 0, FILES),
    long(
        "insecure",
        0,
        "the module checks no certificate; --tls encrypts where the model can",
    ),
    long("psk", 1, TLS),
    long("psk-identity", 1, TLS),
];

/// Why the arguments cannot be followed, if one of those flags is among them.
pub(crate) struct Refused(Option<String>);

impl Refused {
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match &self.0 {
            None => Ok(()),
            Some(why) => Err(Failure::Usage(why.clone())),
        }
    }
}

impl Args for Refused {
    fn augment_args(command: Command) -> Command {
        FLAGS.iter().fold(command, |command, flag| {
            let mut arg = Arg::new(flag.name).hide(true);
            if let Some(short) = flag.short {
                arg = arg.short(short);
            }
            if let Some(long) = flag.long {
                arg = arg.long(long);
            }
            command.arg(match flag.values {
                0 => arg.action(ArgAction::SetTrue),
                1 => arg.num_args(1),
                // The last of a property is optional.
                most => arg.num_args(most - 1..=most),
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Refused {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = FLAGS
            .iter()
            .find(|flag| matches.value_source(flag.name) == Some(ValueSource::CommandLine));
        Ok(Self(given.map(|flag| {
            let dashes = if flag.name.starts_with('-') { "" } else { "--" };
            format!("{dashes}{}: {}", flag.name, flag.why)
        })))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
