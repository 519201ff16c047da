//! A session, a virtual module, the network and a broker on one virtual clock.
//!
//! The session is the one of the driver, the module that of the virtual modem, the broker the
//! embedded one; between them stand a serial [`Line`] and a [`Network`] that can fail. A second
//! client of the broker, the [`Observer`], records what really arrived there. Nothing waits in real
//! time, and the same seed does the same thing each time.

mod line;
mod lineage;
mod network;
mod observer;
mod requests;
mod trail;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use m531x_at::framer::silence_limit;
use m531x_core::session::{OperationId, Outcome, Request, RequestKind, Session, SessionConfig};
use m531x_core::{Error, Event, EventKind, Incoming, Message, Model, MqttState, QoS, Recovery};
use m531x_virtual_modem::broker::{BrokerOptions, Core};
use m531x_virtual_modem::module::{Module, ModuleConfig};

pub use crate::clock::{SECOND, ms};

pub use line::Line;
pub use lineage::Lineage;
pub use network::Network;
pub use observer::Observer;
pub use requests::{connect, publish, subscribe, unsubscribe};
use trail::Trail;

/// The client id of the module's connection.
pub const CLIENT: &str = "meter";

/// So many steps without any progress of time are an endless loop.
const MOST_IDLE_STEPS: u32 = 10_000;

/// How an operation ended, and when.
pub type End = (Instant, Result<Outcome, Error>);

pub struct Simulation {
    pub session: Session,
    pub module: Module,
    pub broker: Core,
    pub line: Line,
    pub network: Network,
    pub observer: Observer,
    pub now: Instant,
    pub start: Instant,
    /// Every message that the session gave, in order.
    pub messages: Vec<Message>,
    /// How many events of each kind came.
    pub events: BTreeMap<i32, u32>,
    pub trail: Trail,
    /// The filters whose subscription could not be made again, as events reported.
    pub refused_again: Vec<String>,
    /// Whether the broker has ever accepted the module's connection.
    pub was_online: bool,
    ended: BTreeMap<OperationId, End>,
    config: SessionConfig,
    idle_steps: u32,
}

/// What a simulation is made with.
pub struct SimulationConfig {
    pub model: Model,
    pub lineage: Lineage,
    pub seed: u64,
    /// Whether bytes take their time on the line.
    pub paced: bool,
}

impl Simulation {
    pub fn new(config: &SimulationConfig) -> Self {
        let start = Instant::now();
        let baudrate = config.model.profile().baudrate;
        let module = Module::new(
            start,
            ModuleConfig {
                model: config.model,
                firmware: Some(config.lineage.firmware),
                faults: config.lineage.switched.clone(),
                baudrate: config.paced.then_some(baudrate),
                seed: config.seed,
                ..ModuleConfig::default()
            },
        );
        let session = SessionConfig {
            silence_limit: silence_limit(baudrate),
            recovery: Recovery {
                seed: Some(config.seed),
                ..Recovery::default()
            },
            ..SessionConfig::default()
        };
        let mut simulation = Self {
            session: Session::new(session.clone()),
            module,
            broker: Core::new(BrokerOptions::default()),
            line: Line::new(config.seed),
            network: Network::new(config.seed),
            observer: Observer::default(),
            now: start,
            start,
            messages: Vec::new(),
            events: BTreeMap::new(),
            trail: Trail::default(),
            refused_again: Vec::new(),
            was_online: false,
            ended: BTreeMap::new(),
            config: session,
            idle_steps: 0,
        };
        simulation.observer.connect(start, &mut simulation.broker);
        simulation.settle();
        simulation
    }

    // ---- what the application does

    pub fn begin(&mut self, kind: RequestKind) -> OperationId {
        self.begin_request(Request::new(kind))
    }

    pub fn begin_within(&mut self, kind: RequestKind, timeout: Duration) -> OperationId {
        self.begin_request(Request::new(kind).with_timeout(timeout))
    }

