//! The public handle.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::convert::{config, done, granted, info, lines, receipt, signal, state};
use super::dispatcher::{Dispatcher, Job};
use super::engine::{Engine, closed, spawn_reader};
use super::{
    Delivery, ModemOptions, Overflow, Pending, PublishOptions, Stats, Stream, SubscribeOptions,
    start_up,
};
use crate::session::{Outcome, Request, RequestKind, Session};
use crate::{
    ConfigReadback, ConnectOptions, Error, ErrorCode, Incoming, Model, ModemInfo, MqttState, QoS,
    Receipt, Signal,
};

/// An open modem.
///
/// Clones are cheap handles of the same modem; it is closed by [`close`](Self::close) or when the
/// last handle is dropped. Every method may be called from any thread at any time, callbacks
/// included.
///
/// Each operation comes in two forms: `connect` waits for the result, `start_connect` returns a
/// [`Pending`] to wait for it later or in slices. Both check every argument before a byte is sent.
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
/// let modem = Modem::open(&port, ModemOptions::default())?; // "/dev/ttyUSB0", "tcp://host:port"
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
    reader: Mutex<Option<JoinHandle<()>>>,
    dispatcher: Arc<Mutex<Option<Dispatcher>>>,
}

/// Opening and closing.
impl Modem {
    /// Opens a port by name and runs the start-up dialogue.
    ///
    /// The name is that of a serial device (`/dev/ttyUSB0`; opened exclusively, 8N1, no flow
    /// control) or `tcp://host:port`.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::PortNotFound`], [`ErrorCode::PortInUse`], [`ErrorCode::Port`] (no permission,
    /// not a serial device, connection refused), [`ErrorCode::NoAnswer`] if nothing answers within
    /// `open_timeout`, [`ErrorCode::UnsupportedModel`], [`ErrorCode::InvalidArgument`]. The port is
    /// closed again after each of them.
    pub fn open(port: &str, options: ModemOptions) -> Result<Self, Error> {
        Self::from_engine(start_up::open_url(port, &options)?)
    }

    /// Opens an in-memory port and runs the start-up dialogue.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn open_stream(stream: Stream, options: ModemOptions) -> Result<Self, Error> {
        Self::from_engine(start_up::open_stream(stream, &options)?)
    }

    /// Closes the port and ends every wait with [`ErrorCode::Closed`], within 50 ms.
    ///
    /// Closing again does nothing. Inside a callback it returns at once, and the callback goes on;
    /// after it, no further message callback begins. The MQTT connection of the module is left as
    /// it is: [`disconnect`](Self::disconnect) first if the broker shall know.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn close(&self) -> Result<(), Error> {
        self.handle.close();
        Ok(())
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
        match spawn_reader(Arc::clone(&engine)) {
            Ok(reader) => Ok(Self {
                handle: Arc::new(Handle {
                    engine,
                    reader: Mutex::new(Some(reader)),
                    dispatcher: Arc::default(),
                }),
            }),
            Err(error) => {
                engine.close();
                Err(no_thread(&error))
            }
        }
    }
}

/// The MQTT connection.
impl Modem {
    /// Configures the module's MQTT client and connects it to the broker.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Connect`] with the broker's return code if it refused, [`ErrorCode::Timeout`],
    /// [`ErrorCode::InvalidArgument`], [`ErrorCode::Command`].
    pub fn connect(&self, options: ConnectOptions) -> Result<(), Error> {
        self.run(RequestKind::Connect(options).into(), done)
    }

    /// Begins to [`connect`](Self::connect).
    pub fn start_connect(&self, options: ConnectOptions) -> Result<Pending<()>, Error> {
        self.start(RequestKind::Connect(options).into(), done)
    }

    /// Ends the MQTT connection; the client stays configured.
    pub fn disconnect(&self) -> Result<(), Error> {
        self.run(RequestKind::Disconnect.into(), done)
    }

    /// Begins to [`disconnect`](Self::disconnect).
    pub fn start_disconnect(&self) -> Result<Pending<()>, Error> {
        self.start(RequestKind::Disconnect.into(), done)
    }

