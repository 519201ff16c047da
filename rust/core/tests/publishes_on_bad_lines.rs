//! Publishes of every QoS while a line is bad and everything breaks now and then: what was called done
//! at QoS 1 or 2 has arrived. On virtual time, with the virtual module and the embedded broker.
//!
//! Many are under way at once, which the fault matrix does not try, on both lineages of firmware and
//! on mixes of them. `BAD_LINES` says how many seeds
//! are played (6), `BAD_LINES_SEED` where they begin.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use m531x_core::session::{OperationId, Request, RequestKind};
use m531x_core::{ConnectOptions, Model, QoS};
use m531x_test_support::simulation::{
    CLIENT, Lineage, SECOND, Simulation, SimulationConfig, ms, publish, subscribe,
};
use m531x_virtual_modem::Fault;

const MODELS: [Model; 4] = [Model::M5310A, Model::M5311, Model::M5312, Model::M5313];
const HARMLESS: [&str; 7] = [
    "split-writes=24",
    "merge-writes=40",
    "delay=1-60",
    "urc-in-response=0.2",
    "late-ack=any:300",
    "lost-ack=any:1/60",
    "slow-network=50-600",
];
const HARMFUL: [&str; 5] = [
    "garbage=0.02",
    "drop-bytes=0.0005",
    "declared-longer=4:1/50",
    "no-final-crlf=0.02",
    "sleep=2",
];
/// What a payload can say to a parser that takes it for protocol.
const LURES: [&str; 4] = [
    "",
    "\r\nOK\r\n",
    "\r\n+MQTTDISC:OK\r\n",
    "+MQTTPUBACK:1,1\r\n",
];
const STEPS: u32 = 3000;
/// So many publishes are under way at most.
const WINDOW: usize = 50;

/// A gateway that publishes, and what is broken at the moment.
struct Gateway {
    simulation: Simulation,
    random: fastrand::Rng,
    published: Vec<(OperationId, QoS)>,
    sleeps: bool,
    /// The steps at which the network and the port come back.
    cut_until: Option<u32>,
    gone_until: Option<u32>,
    next_break: u32,
}

impl Gateway {
    fn connected(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut simulation = Simulation::new(&SimulationConfig {
            model: MODELS[random.usize(..MODELS.len())],
            lineage: Lineage::of_seed(seed),
            seed,
            paced: random.bool(),
        });
        // On a slow network several are on their way when a connection is lost.
        simulation.network.latency = ms([30, 200, 600][random.usize(..3)]);
        let mut options = ConnectOptions::new("broker", CLIENT);
        options.clean_session = false;
        options.keepalive = 20;
        options.ack_timeout = 3;
        for request in [
            RequestKind::Startup,
            RequestKind::Connect(options),
            subscribe("in/#", QoS::AtLeastOnce),
        ] {
            let id = simulation.begin(request);
            simulation.finish(id, 120 * SECOND).unwrap();
        }
        let harmful = HARMFUL[random.usize(..HARMFUL.len())];
        let faults: Vec<Fault> = [
            harmful,
            HARMLESS[random.usize(..HARMLESS.len())],
            HARMLESS[random.usize(..HARMLESS.len())],
        ]
        .map(|fault| fault.parse().unwrap())
        .into();
        simulation.module.set_faults(&faults, seed);
        Self {
            simulation,
            random,
            published: Vec::new(),
            sleeps: harmful.starts_with("sleep"),
            cut_until: None,
            gone_until: None,
            next_break: 50,
        }
    }

    fn step(&mut self, step: u32) {
        // One by one, and several at once.
        let burst = if self.random.u8(..8) == 0 { 10 } else { 1 };
        for _ in 0..burst {
            self.publish();
        }
        if step % 3 == 0 {
            let payload = format!("{step}\r\nOK\r\n+MQTTPUBACK:1,0\r\n");
            self.simulation
                .publish_to_module("in/x", payload.as_bytes(), QoS::AtLeastOnce);
        }
        self.mend(step);
        if step >= self.next_break && self.cut_until.is_none() && self.gone_until.is_none() {
            self.next_break = step + self.random.u32(20..150);
            self.break_something(step);
        }
        let pause = self.random.u64(50..150);
        self.simulation.run(ms(pause));
    }

