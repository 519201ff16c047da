//! The thread that writes the file.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use m531x_at::recording::{Assembler, Entry, EntryKind};

use super::file::RecordingFile;
use super::job::Job;
use super::status::Status;
use crate::Error;

/// A line whose end does not come is written after this, as far as it is there.
const PAUSE: Duration = Duration::from_millis(150);
/// What is written at once when much is to be written.
const PORTION: usize = 64 * 1024;

/// Writes until the recorder is dropped or the file cannot be written.
pub(super) fn run(jobs: &Receiver<Job>, file: RecordingFile, status: &Status) {
    let mut writer = Writer {
        file,
        assembler: Assembler::default(),
        entries: Vec::new(),
        text: String::new(),
        at: Duration::ZERO,
        status,
    };
    let result = writer.write_all(jobs);
    status.end(result);
}

struct Writer<'a> {
    file: RecordingFile,
    assembler: Assembler,
    entries: Vec<Entry>,
    text: String,
    /// The time of the last entry.
    at: Duration,
    status: &'a Status,
}

impl Writer<'_> {
    fn write_all(&mut self, jobs: &Receiver<Job>) -> Result<(), Error> {
        loop {
            let job = if self.assembler.is_waiting() {
                jobs.recv_timeout(PAUSE)
            } else {
                jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match job {
                Ok(job) => {
                    self.take(job)?;
                    while self.text.len() < PORTION {
                        let Ok(job) = jobs.try_recv() else {
                            break;
                        };
                        self.take(job)?;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.assembler.flush(&mut self.entries),
                Err(RecvTimeoutError::Disconnected) => {
                    self.assembler.finish(&mut self.entries);
                    self.write()?;
                    return self.file.sync();
                }
            }
            self.write()?;
        }
    }

    fn take(&mut self, job: Job) -> Result<(), Error> {
        match job {
            Job::Bytes {
                at,
                to_module,
                bytes,
            } => {
                self.assembler
                    .push(at, to_module, &bytes, &mut self.entries);
            }
            Job::Line { at, what } => {
                // Everything that came before it stays before it.
                self.assembler.flush(&mut self.entries);
                self.entries.push(Entry { at, what });
            }
            Job::Rotate { header, lines } => {
                self.assembler.flush(&mut self.entries);
                self.write()?;
                let at = self.at;
                self.file.rotate()?;
                self.status.size.store(0, Ordering::Relaxed);
                self.status.rotating.store(false, Ordering::Relaxed);
                let _ = write!(self.text, "{header}");
                self.entries.extend(lines.into_iter().map(|line| Entry {
                    at,
                    what: EntryKind::Session(line),
                }));
            }
        }
        self.print();
        Ok(())
    }

    fn print(&mut self) {
        for entry in self.entries.drain(..) {
            self.at = entry.at;
            // Writing to a string does not fail.
            let _ = writeln!(self.text, "{entry}");
            self.status.entries.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn write(&mut self) -> Result<(), Error> {
        self.print();
        if self.text.is_empty() {
            return Ok(());
        }
        self.file.write(self.text.as_bytes())?;
        let count = self.text.len() as u64;
        self.text.clear();
        self.status.bytes.fetch_add(count, Ordering::Relaxed);
        self.status.size.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }
}