    /// Removes the configured client from the module.
    pub fn delete(&self) -> Result<(), Error> {
        self.run(RequestKind::Delete.into(), done)
    }

    /// Begins to [`delete`](Self::delete).
    pub fn start_delete(&self) -> Result<Pending<()>, Error> {
        self.start(RequestKind::Delete.into(), done)
    }

    /// Asks the module for the state of its MQTT client.
    pub fn status(&self) -> Result<MqttState, Error> {
        self.run(RequestKind::Status.into(), state)
    }

    /// Begins to ask for the [`status`](Self::status).
    pub fn start_status(&self) -> Result<Pending<MqttState>, Error> {
        self.start(RequestKind::Status.into(), state)
    }

    /// The state of the MQTT connection as far as it is known here; nothing is sent.
    pub fn mqtt_state(&self) -> MqttState {
        self.engine().with_session(Session::mqtt_state)
    }

    /// Reads the configuration of the module's MQTT client back.
    pub fn config(&self) -> Result<ConfigReadback, Error> {
        self.run(RequestKind::Config.into(), config)
    }

    /// Begins to read the [`config`](Self::config).
    pub fn start_config(&self) -> Result<Pending<ConfigReadback>, Error> {
        self.start(RequestKind::Config.into(), config)
    }

    /// Sets how long the module waits for an acknowledgement of the broker, in seconds.
    pub fn set_ack_timeout(&self, seconds: u16) -> Result<(), Error> {
        self.run(RequestKind::SetAckTimeout(seconds).into(), done)
    }

    /// Begins to [`set_ack_timeout`](Self::set_ack_timeout).
    pub fn start_set_ack_timeout(&self, seconds: u16) -> Result<Pending<()>, Error> {
        self.start(RequestKind::SetAckTimeout(seconds).into(), done)
    }

    /// Turns the event for every answered keep-alive ping on or off.
    pub fn set_ping_report(&self, report: bool) -> Result<(), Error> {
        self.run(RequestKind::SetPingReport(report).into(), done)
    }

    /// Begins to [`set_ping_report`](Self::set_ping_report).
    pub fn start_set_ping_report(&self, report: bool) -> Result<Pending<()>, Error> {
        self.start(RequestKind::SetPingReport(report).into(), done)
    }
}

/// Publishing and subscribing.
impl Modem {
    /// Publishes and waits until that is complete: for QoS 0 the module's OK, for QoS 1 the broker's
    /// PUBACK, for QoS 2 its PUBCOMP.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotConnected`], [`ErrorCode::PublishFailed`] if the broker does not acknowledge,
    /// [`ErrorCode::InvalidArgument`] for a topic or payload the module cannot take.
    pub fn publish(
        &self,
        topic: &str,
        payload: &[u8],
        options: PublishOptions,
    ) -> Result<Receipt, Error> {
        self.run(publish_request(topic, payload, options), receipt)
    }

    /// Begins to [`publish`](Self::publish); dropping the result gives the publish up.
    pub fn start_publish(
        &self,
        topic: &str,
        payload: &[u8],
        options: PublishOptions,
    ) -> Result<Pending<Receipt>, Error> {
        self.start(publish_request(topic, payload, options), receipt)
    }

    /// Begins to publish and lets it go on by itself; the result may be asked for, or not.
    pub fn publish_nowait(
        &self,
        topic: &str,
        payload: &[u8],
        options: PublishOptions,
    ) -> Result<Delivery, Error> {
        let engine = self.engine();
        let id = engine.start(publish_request(topic, payload, options))?;
        Ok(Delivery::new(
            Arc::clone(engine),
            Arc::clone(&self.handle.dispatcher),
            id,
        ))
    }

    /// Subscribes and returns the QoS that the broker granted, which may be lower than asked.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Subscribe`] if the broker refuses or does not answer, [`ErrorCode::NotConnected`],
    /// [`ErrorCode::InvalidArgument`].
    pub fn subscribe(&self, filter: &str, options: SubscribeOptions) -> Result<QoS, Error> {
        self.run(subscribe_request(filter, options), granted)
    }

