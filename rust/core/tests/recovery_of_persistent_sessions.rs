//! What the broker keeps for a session without `clean_session` arrives, whatever becomes of the
//! connection meanwhile. On virtual time, with the virtual module and the embedded broker.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use m531x_core::session::RequestKind;
use m531x_core::{Model, QoS};
use m531x_test_support::simulation::{
    Lineage, SECOND, Simulation, SimulationConfig, connect, ms, subscribe,
};

const ROUNDS: u32 = 40;

/// A gateway that is subscribed, and the next number to be published to it.
struct Gateway {
    simulation: Simulation,
    random: fastrand::Rng,
    sent: u32,
}

impl Gateway {
    fn subscribed(seed: u64) -> Self {
        let models = [Model::M5310A, Model::M5311, Model::M5312, Model::M5313];
        let mut random = fastrand::Rng::with_seed(seed);
        let mut simulation = Simulation::new(&SimulationConfig {
            model: models[random.usize(..models.len())],
            lineage: Lineage::of_seed(seed),
            seed,
            paced: false,
        });
        let startup = RequestKind::Startup;
        for request in [startup, connect(false), subscribe("in/#", QoS::AtLeastOnce)] {
            let id = simulation.begin(request);
            simulation.finish(id, 120 * SECOND).unwrap();
        }
        Self {
            simulation,
            random,
            sent: 0,
        }
    }

    /// Lets seconds pass, in each of which somebody publishes to it.
    fn pass(&mut self, most: u64) {
        for _ in 0..self.random.u64(0..most) {
            let number = self.sent.to_string();
            self.simulation
                .publish_to_module("in/n", number.as_bytes(), QoS::AtLeastOnce);
            self.sent += 1;
            self.simulation.run(ms(self.random.u64(100..2000)));
        }
    }

    fn missing(&self) -> Vec<u32> {
        let number = |payload: &[u8]| String::from_utf8_lossy(payload).parse().unwrap();
        let messages = self.simulation.messages.iter();
        let seen: BTreeSet<u32> = messages.map(|m| number(&m.payload)).collect();
        (0..self.sent).filter(|n| !seen.contains(n)).collect()
    }
}

#[test]
fn nothing_is_missed_over_cuts_restarts_and_absences_of_the_broker() {
    for seed in 0..20 {
        let mut gateway = Gateway::subscribed(seed);
        for _ in 0..ROUNDS {
            gateway.pass(15);
            match gateway.random.u8(..5) {
                0 => {
                    gateway.simulation.stop_broker(true);
                    gateway.pass(20);
                    gateway.simulation.stop_broker(false);
                }
                1 => gateway.simulation.reboot_module(),
                _ => {
                    gateway.simulation.cut_network(true);
                    gateway.pass(60);
                    gateway.simulation.cut_network(false);
                }
            }
        }
        // A restart of which nothing is heard is found out by the health check.
        gateway.simulation.run(1200 * SECOND);
        let missing = gateway.missing();
        assert!(
            missing.is_empty(),
            "seed {seed}: {} of {} are missing: {missing:?}\n{}",
            missing.len(),
            gateway.sent,
            gateway.simulation.trail
        );
    }
}
