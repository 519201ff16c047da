//! One cell of the matrix, once: a fault, an operation in the middle of it, and what works after it.

mod asking;

use std::time::{Duration, Instant};

use m531x_core::session::RequestKind;
use m531x_core::{Model, QoS};

use m531x_virtual_modem::Firmware;

use super::fault::{Act, Fault, Harm, Kind};
use super::operation::{self, Operation};
use super::oracle::{self, Asked, Sent, ensure};
use m531x_test_support::simulation::{
    SECOND, Simulation, SimulationConfig, connect, ms, publish, subscribe,
};

/// Whoever has no connection by then never gets one.
const PATIENCE: Duration = Duration::from_secs(600);
/// The time limit that every third application sets.
const OWN_LIMIT: Duration = Duration::from_secs(20);
/// What the application always listens to.
const INBOX: &str = "in/#";

#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) model: Model,
    pub(crate) firmware: Firmware,
    pub(crate) seed: u64,
}

/// Runs it; gives the time from the end of the fault until everything works again.
pub(crate) fn run(
    fault: &'static Fault,
    operation: Operation,
    setting: Setting,
    with_trail: bool,
) -> Result<Duration, String> {
    let mut cell = Cell::new(fault, operation, setting, with_trail);
    let result = cell.run();
    if with_trail {
        println!("{}", cell.simulation.trail);
    }
    result
}

struct Cell {
    simulation: Simulation,
    fault: &'static Fault,
    harm: Harm,
    operation: Operation,
    seed: u64,
    clean_session: bool,
    /// The limit of every operation of the column.
    limit: Option<Duration>,
    random: fastrand::Rng,
    acts: Vec<(Instant, Act)>,
    asked: Vec<Asked>,
    sent: Vec<Sent>,
    /// The application has connected, and has not disconnected.
    connected: bool,
    /// It has subscribed on this connection.
    subscribed: bool,
}

impl Cell {
    fn new(
        fault: &'static Fault,
        operation: Operation,
        setting: Setting,
        with_trail: bool,
    ) -> Self {
        let Setting {
            model,
            firmware,
            seed,
        } = setting;
        let paced = matches!(fault.kind, Kind::Paced);
        let mut simulation = Simulation::new(&SimulationConfig {
            model,
            lineage: firmware.into(),
            seed,
            paced,
        });
        simulation.trail.on = with_trail;
        let mut harm = fault.harm;
        harm.fails |= harm.downgrades && simulation.module.traits().silent_suback;
        Self {
            simulation,
            fault,
            harm,
            operation,
            seed,
            clean_session: seed % 2 == 0,
            limit: (seed % 3 == 2).then_some(OWN_LIMIT),
            random: fastrand::Rng::with_seed(seed),
            acts: Vec::new(),
            asked: Vec::new(),
            sent: Vec::new(),
            connected: false,
            subscribed: false,
        }
    }

    fn run(&mut self) -> Result<Duration, String> {
        self.prepare()?;
        let over = self.suffer()?;
        let works = self.restore()?;
        // What is late comes now.
        self.pass(60 * SECOND, |_| false)?;
        let mut harm = self.harm;
        if !harm.mangles {
            oracle::judge_outbound(&self.simulation, &self.asked, harm)?;
        }
        // While nobody listens nobody gets the messages.
        harm.loses |= matches!(self.operation, Operation::Close | Operation::Disconnect);
        oracle::judge_inbound(&self.simulation, &self.sent, harm)?;
        Ok(works.saturating_duration_since(over))
    }

    /// What an application does ordinarily, before the fault.
    fn prepare(&mut self) -> Result<(), String> {
        self.must(RequestKind::Startup)?;
        if self.operation != Operation::Connect {
            self.must(connect(self.clean_session))?;
            self.connected = true;
            self.must(subscribe(INBOX, QoS::ExactlyOnce))?;
            self.subscribed = true;
        }
        if self.operation == Operation::Unsubscribe {
            for n in 0..self.operation.times() {
                self.must(subscribe(&operation::filter(n), QoS::AtLeastOnce))?;
            }
        }
        let idle = ms(self.random.u64(0..3000));
        self.pass(idle, |_| false)
    }