    /// Begins to [`subscribe`](Self::subscribe).
    pub fn start_subscribe(
        &self,
        filter: &str,
        options: SubscribeOptions,
    ) -> Result<Pending<QoS>, Error> {
        self.start(subscribe_request(filter, options), granted)
    }

    /// Unsubscribes.
    pub fn unsubscribe(&self, filter: &str) -> Result<(), Error> {
        self.run(unsubscribe_request(filter), done)
    }

    /// Begins to [`unsubscribe`](Self::unsubscribe).
    pub fn start_unsubscribe(&self, filter: &str) -> Result<Pending<()>, Error> {
        self.start(unsubscribe_request(filter), done)
    }

    /// The live subscriptions, oldest first; nothing is sent.
    pub fn subscriptions(&self) -> Vec<String> {
        self.engine().with_session(Session::subscriptions)
    }
}

/// The module and its network.
impl Modem {
    /// Sends one command line (without CR) and returns its information lines.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Command`] if the module refuses it, [`ErrorCode::Timeout`],
    /// [`ErrorCode::InvalidArgument`] for a line that would be more than one command.
    pub fn command(&self, line: &str, timeout: Option<Duration>) -> Result<Vec<String>, Error> {
        self.run(command_request(line, timeout), lines)
    }

    /// Begins a [`command`](Self::command).
    pub fn start_command(
        &self,
        line: &str,
        timeout: Option<Duration>,
    ) -> Result<Pending<Vec<String>>, Error> {
        self.start(command_request(line, timeout), lines)
    }

    /// Waits until SIM card, registration, attachment and address are there.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Timeout`], which says what is missing.
    pub fn wait_for_network(&self, timeout: Option<Duration>) -> Result<(), Error> {
        self.run(network_request(timeout), done)
    }

    /// Begins to [`wait_for_network`](Self::wait_for_network).
    pub fn start_wait_for_network(&self, timeout: Option<Duration>) -> Result<Pending<()>, Error> {
        self.start(network_request(timeout), done)
    }

    /// Reads model, firmware and identities.
    pub fn info(&self) -> Result<ModemInfo, Error> {
        self.run(RequestKind::Info.into(), info)
    }

    /// Begins to read the [`info`](Self::info).
    pub fn start_info(&self) -> Result<Pending<ModemInfo>, Error> {
        self.start(RequestKind::Info.into(), info)
    }

    /// Reads the signal quality.
    pub fn signal(&self) -> Result<Signal, Error> {
        self.run(RequestKind::Signal.into(), signal)
    }

    /// Begins to read the [`signal`](Self::signal).
    pub fn start_signal(&self) -> Result<Pending<Signal>, Error> {
        self.start(RequestKind::Signal.into(), signal)
    }

    /// Wakes a sleeping module.
    pub fn wake(&self) -> Result<(), Error> {
        self.run(RequestKind::Wake.into(), done)
    }

    /// Begins to [`wake`](Self::wake).
    pub fn start_wake(&self) -> Result<Pending<()>, Error> {
        self.start(RequestKind::Wake.into(), done)
    }

    /// Restarts the module and waits until it answers again.
    pub fn reboot(&self) -> Result<(), Error> {
        self.run(RequestKind::Reboot.into(), done)
    }

    /// Begins to [`reboot`](Self::reboot).
    pub fn start_reboot(&self) -> Result<Pending<()>, Error> {
        self.start(RequestKind::Reboot.into(), done)
    }

    /// The module's model, as given at the opening or as the module told; nothing is sent.
    pub fn model(&self) -> Option<Model> {
        self.engine().with_session(Session::model)
    }
}

/// Receiving.
impl Modem {
    /// Waits for the next message or event, in wire order; `Ok(None)` when the time has elapsed.
    ///
    /// `None` waits for ever, zero does not wait.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Cancelled`], [`ErrorCode::Closed`], and [`ErrorCode::Port`] once the port is
    /// gone and everything that arrived before was received.
    pub fn recv(&self, timeout: Option<Duration>) -> Result<Option<Incoming>, Error> {
        self.engine().recv(timeout)
    }

