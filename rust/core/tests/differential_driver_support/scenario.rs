//! One scenario of a modem: rounds in which everybody works at once, and a rest after each.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use m531x_core::{
    ErrorCode, Incoming, Model as Module, Modem, ModemOptions, Overflow, PublishOptions, QoS,
    Stream,
};
use m531x_virtual_modem::{Fault, LinkChoice, VirtualModem, VirtualModemOptions};

use super::control::{BARRIER_TOPIC, Link};
use super::model::Model;
use super::plan::{Action, Drawer, Round};
use super::watcher::Watcher;
use super::workers::{ECHOED, ECHOING, Publisher, Receiving, Report, receive};
use m531x_test_support::observer::Observer;
use m531x_test_support::simulation::Lineage;
use m531x_test_support::words::{ensure, inbound_payload};

/// Longer than anything takes while nothing is wrong, on a busy machine, too.
const LIMIT: Duration = Duration::from_secs(60);
const OUT_BARRIER_TOPIC: &str = "out/barrier";
/// How odd the line is: nothing is lost by it.
const ODDITIES: [&str; 8] = [
    "",
    "delay=0-1",
    "",
    "split-writes=20",
    "",
    "urc-in-response=1/3",
    "",
    "merge-writes=1 urc-in-response=1/2",
];
/// What the module and the host said last, for whoever has to understand a failure.
const TRAIL: usize = 60;

/// Runs until so many steps are done, and tells what is wrong with it.
pub(crate) fn run(seed: u64, steps: usize, beat: &dyn Fn(String)) -> Result<(), String> {
    let mut scenario = Scenario::new(seed);
    let mut drawer = Drawer::new(seed);
    let mut done = 0;
    while done < steps {
        let round = drawer.draw(scenario.link.is_up());
        done += round.steps();
        beat(format!("{round:#?}"));
        scenario.play(&round)?;
    }
    if !scenario.link.is_up() {
        scenario.play(&drawer.draw_connect())?;
    }
    let last = drawer.draw_close();
    beat(format!("{last:#?}"));
    scenario.play(&last)?;
    scenario.judge_closed()
}

struct Scenario {
    module: VirtualModem,
    modem: Modem,
    link: Link,
    model: Model,
    watcher: Watcher,
    sender: Observer,
    came: Receiver<Incoming>,
    report: Sender<Report>,
    reports: Receiver<Report>,
    receiver: Option<JoinHandle<()>>,
    receiving: Receiving,
    /// How many publishes the receiving callback has begun, or will.
    echoes: usize,
    barriers: usize,
}

impl Scenario {
    fn new(seed: u64) -> Self {
        let pick = |count: u64| usize::try_from(seed % count).unwrap();
        let on_terminal = seed % 3 == 0;
        let faults = ODDITIES[usize::try_from(seed / 2 % 8).unwrap()].split_whitespace();
        let lineage = Lineage::of_seed(seed);
        let traits = lineage.traits(Module::M5310A);
        let mut faults: Vec<Fault> = faults.map(|fault| fault.parse().unwrap()).collect();
        faults.extend(lineage.switched.iter().cloned());
        let module = VirtualModem::start(VirtualModemOptions {
            model: [Module::M5310A, Module::M5311, Module::M5312, Module::M5313][pick(4)],
            link: if on_terminal {
                LinkChoice::Pty { symlink: None }
            } else {
                LinkChoice::Memory
            },
            firmware: Some(lineage.firmware),
            faults,
            seed: Some(seed),
            ..VirtualModemOptions::default()
        })
        .unwrap();
        let options = ModemOptions {
            // With few places in the queue the reader is stopped again and again.
            queue_size: if seed % 5 < 2 { 3 } else { 10_000 },
            overflow: Overflow::Block,
            ..ModemOptions::default()
        };
        let modem = if on_terminal {
            Modem::open(&module.port(), options)
        } else {
            Modem::open_stream(Stream::from(module.connect().unwrap()), options)
        };
        let modem = modem.unwrap();
        let (came_in, came) = mpsc::channel();
        let (report, reports) = mpsc::channel();
        let ways = [
            Receiving::OneByOne,
            Receiving::InBatches,
            Receiving::ByCallback,
        ];
        let receiving = ways[usize::try_from(seed / 4 % 3).unwrap()];
        let address = module.broker();
        let (_, port) = address.rsplit_once(':').unwrap();
        Self {
            link: Link::new(modem.model().unwrap().name(), traits),
            model: Model::default(),
            watcher: Watcher::start(&address, "out/#"),
            sender: Observer::connect(port.parse().unwrap(), "sender"),
            receiver: receive(&modem, receiving, came_in, report.clone()),
            module,
            modem,
            came,
            report,
            reports,
            receiving,
            echoes: 0,
            barriers: 0,
        }
    }

    fn play(&mut self, round: &Round) -> Result<(), String> {
        let before = self.link.clone();
        let controlled = self.work(round);
        self.model.passed(round, &before);
        controlled
            .and_then(|()| self.rest(round))
            .map_err(|why| self.failure_of(&why, round))
    }

    /// Everybody does his part of the round at once.
    fn work(&mut self, round: &Round) -> Result<(), String> {
        let Self {
            modem,
            link,
            sender,
            report,
            ..
        } = self;
        let model = link.model;
        let ends = round.ends();
        thread::scope(|scope| {
            for (worker, actions) in round.publishers.iter().enumerate() {
                let publisher = Publisher {
                    modem,
                    model,
                    worker,
                    ends: &ends,
                    reports: report.clone(),
                };
                scope.spawn(move || publisher.work(actions));
            }
            scope.spawn(|| {
                for inbound in &round.inbound {
                    let payload = inbound_payload(inbound.number);
                    sender.publish(inbound.topic, &payload, inbound.qos.into(), false);
                }
            });
            link.control(modem, &round.control)
        })
    }

