//! The public handle; its methods by topic are in the files beside.

mod connection;
mod module;
mod outbox;
mod publish;
mod receive;
mod record;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::dispatcher::Dispatcher;
use super::engine::{Engine, Reader, closed};
use super::operation::Operation;
use super::silence::Failure;
use super::sync::lock;
use super::{ModemOptions, Pending, start_up};
use crate::transport::Stream;
use crate::{Error, ErrorCode};

/// How long a close waits for threads that have work to finish.
const THREADS_LEAVE: Duration = Duration::from_millis(45);

/// An open modem.
///
/// Clones are cheap handles of the same modem; it is closed by [`close`](Self::close) or when the
/// last handle is dropped. Every method may be called from any thread at any time, callbacks
/// included.
///
/// [`run`](Self::run) waits for the result of any [`Operation`], [`start`](Self::start) returns a
/// [`Pending`] to wait for it later or in slices; the most usual operations have methods of their own.
/// All of them check every argument before a byte is sent.
///
/// ```
/// use m531x_core::{ConnectOptions, Incoming, Modem, ModemOptions, PublishOptions, SubscribeOptions};
/// # use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};
/// # let module = VirtualModem::start(VirtualModemOptions {
/// #     link: LinkChoice::Pty { symlink: None },
/// #     ..VirtualModemOptions::default()
/// # })?;
/// # let port = module.port();
///
/// let modem = Modem::open(&port, ModemOptions::default())?; // "COM5", "tcp://host:port"
/// modem.connect(ConnectOptions::new("broker.example", "meter-17"))?;
/// modem.subscribe("meter/17/set", SubscribeOptions::default())?;
/// modem.publish("meter/17/set", b"21.5", PublishOptions::default())?;
/// let message = loop {
///     match modem.recv(None)? {
///         Some(Incoming::Message(message)) => break message,
///         Some(Incoming::Event(event)) => println!("{}: {}", event.kind, event.text),
///         None => unreachable!("without a time limit it does not elapse"),
///     }
/// };
/// assert_eq!(message.payload, b"21.5");
/// modem.disconnect()?;
/// modem.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Modem {
    handle: Arc<Handle>,
}

struct Handle {
    engine: Arc<Engine>,
    reader: Mutex<Option<Reader>>,
    dispatcher: Arc<Mutex<Option<Dispatcher>>>,
}

impl Modem {
    /// Opens a port by name and runs the start-up dialogue.
    ///
    /// The name is that of a serial device (`/dev/ttyUSB0`, `COM5`; opened exclusively, 8N1, no
    /// flow control), a USB adapter by its serial number as [`ports`](crate::ports) lists it
    /// (`usb:A50285BI`), or that of a serial server: `tcp://host:port` for one that only passes bytes
    /// on, `rfc2217://host:port` for one whose port is set up from here (RFC 2217: Telnet with COM
    /// port control; also 8N1, no flow control).
    ///
    /// # Errors
    ///
    /// [`ErrorCode::PortNotFound`], [`ErrorCode::PortInUse`], [`ErrorCode::Port`] (no permission,
    /// not a serial device, connection refused), [`ErrorCode::NoAnswer`] if nothing answers within
    /// `open_timeout`, [`ErrorCode::UnsupportedModel`], [`ErrorCode::InvalidArgument`]. The port is
    /// closed again after each of them.
    pub fn open(port: &str, options: ModemOptions) -> Result<Self, Error> {
        Self::from_engine(start_up::open_url(port, &options, None)?)
    }

    /// As [`open`](Self::open), with so much patience for each speed at which nothing answers; a
    /// failure comes with the bytes that were heard.
    pub(crate) fn open_for_doctor(
        port: &str,
        options: &ModemOptions,
        patience: Option<Duration>,
    ) -> Result<Self, Failure> {
        Ok(Self::from_engine(start_up::open_url(
            port, options, patience,
        )?)?)
    }