    /// Waits for at least one message or event, appends up to `max` to `out`, and returns how many;
    /// 0 when the time has elapsed.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv); nothing was appended then.
    pub fn recv_batch(
        &self,
        max: usize,
        timeout: Option<Duration>,
        out: &mut Vec<Incoming>,
    ) -> Result<usize, Error> {
        self.engine().recv_batch(max, timeout, out)
    }

    /// Makes one [`recv`](Self::recv) or [`recv_batch`](Self::recv_batch) return with nothing: one
    /// that waits, or else the next that would wait.
    ///
    /// This is for a receiving thread that also has other work, which has just come up.
    pub fn wake_receiver(&self) {
        self.engine().queue().wake();
    }

    /// Has every message and event given to `callback` on the dispatcher thread, in wire order,
    /// instead of waiting for [`recv`](Self::recv). A second call replaces the callback.
    ///
    /// No lock is held meanwhile: the callback may call anything, [`close`](Self::close) included.
    /// If it panics, that is counted in [`stats`](Self::stats) and the next message is delivered.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Closed`], or [`ErrorCode::Internal`] if no thread can be started.
    pub fn on_incoming(
        &self,
        callback: impl FnMut(Incoming) + Send + 'static,
    ) -> Result<(), Error> {
        let job = Job::SetHandler(Box::new(callback));
        with_dispatcher(self.engine(), &self.handle.dispatcher, |dispatcher| {
            dispatcher.send(job);
        })
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        self.engine().stats()
    }

    /// How many messages and events may wait, and what happens to more of them.
    pub fn queue_limits(&self) -> (usize, Overflow) {
        self.engine().queue().limits()
    }
}

impl Modem {
    fn engine(&self) -> &Arc<Engine> {
        &self.handle.engine
    }

    fn run<T>(
        &self,
        request: Request,
        convert: fn(Outcome) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.engine().run(request).and_then(convert)
    }

    fn start<T>(
        &self,
        request: Request,
        convert: fn(Outcome) -> Result<T, Error>,
    ) -> Result<Pending<T>, Error> {
        let engine = self.engine();
        let id = engine.start(request)?;
        Ok(Pending::new(Arc::clone(engine), id, convert))
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
        let dispatcher = lock(&self.dispatcher).take();
        if let Some(dispatcher) = dispatcher {
            dispatcher.stop();
        }
        // The reader thread never runs user code, so it is never the one that closes.
        if let Some(reader) = lock(&self.reader).take() {
            let _ = reader.join();
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
    // Asked under the lock: whoever closes stops what this puts there.
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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn no_thread(error: &std::io::Error) -> Error {
    Error::new(
        ErrorCode::Internal,
        format!("no thread can be started: {error}"),
    )
}

fn with_timeout(kind: RequestKind, timeout: Option<Duration>) -> Request {
    Request { kind, timeout }
}

fn publish_request(topic: &str, payload: &[u8], options: PublishOptions) -> Request {
    let kind = RequestKind::Publish {
        topic: topic.to_owned(),
        payload: payload.to_vec(),
        qos: options.qos,
        retain: options.retain,
    };
    with_timeout(kind, options.timeout)
}

fn subscribe_request(filter: &str, options: SubscribeOptions) -> Request {
    let kind = RequestKind::Subscribe {
        filter: filter.to_owned(),
        qos: options.qos,
        hex: options.hex,
    };
    with_timeout(kind, options.timeout)
}

fn unsubscribe_request(filter: &str) -> Request {
    Request::new(RequestKind::Unsubscribe {
        filter: filter.to_owned(),
    })
}

fn command_request(line: &str, timeout: Option<Duration>) -> Request {
    with_timeout(RequestKind::Command(line.to_owned()), timeout)
}

fn network_request(timeout: Option<Duration>) -> Request {
    with_timeout(RequestKind::WaitForNetwork, timeout)
}