    fn publish(&mut self) {
        let newest = self.published.iter().rev().take(8 * WINDOW);
        let under_way = newest
            .filter(|(id, _)| self.simulation.end_of(*id).is_none())
            .count();
        if under_way == WINDOW {
            return;
        }
        let number = self.published.len();
        let payload = format!("{number};{}", LURES[self.random.usize(..LURES.len())]);
        let qos = match self.random.u8(..5) {
            0 => QoS::AtMostOnce,
            1 => QoS::ExactlyOnce,
            _ => QoS::AtLeastOnce,
        };
        let request = publish(&format!("out/{number}"), payload.as_bytes(), qos);
        // Refused at once, it is not accepted.
        if let Ok(id) = self.simulation.try_begin(Request::new(request)) {
            self.published.push((id, qos));
        }
    }

    fn mend(&mut self, step: u32) {
        if self.cut_until.is_some_and(|until| until <= step) {
            self.simulation.cut_network(false);
            self.cut_until = None;
        }
        if self.gone_until.is_some_and(|until| until <= step) {
            self.simulation.attach_port();
            self.gone_until = None;
        }
    }

    fn break_something(&mut self, step: u32) {
        match self.random.u8(..6) {
            0 => self.simulation.reboot_module(),
            1 => {
                self.simulation.detach_port();
                if self.random.bool() {
                    self.simulation.reboot_module();
                }
                self.gone_until = Some(step + self.random.u32(1..50));
            }
            2 => {
                self.simulation.stop_broker(true);
                let away = self.random.u64(500..15_000);
                self.simulation.run(ms(away));
                self.simulation.stop_broker(false);
            }
            // An OK from elsewhere for a command that was slept through is as good as the module's.
            3 if !self.sleeps => {
                let lines: [&[u8]; 3] = [b"\r\nOK\r\n", b"\r\nERROR\r\n", b"\xff\x00+MQ"];
                let line = lines[self.random.usize(..lines.len())];
                self.simulation
                    .session
                    .handle_input(self.simulation.now, line);
            }
            _ => {
                self.simulation.cut_network(true);
                self.cut_until = Some(step + self.random.u32(5..400));
            }
        }
    }

    /// Puts everything right and waits until that is noticed, also by a health check.
    fn settle(&mut self) {
        self.mend(u32::MAX);
        self.simulation.module.set_faults(&[], 0);
        self.simulation.run(1200 * SECOND);
    }

    /// The numbers of the publishes that were called done and are not there.
    fn lost(&self) -> Vec<usize> {
        let arrived = self.simulation.observer.arrived.iter();
        let arrived: BTreeSet<&str> = arrived.map(|arrival| arrival.topic.as_str()).collect();
        let is_done = |id| matches!(self.simulation.end_of(id), Some((_, Ok(_))));
        let done = self.published.iter().enumerate();
        done.filter(|(number, (id, qos))| {
            *qos != QoS::AtMostOnce
                && is_done(*id)
                && !arrived.contains(format!("out/{number}").as_str())
        })
        .map(|(number, _)| number)
        .collect()
    }
}

#[test]
fn what_is_called_done_has_arrived() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let first = number("BAD_LINES_SEED", 1);
    for seed in first..first + number("BAD_LINES", 6) {
        let mut gateway = Gateway::connected(seed);
        for step in 0..STEPS {
            gateway.step(step);
        }
        gateway.settle();
        let open = gateway.published.iter();
        let open = open.filter(|(id, _)| gateway.simulation.end_of(*id).is_none());
        assert_eq!(open.count(), 0, "seed {seed}: publishes that never end");
        let lost = gateway.lost();
        assert!(
            lost.is_empty(),
            "seed {seed}: of {} publishes {lost:?} are lost\n{}",
            gateway.published.len(),
            gateway.simulation.trail
        );
    }
}