    /// Begins an operation; one that is refused at once has ended at once.
    fn begin_request(&mut self, request: Request) -> OperationId {
        self.trail.note(self.elapsed(), || {
            format!("begin {:?} within {:?}", request.kind, request.timeout)
        });
        match self.session.begin(self.now, request) {
            Ok(id) => {
                self.settle();
                id
            }
            Err(error) => panic!("refused at once: {error}"),
        }
    }

    /// Begins an operation that may be refused at once.
    pub fn try_begin(&mut self, request: Request) -> Result<OperationId, Error> {
        self.trail.note(self.elapsed(), || {
            format!("begin {:?} within {:?}", request.kind, request.timeout)
        });
        let id = self.session.begin(self.now, request);
        self.settle();
        id
    }

    pub fn abandon(&mut self, id: OperationId) {
        self.trail
            .note(self.elapsed(), || format!("abandon {id:?}"));
        self.session.abandon(self.now, id);
        self.settle();
    }

    /// How the operation ended, if it has.
    pub fn end_of(&self, id: OperationId) -> Option<&End> {
        self.ended.get(&id)
    }

    /// Runs until the operation has ended.
    pub fn finish(&mut self, id: OperationId, limit: Duration) -> Result<Outcome, Error> {
        self.run_until(limit, |simulation| simulation.ended.contains_key(&id));
        match self.ended.get(&id) {
            Some((_, result)) => result.clone(),
            None => panic!("operation {id:?} has not ended within {limit:?}"),
        }
    }

    /// A process that opens the port anew: nothing of the old session is left but what the module
    /// has.
    pub fn open_anew(&mut self) {
        self.trail
            .note(self.elapsed(), || "a new session".to_owned());
        self.session = Session::new(self.config.clone());
        self.ended.clear();
        self.settle();
    }

    // ---- what happens to the module and its surroundings

    pub fn reboot_module(&mut self) {
        self.trail.note(self.elapsed(), || "reboot".to_owned());
        self.module.reboot(self.now);
        self.settle();
    }

    pub fn cut_network(&mut self, cut: bool) {
        self.trail
            .note(self.elapsed(), || format!("network cut: {cut}"));
        if cut {
            self.module.cut_network(self.now);
        } else {
            self.module.restore_network(self.now);
        }
        self.settle();
    }

    /// The broker closes the module's connection, and refuses new ones while it is down.
    pub fn stop_broker(&mut self, down: bool) {
        self.trail
            .note(self.elapsed(), || format!("broker down: {down}"));
        self.network.set_down(self.now, down, &mut self.broker);
        self.settle();
    }

    pub fn detach_port(&mut self) {
        self.trail.note(self.elapsed(), || "port gone".to_owned());
        self.line.detached = true;
        self.session.handle_port_detached(self.now, "unplugged");
        self.settle();
    }

    pub fn attach_port(&mut self) {
        self.trail.note(self.elapsed(), || "port back".to_owned());
        self.line.detached = false;
        self.session.handle_port_back(self.now, "the same port");
        self.settle();
    }

    /// Another client publishes to the module.
    pub fn publish_to_module(&mut self, topic: &str, payload: &[u8], qos: QoS) {
        self.trail.note(self.elapsed(), || {
            format!(
                "another client publishes {topic} {} {qos:?}",
                payload.escape_ascii()
            )
        });
        self.observer
            .publish(self.now, &mut self.broker, topic, payload, qos);
        self.settle();
    }

    // ---- the clock

