//! The handle of a running virtual modem.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use crate::broker::{EmbeddedBroker, Published, PublishedLog};
use crate::link::Link;
use crate::local_stream::{self, LocalStream};
use crate::module::{Module, ModuleConfig};
use crate::options::split_address;
use crate::replay::{Player, Script};
use crate::runner::{self, Engine, Mailbox, Target};
use crate::{BrokerChoice, StartError, TranscriptEntry, VirtualModemOptions};
use m531x_threads::spawn_thread_with;

/// Enough for a TLS handshake, little enough for hundreds of modems.
const STACK: usize = 512 * 1024;

/// A running virtual modem; every method takes `&self` and may be called from any thread.
///
/// It runs on one thread of its own, which sleeps while nothing happens, and stops when the value is
/// dropped or [`close`](Self::close)d. A method returns when what it asks for has been done.
pub struct VirtualModem {
    port: String,
    broker: String,
    seed: u64,
    started: Instant,
    mailbox: Arc<Mailbox>,
    thread: Mutex<Option<JoinHandle<()>>>,
    embedded: Mutex<Option<EmbeddedBroker>>,
    /// What the embedded broker has been given; it stays readable after `close`.
    published: Option<PublishedLog>,
}

impl VirtualModem {
    /// Starts a modem; it takes commands as soon as this returns.
    pub fn start(options: VirtualModemOptions) -> Result<Self, StartError> {
        if options.baudrate == Some(0) {
            return Err(StartError::Baudrate);
        }
        let link = Link::open(&options.link, options.model.profile())?;
        let script = options.replay.as_deref().map(read_recording).transpose()?;
        let (broker, target, embedded) = match script {
            // What the recorded broker sent is in the recording.
            Some(_) => ("none".to_owned(), Target::Cfg, None),
            None => choose_broker(&options.broker)?,
        };
        let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
        let unix_time = SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(0, |since| since.as_secs());
        let started = Instant::now();
        let module = Module::new(
            started,
            ModuleConfig {
                model: options.model,
                firmware: options.firmware,
                echo: options.echo,
                baudrate: options.baudrate,
                faults: options.faults,
                seed,
                unix_time,
            },
        );
        let port = link.name();
        let (wake, woken) = local_stream::pair().map_err(StartError::System)?;
        wake.set_nonblocking(true).map_err(StartError::System)?;
        woken.set_nonblocking(true).map_err(StartError::System)?;
        let mailbox = Arc::new(Mailbox::new(wake));
        let player = script.map(|script| Player::new(started, script));
        let engine = Engine::new(module, player, link, target);
        let builder = std::thread::Builder::new()
            .name("m531x-virtual".to_owned())
            .stack_size(STACK);
        let thread = spawn_thread_with(builder, {
            let mailbox = Arc::clone(&mailbox);
            move || runner::run(engine, &mailbox, &woken)
        })
        .map_err(StartError::System)?;
        Ok(Self {
            port,
            broker,
            seed,
            started,
            mailbox,
            thread: Mutex::new(Some(thread)),
            published: embedded.as_ref().map(EmbeddedBroker::published),
            embedded: Mutex::new(embedded),
        })
    }

    /// Where the host finds the serial port: the path of the link or of the terminal,
    /// `tcp://127.0.0.1:PORT`, or `memory`.
    pub fn port(&self) -> String {
        self.port.clone()
    }

    /// The broker as `host:port`; `cfg` if `AT+MQTTCFG` decides, `none` if a recording is played.
    pub fn broker(&self) -> String {
        self.broker.clone()
    }

    /// The seed that identity and faults are drawn from: pass it again to repeat the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The time since the start: the clock that the transcript goes by.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// The host's end of an in-memory link; an end taken before is closed.
    ///
    /// # Errors
    ///
    /// `Unsupported` on any other link, `NotConnected` after `close`.
    pub fn connect(&self) -> io::Result<LocalStream> {
        self.mailbox
            .ask(|engine, _| engine.connect())
            .unwrap_or_else(|| {
                Err(io::Error::new(
                    io::ErrorKind::NotConnected,
                    "the virtual modem is closed",
                ))
            })
    }