    /// The fault, and the operations in it; gives the end of the fault.
    fn suffer(&mut self) -> Result<Instant, String> {
        let began = self.simulation.now;
        let mut over = began + self.fault.lasts;
        for (after, act) in self.fault.acts(self.seed, &mut self.random) {
            over = over.max(began + after);
            self.acts.push((began + after, act));
        }
        self.perform();
        if self.connected {
            self.schedule_messages();
        }
        let offset = ms(self.random.u64(0..800));
        self.pass(offset, |_| false)?;
        for n in 0..self.operation.times() {
            self.ask(self.operation.request(n, self.clean_session), self.limit)?;
            if self.operation == Operation::Close {
                self.close()?;
                continue;
            }
            // The next one is asked for while this one may still be under way.
            let pause = self.pace(6000);
            self.pass(pause, |_| false)?;
        }
        self.connected &= self.operation != Operation::Disconnect;
        let most = PATIENCE + self.fault.lasts;
        self.pass(most, |cell| {
            cell.acts.is_empty() && cell.asked.iter().all(|asked| asked.judged)
        })?;
        let open = self.asked.iter().filter(|asked| !asked.judged).count();
        ensure(open == 0, &format!("{open} operations never end"))?;
        Ok(over)
    }

    /// The process ends in the middle of its publish, and another one opens the port.
    fn close(&mut self) -> Result<(), String> {
        let moment = ms(self.random.u64(0..400));
        self.pass(moment, |_| false)?;
        for asked in &mut self.asked {
            asked.judged = true;
        }
        self.simulation.open_anew();
        self.connected = false;
        let pause = ms(self.random.u64(0..2000));
        self.pass(pause, |_| false)
    }

    /// What a sensible application does until everything works again.
    fn restore(&mut self) -> Result<Instant, String> {
        let limit = self.simulation.now + PATIENCE;
        if self.operation == Operation::Close {
            while self.attempt(RequestKind::Startup)?.is_err() {
                ensure(
                    self.simulation.now < limit,
                    "the port cannot be opened again",
                )?;
            }
        }
        for n in 0.. {
            let late = format!(
                "it does not work again: {:?}, subscriptions {:?}",
                self.simulation.session.mqtt_state(),
                self.simulation.session.subscriptions()
            );
            ensure(self.simulation.now < limit, &late)?;
            if !self.connected {
                self.connected = self.attempt(connect(self.clean_session))?.is_ok();
                self.subscribed = false;
                if !self.connected {
                    self.pass(SECOND, |_| false)?;
                    continue;
                }
            }
            let listens = |cell: &Self| {
                let subscriptions = cell.simulation.session.subscriptions();
                subscriptions.iter().any(|filter| filter == INBOX)
            };
            if self.simulation.is_connected() && !listens(self) {
                let reported = self
                    .simulation
                    .refused_again
                    .iter()
                    .any(|filter| filter == INBOX);
                ensure(
                    reported || !self.subscribed,
                    "a subscription is gone without a word",
                )?;
                let again = self.attempt(subscribe(INBOX, QoS::ExactlyOnce))?;
                self.subscribed = again.is_ok();
                if again.is_err() {
                    self.pass(SECOND, |_| false)?;
                    continue;
                }
            }
            if self.probe(n)? {
                return Ok(self.simulation.now);
            }
        }
        unreachable!("the loop ends by returning")
    }

    /// Whether a publish and a message get through.
    fn probe(&mut self, n: usize) -> Result<bool, String> {
        let out = publish(&format!("out/probe/{n}"), b"?", QoS::AtLeastOnce);
        self.attempt(out)?
            .map_err(|error| format!("QoS 1 failed: {error}"))?;
        let topic = format!("in/probe/{n}");
        self.send(&topic, b"!", QoS::AtLeastOnce);
        self.pass(5 * SECOND, |cell| {
            cell.simulation.messages.iter().any(|m| m.topic == topic)
        })?;
        let arrived = self.simulation.messages.iter().any(|m| m.topic == topic);
        if !arrived {
            // It was sent while there was nobody to take it.
            self.sent.retain(|sent| sent.topic != topic);
        }
        Ok(arrived)
    }

    /// Messages of every QoS come in during the fault.
    fn schedule_messages(&mut self) {
        let count = if self.operation == Operation::Receive {
            9
        } else {
            2
        };
        let mut at = self.simulation.now;
        for n in 0..count {
            at += self.pace(1500);
            let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][n % 3];
            let topic = format!("in/{n}");
            let payload = operation::payload(n);
            self.sent.push(Sent {
                topic: topic.clone(),
                payload: payload.clone(),
                qos,
            });
            self.acts.push((
                at,
                Box::new(move |simulation| simulation.publish_to_module(&topic, &payload, qos)),
            ));
        }
    }

    /// A pause of up to so many milliseconds, a short one if the fault happens only once.
    fn pace(&mut self, most: u64) -> Duration {
        let most = if self.fault.lasts.is_zero() {
            300
        } else {
            most
        };
        ms(self.random.u64(10..most))
    }
}
