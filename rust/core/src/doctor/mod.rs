//! Finding out why it does not work.
//!
//! [`diagnose`] looks at one thing after the other, from the port to the broker, and says at the first
//! that is wrong what to do about it; [`Modem::diagnose`] does the same with a modem that is open.
//!
//! ```
//! use m531x_core::doctor::{DoctorOptions, News, diagnose};
//! # use m531x_virtual_modem::{VirtualModem, VirtualModemOptions};
//! # let module = VirtualModem::start(VirtualModemOptions {
//! #     faults: vec!["sim=absent".parse()?],
//! #     ..VirtualModemOptions::default()
//! # })?;
//! # let port = module.port();
//!
//! let diagnosis = diagnose(&port, &DoctorOptions::default(), |news| {
//!     if let News::Found(finding) = news {
//!         println!("{finding}");
//!     }
//! });
//! let failure = diagnosis.failure().unwrap();
//! assert_eq!(failure.step, "SIM");
//! assert!(failure.remedy.as_deref().unwrap().contains("insert"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod broker;
mod examination;
mod network;
mod port;

use std::fmt;

use self::examination::Examination;
use crate::{ConnectOptions, Modem, ModemOptions};

/// What is looked at, in this order.
pub const STEPS: [&str; 12] = [
    "port",
    "answer",
    "model",
    "firmware",
    "radio",
    "SIM",
    "signal",
    "registration",
    "attachment",
    "address",
    "MQTT",
    "broker",
];

/// How a module is looked at.
#[derive(Clone, Debug, Default)]
pub struct DoctorOptions {
    /// Model and speed, as far as they are known; the rest as for opening.
    pub modem: ModemOptions,
    /// A broker to connect to, for one message there and back. Default: none.
    pub broker: Option<ConnectOptions>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// One for each step that was looked at or left out, in order.
    pub findings: Vec<Finding>,
}

/// What was found in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which of the [`STEPS`].
    pub step: &'static str,
    /// How it is.
    pub verdict: CheckResult,
    /// What was found, in a line.
    pub text: String,
    /// What to do about it, if it is not well.
    pub remedy: Option<String>,
}

/// How a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckResult {
    /// Well.
    Ok,
    /// It works, but not as it should.
    Warning,
    /// It does not work, and what comes after it cannot.
    Failed,
    /// It was not looked at.
    Skipped,
}

/// What goes on during an examination.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// This is being tried, which may take seconds.
    Trying(&'a str),
    /// This was found.
    Found(&'a Finding),
}

/// Looks at a port and the module behind it; `report` is called with everything as it happens.
///
/// It opens the port, and closes it again. The module's MQTT connection is left as it is; a broker of
/// `options` is tried only where there is none.
pub fn diagnose(port: &str, options: &DoctorOptions, report: impl FnMut(News<'_>)) -> Diagnosis {
    let mut examination = Examination::new(report);
    if let Some(modem) = port::open(&mut examination, port, &options.modem) {
        network::examine(&mut examination, &modem, options.broker.as_ref());
        // Its work is done, even if this fails.
        let _ = modem.close();
    }
    examination.finish()
}

impl Modem {
    /// Looks at the module behind this modem, from its answer to its MQTT state; see
    /// [`doctor`](crate::doctor). Nothing is changed, and no broker is tried.
    pub fn diagnose(&self, report: impl FnMut(News<'_>)) -> Diagnosis {
        let mut examination = Examination::new(report);
        examination.skip("port", "it is open");
        network::examine_answer(&mut examination, self);
        network::examine(&mut examination, self, None);
        examination.finish()
    }
}

impl Diagnosis {
    /// What does not work, if anything.
    pub fn failure(&self) -> Option<&Finding> {
        self.findings
            .iter()
            .find(|finding| finding.verdict == CheckResult::Failed)
    }
}

impl CheckResult {
    /// The verdict as a word: `ok`, `warning`, `failed` or `skipped`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:12} {:7} {}", self.step, self.verdict, self.text)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n{:20} -> {remedy}", ""),
            None => Ok(()),
        }
    }
}