    /// Waits until all that was begun has ended and arrived, and compares.
    fn rest(&mut self, round: &Round) -> Result<(), String> {
        let actions = round.publishers.iter().flatten();
        let published = actions.filter(|action| matches!(action, Action::Publish { .. }));
        let published = published.count();
        self.barriers += 1;
        let closed = self.modem.is_closed();
        let up = self.link.is_up() && !closed;
        self.receive(up)?;
        self.collect(published)?;
        self.watch(up)?;
        if up {
            self.model.judge_received()?;
            ensure(
                self.link.insisted > 0 || self.model.connections == self.link.connections,
                || format!("{} connections were told", self.model.connections),
            )?;
        }
        let stats = self.modem.stats();
        ensure(stats.dropped == 0 && stats.callback_panics == 0, || {
            format!("{stats:?}")
        })?;
        self.link.compare(&self.modem)
    }

    /// Takes what was received; over a connection until nothing more can come.
    fn receive(&mut self, up: bool) -> Result<(), String> {
        let barrier = format!("barrier {}", self.barriers).into_bytes();
        // The receiving end must be known before anything is expected of it.
        if up {
            self.sender.publish(BARRIER_TOPIC, &barrier, 1, false);
        }
        loop {
            let next = if up {
                let waited = self.came.recv_timeout(LIMIT);
                Some(waited.map_err(|_| "messages are missing: no end of them came")?)
            } else {
                self.came.try_recv().ok()
            };
            match next {
                None => return Ok(()),
                Some(Incoming::Event(event)) => self.model.on_event(&event)?,
                Some(Incoming::Message(message)) if message.topic == BARRIER_TOPIC => {
                    if message.payload == barrier {
                        return Ok(());
                    }
                }
                Some(Incoming::Message(message)) => {
                    if matches!(self.receiving, Receiving::ByCallback) && message.topic == ECHOED {
                        self.echoes += 1;
                    }
                    self.model.received(&message)?;
                }
            }
        }
    }

    /// Takes the end of every publish of the round; each is told once.
    fn collect(&mut self, mut published: usize) -> Result<(), String> {
        while published + self.echoes > 0 {
            let report = self.reports.recv_timeout(LIMIT);
            let report = report.map_err(|_| format!("{published} publishes never end"))?;
            match report {
                Report::Wrong(why) => return Err(why),
                Report::Published {
                    worker,
                    number,
                    qos,
                    ending,
                } => {
                    if worker == ECHOING {
                        self.echoes -= 1;
                    } else {
                        published -= 1;
                    }
                    self.model.ended(worker, number, qos, &ending)?;
                }
            }
        }
        match self.reports.try_recv() {
            Ok(Report::Wrong(why)) => Err(why),
            _ => Ok(()),
        }
    }

    /// Takes what has arrived at the broker; over a connection until nothing more can come.
    fn watch(&mut self, up: bool) -> Result<(), String> {
        let barrier = format!("barrier {}", self.barriers).into_bytes();
        if up {
            let options = PublishOptions {
                qos: QoS::AtLeastOnce,
                ..PublishOptions::default()
            };
            let published = self.modem.publish(OUT_BARRIER_TOPIC, &barrier, options);
            published.map_err(|error| format!("nobody disturbs it, and yet: {error}"))?;
        } else {
            self.sender.publish(OUT_BARRIER_TOPIC, &barrier, 1, false);
        }
        loop {
            let arrival = self.watcher.arrivals.recv_timeout(LIMIT);
            let arrival = arrival.map_err(|_| "the broker passes nothing on any more")?;
            if arrival.topic != OUT_BARRIER_TOPIC {
                self.model.arrived(arrival);
            } else if arrival.payload == barrier {
                break;
            }
        }
        self.model.judge_arrivals(up)
    }

    /// Whatever is asked of a closed modem is refused, and what was accepted has still arrived.
    fn judge_closed(&mut self) -> Result<(), String> {
        if let Some(receiver) = self.receiver.take() {
            receiver.join().unwrap();
        }
        let closed = |what: &str, code: Option<ErrorCode>| {
            ensure(code == Some(ErrorCode::Closed), || {
                format!("{what}: {code:?}")
            })
        };
        let options = PublishOptions::default();
        let published = self.modem.publish("out/closed", b"", options).err();
        closed("publish", published.map(|error| error.code()))?;
        let received = self.modem.recv(None).err();
        closed("recv", received.map(|error| error.code()))?;
        closed(
            "status",
            self.modem.status().err().map(|error| error.code()),
        )?;
        let deadline = Instant::now() + LIMIT;
        while self.model.awaits_arrivals() {
            let left = deadline.saturating_duration_since(Instant::now());
            let arrival = self.watcher.arrivals.recv_timeout(left);
            let Ok(arrival) = arrival else { break };
            self.model.arrived(arrival);
        }
        self.model.judge_arrivals(true)
    }

    fn failure_of(&self, why: &str, round: &Round) -> String {
        let transcript = self.module.transcript();
        let last = transcript.len().saturating_sub(TRAIL);
        let lines: Vec<String> = transcript[last..]
            .iter()
            .map(|entry| format!("{:?} {:?} {}", entry.at, entry.direction, entry.text))
            .collect();
        format!("{why}\nin the round {round:#?}\n{}", lines.join("\n"))
    }
}

impl Drop for Scenario {
    fn drop(&mut self) {
        // Ends the receiver, too, if something has gone wrong.
        let _ = self.modem.close();
    }
}
