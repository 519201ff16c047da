//! The engine's end of a recording; nothing here waits.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Sender, TrySendError, bounded};
use m531x_at::recording::{EntryKind, Header};

use super::RecordingOptions;
use super::file::RecordingFile;
use super::job::Job;
use super::status::Status;
use super::writer;
use crate::recording::rfc3339;
use crate::{Error, ErrorCode};
use m531x_threads::spawn_thread;

/// How many jobs may wait for the disk; a job holds what one read gave, 16 KiB at most.
const BACKLOG: usize = 1024;
const LEAST_LIMIT: u64 = 64 << 10;

/// The line that is recorded.
#[derive(Clone, Debug, Default)]
pub(in crate::driver) struct Line {
    pub(in crate::driver) port: String,
    /// `None` where there is no line that has a speed.
    pub(in crate::driver) baudrate: Option<u32>,
}

pub(in crate::driver) struct Recorder {
    jobs: Sender<Job>,
    start: Instant,
    started: SystemTime,
    pub(super) line: Line,
    limit: u64,
    status: Arc<Status>,
    /// Jobs that found no room and that the file does not mention yet.
    unreported: u64,
}

impl Recorder {
    /// Creates the file and the thread that writes it; time counts from `start`.
    pub(in crate::driver) fn start(
        options: &RecordingOptions,
        start: Instant,
        line: Line,
        model: &str,
    ) -> Result<Self, Error> {
        let mut file = RecordingFile::create(&options.path)?;
        let status = Arc::new(Status::new(&options.path));
        let started = SystemTime::now();
        let beginning = header(&line, model, started).to_string();
        file.write(beginning.as_bytes())?;
        let (sender, jobs) = bounded(BACKLOG);
        let writer = {
            let status = Arc::clone(&status);
            move || writer::run(&jobs, file, &status)
        };
        spawn_thread("m531x-recorder", writer).map_err(|error| {
            Error::new(
                ErrorCode::Internal,
                format!("no thread can write the recording: {error}"),
            )
        })?;
        Ok(Self {
            jobs: sender,
            start,
            started,
            line,
            limit: options.limit.max(LEAST_LIMIT),
            status,
            unreported: 0,
        })
    }

    pub(in crate::driver) fn status(&self) -> &Arc<Status> {
        &self.status
    }

    pub(super) fn bytes(&mut self, now: Instant, to_module: bool, bytes: &[u8]) {
        let at = self.at(now);
        self.put(Job::Bytes {
            at,
            to_module,
            bytes: bytes.to_vec(),
        });
    }

    pub(super) fn line(&mut self, now: Instant, what: EntryKind) {
        let at = self.at(now);
        self.put(Job::Line { at, what });
    }

    /// Whether a new file is to be begun; with operations under way, which the new one would not know,
    /// that can wait a little.
    pub(super) fn is_full(&self, idle: bool) -> bool {
        let limit = if idle { self.limit } else { self.limit / 2 * 3 };
        self.status.size.load(Ordering::Relaxed) >= limit
            && !self.status.rotating.load(Ordering::Relaxed)
    }

    /// Begins a new file, whose times go on from those of the last one.
    pub(super) fn rotate(&mut self, model: &str, lines: Vec<String>) {
        self.status.rotating.store(true, Ordering::Relaxed);
        let header = header(&self.line, model, self.started);
        if !self.put(Job::Rotate { header, lines }) {
            self.status.rotating.store(false, Ordering::Relaxed);
        }
    }

    /// Why the recorder has stopped writing.
    pub(super) fn failure(&self) -> Option<Error> {
        self.status.failure()
    }

    fn at(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start)
    }

    /// Whether there was room; what found none is reported as soon as there is some.
    fn put(&mut self, job: Job) -> bool {
        if self.unreported > 0 {
            let text = format!(
                "{} entries are missing here: the disk was too slow",
                self.unreported
            );
            let note = Job::Line {
                at: job.at().unwrap_or_default(),
                what: EntryKind::Note(text),
            };
            if self.jobs.try_send(note).is_err() {
                return self.drop_one();
            }
            self.unreported = 0;
        }
        match self.jobs.try_send(job) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => self.drop_one(),
            // The writer has ended with an error, which is reported elsewhere.
            Err(TrySendError::Disconnected(_)) => false,
        }
    }

    fn drop_one(&mut self) -> bool {
        self.unreported += 1;
        self.status.dropped.fetch_add(1, Ordering::Relaxed);
        false
    }
}

fn header(line: &Line, model: &str, started: SystemTime) -> Header {
    Header {
        library: env!("CARGO_PKG_VERSION").to_owned(),
        started: rfc3339(started),
        port: line.port.clone(),
        model: model.to_owned(),
        baudrate: line
            .baudrate
            .map_or_else(|| "-".to_owned(), |baudrate| baudrate.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_told_where_it_would_have_been() {
        let (sender, jobs) = bounded(2);
        let mut recorder = Recorder {
            jobs: sender,
            start: Instant::now(),
            started: SystemTime::now(),
            line: Line::default(),
            limit: LEAST_LIMIT,
            status: Arc::new(Status::new("x".as_ref())),
            unreported: 0,
        };
        let now = Instant::now();
        for byte in 0..5 {
            recorder.bytes(now, true, &[byte]);
        }
        assert_eq!(recorder.status.stats().dropped, 3);
        let kept = |job| match job {
            Ok(Job::Bytes { bytes, .. }) => format!("{bytes:?}"),
            Ok(Job::Line {
                what: EntryKind::Note(text),
                ..
            }) => text,
            _ => panic!("another job"),
        };
        assert_eq!([kept(jobs.recv()), kept(jobs.recv())], ["[0]", "[1]"]);
        recorder.bytes(now, true, &[5]);
        assert!(kept(jobs.recv()).starts_with("3 entries are missing here"));
        assert_eq!(kept(jobs.recv()), "[5]");
        assert_eq!(recorder.status.stats().dropped, 3);
    }
}