    pub fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    /// Lets time pass, doing what falls due on the way.
    pub fn run(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    /// Lets time pass until something has happened; returns whether it has.
    pub fn run_until(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + limit;
        loop {
            if done(self) {
                return true;
            }
            if !self.step(end) {
                return done(self);
            }
        }
    }

    /// Goes on to the next thing that is due, but not beyond `end`; false when that is reached.
    pub fn step(&mut self, end: Instant) -> bool {
        let due = [
            self.session.poll_timeout(),
            self.module.poll_timeout(),
            self.broker.poll_timeout(),
            self.network.poll_timeout(self.module.network_cut()),
        ];
        let due = due.into_iter().flatten().min();
        let Some(due) = due.filter(|due| *due <= end) else {
            self.now = end;
            self.idle_steps = 0;
            self.handle_timeouts();
            return false;
        };
        if due > self.now {
            self.now = due;
            self.idle_steps = 0;
        } else {
            self.idle_steps += 1;
            assert!(
                self.idle_steps < MOST_IDLE_STEPS,
                "something wakes up for nothing\n{}",
                self.trail
            );
        }
        self.handle_timeouts();
        true
    }

    fn handle_timeouts(&mut self) {
        self.session.handle_timeout(self.now);
        self.module.handle_timeout(self.now);
        self.broker.handle_timeout(self.now);
        self.settle();
    }

    /// Carries bytes until nothing moves.
    fn settle(&mut self) {
        loop {
            let mut moved = self.carry_commands();
            moved |= self.carry_answers();
            moved |= self.network.act(self.now, &mut self.module);
            let cut = self.module.network_cut();
            moved |= self
                .network
                .deliver(self.now, cut, &mut self.module, &mut self.broker);
            moved |= self
                .observer
                .pump(self.now, &mut self.broker, &mut self.network);
            self.collect();
            if !moved {
                return;
            }
        }
    }

    fn carry_commands(&mut self) -> bool {
        let mut moved = false;
        while let Some(bytes) = self.session.poll_transmit(self.now) {
            moved = true;
            self.trail.bytes(self.elapsed(), ">", &bytes);
            let bytes = self.line.carry_to_module(bytes);
            if !bytes.is_empty() {
                self.module.handle_serial(self.now, &bytes);
            }
        }
        moved
    }

    fn carry_answers(&mut self) -> bool {
        let mut moved = false;
        while let Some(bytes) = self.module.poll_serial(self.now) {
            moved = true;
            let (bytes, reboots) = self.line.carry_to_host(bytes);
            if !bytes.is_empty() {
                self.trail.bytes(self.elapsed(), "<", &bytes);
                self.session.handle_input(self.now, &bytes);
            }
            if reboots {
                self.trail
                    .note(self.elapsed(), || "reboot in a line".to_owned());
                self.module.reboot(self.now);
            }
        }
        moved
    }

    fn collect(&mut self) {
        self.was_online |= self.broker.is_online(CLIENT);
        while let Some(incoming) = self.session.poll_event() {
            match incoming {
                Incoming::Message(message) => self.messages.push(message),
                Incoming::Event(event) => self.take_event(&event),
            }
        }
        while let Some((id, result)) = self.session.poll_completion() {
            self.trail
                .note(self.elapsed(), || format!("{id:?} ended: {result:?}"));
            let twice = self.ended.insert(id, (self.now, result));
            assert!(twice.is_none(), "{id:?} ended twice");
        }
    }

    fn take_event(&mut self, event: &Event) {
        self.trail.note(self.elapsed(), || {
            format!("{} {} {}", event.kind, event.value, event.text)
        });
        if event.kind == EventKind::Resubscribed && event.value < 0 {
            self.refused_again.push(event.text.clone());
        }
        *self.events.entry(event.kind as i32).or_default() += 1;
    }
}

impl Simulation {
    pub fn is_connected(&self) -> bool {
        self.session.mqtt_state() == MqttState::Connected
    }

    pub fn count(&self, kind: EventKind) -> u32 {
        self.events.get(&(kind as i32)).copied().unwrap_or_default()
    }

    /// How often this command was sent by the session.
    pub fn sendings(&self, start: &str) -> usize {
        self.line
            .commands
            .iter()
            .filter(|line| line.starts_with(start))
            .count()
    }
}
