//! A module gone mad: it answers commands, and pours without end in between.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use m531x_core::{ConnectOptions, Model, Modem, ModemOptions, Stream, SubscribeOptions};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Meter, flood_bytes};

/// What is written at once.
const PORTION: usize = 16 * 1024;

/// One piece of a flood after the other.
pub(crate) type Pieces = Box<dyn FnMut() -> Vec<u8> + Send>;

/// The same piece again and again.
pub(crate) fn again(piece: impl Into<Vec<u8>>) -> Pieces {
    let piece = piece.into();
    Box::new(move || piece.clone())
}

pub(crate) struct MadModule {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    pours: AtomicBool,
    poured: AtomicU64,
    stop: AtomicBool,
}

impl MadModule {
    fn start(link: OwnedFd, pieces: Pieces) -> Self {
        rustix::io::ioctl_fionbio(&link, true).unwrap();
        let shared = Arc::new(Shared::default());
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || play(&link, pieces, &shared)
        });
        Self {
            shared,
            thread: Some(thread),
        }
    }

    pub(crate) fn in_memory(pieces: Pieces, options: ModemOptions) -> (Self, Modem) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let module = Self::start(ours.into(), pieces);
        let modem = Modem::open_stream(Stream::from(theirs), options).unwrap();
        (module, modem)
    }

    /// Behind a serial server that only passes bytes on.
    pub(crate) fn over_tcp(pieces: Pieces, options: ModemOptions) -> (Self, Modem) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = format!("tcp://{}", listener.local_addr().unwrap());
        let opening = thread::spawn(move || Modem::open(&port, options).unwrap());
        let (link, _) = listener.accept().unwrap();
        let module = Self::start(link.into(), pieces);
        (module, opening.join().unwrap())
    }

    /// Pours until all is taken; a command is answered now and then, nobody receives anything.
    pub(crate) fn flood(&self, modem: &Modem, meter: &mut Meter) {
        modem
            .connect(ConnectOptions::new("broker", "client"))
            .unwrap();
        modem.subscribe("#", SubscribeOptions::default()).unwrap();
        self.shared.pours.store(true, Ordering::SeqCst);
        while self.poured() < flood_bytes() && !meter.is_over_time() {
            // Refused, rebooted, lost in a line without end: it ends, and that is what is measured.
            let _ = meter.time(|| modem.command("AT+CSQ", Some(Duration::from_secs(2))));
        }
        meter.bytes = self.poured();
    }

    fn poured(&self) -> u64 {
        self.shared.poured.load(Ordering::SeqCst)
    }
}

impl Drop for MadModule {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Half of the default, so that what is beyond the queue shows in the growth.
const QUEUE_BYTES: u64 = 32 << 20;

pub(crate) fn options() -> ModemOptions {
    ModemOptions {
        model: Some(Model::M5310A),
        guard_time: Some(Duration::ZERO),
        command_timeout: Duration::from_secs(2),
        queue_bytes: QUEUE_BYTES,
        ..ModemOptions::default()
    }
}

fn play(link: &OwnedFd, mut pieces: Pieces, shared: &Shared) {
    let mut heard = Vec::new();
    let mut pending = Vec::new();
    let mut buffer = [0; 4096];
    while !shared.stop.load(Ordering::SeqCst) {
        let pours = shared.pours.load(Ordering::SeqCst);
        let mut flags = PollFlags::IN;
        flags.set(PollFlags::OUT, pours || !pending.is_empty());
        let mut fds = [PollFd::new(link, flags)];
        let slice = Timespec {
            tv_sec: 0,
            tv_nsec: 20_000_000,
        };
        if poll(&mut fds, Some(&slice)).is_err() {
            continue;
        }
        if let Ok(count) = rustix::io::read(link, &mut buffer) {
            if count == 0 {
                return;
            }
            heard.extend_from_slice(&buffer[..count]);
        }
        if pending.is_empty() {
            while let Some(end) = heard.iter().position(|byte| *byte == b'\r') {
                let line: Vec<u8> = heard.drain(..=end).collect();
                pending.extend(answer(&String::from_utf8_lossy(&line)).into_bytes());
            }
        }
        if pending.is_empty() && pours {
            while pending.len() < PORTION {
                pending.extend(pieces());
            }
            shared
                .poured
                .fetch_add(pending.len() as u64, Ordering::SeqCst);
        }
        match rustix::io::write(link, &pending) {
            Ok(count) => drop(pending.drain(..count)),
            Err(rustix::io::Errno::AGAIN) => {}
            Err(_) => return,
        }
    }
}

fn answer(line: &str) -> String {
    let line = line.trim();
    let body = if line.starts_with("AT+MQTTSUB=") {
        return "\r\nOK\r\n\r\n+MQTTSUBACK:1,0,#\r\n".to_owned();
    } else if line.starts_with("AT+MQTTOPEN=") {
        return "\r\nOK\r\n\r\n+MQTTOPEN:OK\r\n".to_owned();
    } else if line.starts_with("AT+MQTTDISC") {
        return "\r\n+CME ERROR: 3\r\n".to_owned();
    } else if line == "AT+CSQ" {
        "+CSQ:20,99\r\n\r\n"
    } else if line == "AT+MQTTSTAT?" {
        "+MQTTSTAT:5\r\n\r\n"
    } else {
        ""
    };
    format!("\r\n{body}OK\r\n")
}