    /// Opens an in-memory port and runs the start-up dialogue.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn open_stream(stream: Stream, options: ModemOptions) -> Result<Self, Error> {
        Self::from_engine(start_up::open_stream(stream, &options)?)
    }

    /// Does an operation and waits for its end.
    ///
    /// # Errors
    ///
    /// The operation's own, among them [`ErrorCode::InvalidArgument`] before anything is sent and
    /// [`ErrorCode::Timeout`]; [`ErrorCode::QueueFull`], [`ErrorCode::Cancelled`],
    /// [`ErrorCode::Closed`], [`ErrorCode::Port`].
    pub fn run<O: Operation>(&self, operation: O) -> Result<O::Output, Error> {
        self.engine().run(operation.into_request())?.try_into()
    }

    /// Begins an operation; dropping what it returns gives the operation up, but for a publish that an
    /// outbox keeps.
    ///
    /// # Errors
    ///
    /// Those that [`run`](Self::run) has before anything is sent.
    pub fn start<O: Operation>(&self, operation: O) -> Result<Pending<O::Output>, Error> {
        let engine = self.engine();
        let ticket = engine.start(operation.into_request())?;
        Ok(Pending::new(Arc::clone(engine), ticket))
    }

    /// Begins an operation and waits up to `slice` for its result.
    ///
    /// It is [`start`](Self::start) and [`Pending::wait_for`] in one, which spares the reader thread:
    /// most answers are there within a slice, and fetching the result of one that is costs nothing.
    ///
    /// # Errors
    ///
    /// As for `start`, and [`ErrorCode::Cancelled`] if another thread cancelled the wait.
    pub fn start_and_wait<O: Operation>(
        &self,
        operation: O,
        slice: Duration,
    ) -> Result<Pending<O::Output>, Error> {
        let engine = self.engine();
        let ticket = engine.start_and_wait(operation.into_request(), slice)?;
        Ok(Pending::new(Arc::clone(engine), ticket))
    }

    /// Closes the port and ends every wait with [`ErrorCode::Closed`], within 50 ms, and some
    /// microseconds more for each of thousands of operations under way; then its threads are gone, but for
    /// one whose callback takes longer.
    ///
    /// Closing again does nothing. Inside a callback it returns at once, and the callback goes on;
    /// after it, no further message callback begins. The MQTT connection of the module is left as
    /// it is: [`disconnect`](Self::disconnect) first to notify the broker.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn close(&self) -> Result<(), Error> {
        self.handle.close();
        Ok(())
    }

    /// Why nothing more comes and every call fails: it was closed, or the port is gone for good.
    /// `None` while the modem is of use, also while a port that vanished is looked for.
    pub fn ended(&self) -> Option<Error> {
        self.engine().ended()
    }

    /// Whether the modem was closed; a port that is gone does not count.
    pub fn is_closed(&self) -> bool {
        self.engine().is_closed()
    }

    /// Wakes every thread that waits in a call of this modem; each gets [`ErrorCode::Cancelled`].
    ///
    /// Operations that were waited for are given up; deliveries go on.
    pub fn cancel(&self) {
        self.engine().cancel();
    }

    fn from_engine(engine: Arc<Engine>) -> Result<Self, Error> {
        engine.know_itself();
        match Reader::start(Arc::clone(&engine)) {
            Ok(reader) => Ok(Self {
                handle: Arc::new(Handle {
                    engine,
                    reader: Mutex::new(Some(reader)),
                    dispatcher: Arc::default(),
                }),
            }),
            Err(error) => {
                engine.close();
                if let Some(outbox) = engine.outbox() {
                    outbox.stop();
                }
                Err(no_thread(&error))
            }
        }
    }
}

impl Modem {
    fn engine(&self) -> &Arc<Engine> {
        &self.handle.engine
    }
}

impl fmt::Debug for Modem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Modem")
            .field("model", &self.model())
            .field("mqtt_state", &self.mqtt_state())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

impl Handle {
    fn close(&self) {
        if !self.engine.close() {
            return;
        }
        if let Some(outbox) = self.engine.outbox() {
            outbox.stop();
        }
        let leaves = Instant::now() + THREADS_LEAVE;
        let dispatcher = lock(&self.dispatcher).take();
        if let Some(dispatcher) = dispatcher {
            dispatcher.stop(leaves);
        }
        if let Some(search) = self.engine.take_search() {
            search.join_until(leaves);
        }
        // The reader thread never runs user code, so it is never the one that closes.
        if let Some(reader) = lock(&self.reader).take() {
            reader.stop();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

/// Hands the dispatcher to `then`, starting it if there is none yet.
pub(super) fn with_dispatcher(
    engine: &Arc<Engine>,
    dispatcher: &Mutex<Option<Dispatcher>>,
    then: impl FnOnce(&Dispatcher),
) -> Result<(), Error> {
    let mut slot = lock(dispatcher);
    // Asked under the lock: a thread that closes stops what this puts there.
    if engine.is_closed() {
        return Err(closed());
    }
    if slot.is_none() {
        *slot = Some(Dispatcher::start(Arc::clone(engine)).map_err(|error| no_thread(&error))?);
    }
    if let Some(dispatcher) = slot.as_ref() {
        then(dispatcher);
    }
    Ok(())
}

fn no_thread(error: &std::io::Error) -> Error {
    Error::new(
        ErrorCode::OutOfResources,
        format!("no thread can be started: {error}"),
    )
}
