//! `m531x record`.

use std::io::{Write, stderr, stdout};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use m531x_core::{ErrorCode, EventKind, Incoming, Modem, Recording, RecordingOptions, Recovery};

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::port::{PortArguments, seconds};
use crate::progress::Line;

/// How often the running count is renewed.
const STEP: Duration = Duration::from_secs(1);

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    m531x record --port /dev/ttyUSB0 field.rec\n  \
    m531x record --port /dev/ttyUSB0 field.rec -W 3600 -v\n\n\
    It opens the port, has the module answer, and then only listens until Ctrl-C or -W. To record work, use --record of \
    at, pub, sub and console. Passwords are not recorded; topics, payloads, IMEI and IMSI are.")]
pub(crate) struct Arguments {
    /// The file; a recording that is there is kept as FILE.1
    file: PathBuf,
    /// End after so many seconds
    #[arg(short = 'W', value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Put the file aside as FILE.1 when it is about so large, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=65536))]
    limit: u64,
    /// Print what the module says by itself
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    port: PortArguments,
}

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let options = RecordingOptions {
            limit: self.limit << 20,
            ..RecordingOptions::new(&self.file)
        };
        let port = self.port.open(Recovery::off(), Some(options), 0)?;
        let interrupt = Interrupt::waking(&port.modem)?;
        let Some(recording) = port.modem.recording() else {
            return Err(Failure::Failed("the recording has ended already".into()));
        };
        writeln!(
            stderr(),
            "recording into {}; Ctrl-C ends it",
            self.file.display()
        )?;
        let ended = self.listen(&port.modem, &recording, &interrupt);
        let stats = recording.finish()?;
        ended?;
        writeln!(
            stdout(),
            "{}: {} lines, {} bytes",
            self.file.display(),
            stats.entries,
            stats.bytes
        )?;
        if stats.dropped > 0 {
            let text = format!(
                "{} entries are missing: the disk was too slow",
                stats.dropped
            );
            return Err(Failure::Failed(text));
        }
        Ok(())
    }

    /// Lets the module speak until it is enough.
    fn listen(
        &self,
        modem: &Modem,
        recording: &Recording,
        interrupt: &Interrupt,
    ) -> Result<(), Failure> {
        let begun = Instant::now();
        let mut line = Line::new();
        loop {
            let left = match self.timeout {
                Some(timeout) => timeout.saturating_sub(begun.elapsed()),
                None => STEP,
            };
            if interrupt.raised() || left.is_zero() {
                return Ok(());
            }
            match modem.recv(Some(left.min(STEP))) {
                Ok(Some(Incoming::Event(event))) => {
                    if event.kind == EventKind::RecordingStopped {
                        return Err(Failure::Failed(event.text));
                    }
                    if self.verbose {
                        line.clear();
                        writeln!(stdout(), "{}: {}", event.kind, event.text)?;
                    }
                }
                Ok(_) => {}
                Err(error) if error.code() == ErrorCode::Cancelled => {}
                Err(error) => return Err(error.into()),
            }
            let stats = recording.stats();
            let seconds = begun.elapsed().as_secs();
            line.show(&format!(
                "{seconds} s, {} lines, {} bytes",
                stats.entries, stats.bytes
            ));
        }
    }
}