    /// What passed on the serial port so far, without passwords; the last 10 000 lines.
    pub fn transcript(&self) -> Vec<TranscriptEntry> {
        self.mailbox
            .ask(|engine, _| engine.transcript())
            .unwrap_or_else(|| self.mailbox.remains())
    }

    /// Publishes through the embedded broker, as another client would; returns to how many subscribed
    /// clients it goes. `None` without such a broker, and after `close`.
    pub fn deliver(&self, topic: &str, payload: &[u8], qos: u8, retain: bool) -> Option<usize> {
        let embedded = self.embedded.lock().unwrap_or_else(PoisonError::into_inner);
        let broker = embedded.as_ref()?;
        Some(broker.publish(topic, payload, qos, retain))
    }

    /// What clients have published to the embedded broker so far: the last 10 000 messages, and at most
    /// 8 MiB. `None` without such a broker.
    pub fn published(&self) -> Option<Vec<Published>> {
        self.published.as_ref().map(PublishedLog::messages)
    }

    /// Bytes the host gets as if the module had said them.
    pub fn inject(&self, bytes: &[u8]) {
        let bytes = bytes.to_vec();
        self.mailbox
            .ask(move |engine, now| engine.inject(now, &bytes));
    }

    /// Reboots the module: its state is lost, its banner said when it is up again, a second later.
    pub fn reboot(&self) {
        self.mailbox.ask(|engine, now| engine.module.reboot(now));
    }

    /// Cuts the radio: nothing passes to or from the broker, and neither side is notified.
    pub fn cut_network(&self) {
        self.mailbox.ask(|engine, now| engine.set_cut(now, true));
    }

    /// Undoes [`cut_network`](Self::cut_network).
    pub fn restore_network(&self) {
        self.mailbox.ask(|engine, now| engine.set_cut(now, false));
    }

    /// Puts the module to sleep: the first bytes the host sends are lost and wake it.
    pub fn sleep(&self) {
        self.mailbox.ask(|engine, now| engine.module.sleep(now));
    }

    /// Where hosts did not do as the recording that is played: the line in it, what was recorded and what
    /// came instead, without passwords.
    pub fn differences(&self) -> Vec<String> {
        self.mailbox
            .ask(|engine, _| engine.differences())
            .unwrap_or_default()
    }

    /// Bytes the module said and could not keep, because the host did not read: more than 1 MiB waited.
    pub fn dropped_bytes(&self) -> u64 {
        self.mailbox.ask(|engine, _| engine.dropped()).unwrap_or(0)
    }

    /// Stops the modem: connections end, the link goes; harmless when repeated.
    pub fn close(&self) {
        self.mailbox.ask(|engine, _| engine.stop());
        let thread = take(&self.thread);
        if let Some(thread) = thread {
            // A thread that panicked has ended, which is all that is asked for.
            let _ = thread.join();
        }
        drop(take(&self.embedded));
    }
}

impl Drop for VirtualModem {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for VirtualModem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualModem")
            .field("port", &self.port)
            .field("broker", &self.broker)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

fn read_recording(path: &Path) -> Result<Script, StartError> {
    let failed = |why: String| StartError::Recording {
        path: path.to_owned(),
        why,
    };
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    Script::read(&String::from_utf8_lossy(&bytes)).map_err(failed)
}

type Broker = (String, Target, Option<EmbeddedBroker>);

fn choose_broker(choice: &BrokerChoice) -> Result<Broker, StartError> {
    match choice {
        BrokerChoice::Embedded => {
            let broker = EmbeddedBroker::start().map_err(StartError::Broker)?;
            let address: SocketAddr = broker.address();
            let target = Target::Fixed {
                host: address.ip().to_string(),
                port: address.port(),
                tls: false,
            };
            Ok((address.to_string(), target, Some(broker)))
        }
        BrokerChoice::Cfg => Ok(("cfg".to_owned(), Target::Cfg, None)),
        BrokerChoice::Address(address) => {
            let (host, port) =
                split_address(address).ok_or_else(|| StartError::BrokerAddress(address.clone()))?;
            let target = Target::Fixed {
                host: host.to_owned(),
                port,
                tls: true,
            };
            Ok((address.clone(), target, None))
        }
    }
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    // An Option stays whole if another thread panicked.
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}
