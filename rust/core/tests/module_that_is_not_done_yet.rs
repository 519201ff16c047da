//! Operations that meet a module that is still at it: it has lost its connection and reports that up
//! to 2.5 s later, makes another one by itself, or has been told to end one. Until then it refuses most
//! commands. On virtual time, with the virtual module and the embedded broker.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use m531x_core::session::{Outcome, RequestKind};
use m531x_core::{Error, ErrorCode, Model, MqttState};
use m531x_test_support::simulation::{
    CLIENT, Lineage, SECOND, Simulation, SimulationConfig, connect, ms,
};

const MODELS: [Model; 4] = [Model::M5310A, Model::M5311, Model::M5312, Model::M5313];

/// What the module is at.
#[derive(Clone, Copy, Debug)]
enum Busy {
    /// The broker has closed the connection.
    Closed,
    /// The broker has closed the connection and refuses another one.
    BrokerGone,
    /// The network is silent until the module gives up by itself.
    Cut,
    /// It was told to end the connection, by somebody who did not wait for the end.
    Ending,
    /// It was told to make one, by somebody who did not wait.
    Making,
}

const ALL: [Busy; 5] = [
    Busy::Closed,
    Busy::BrokerGone,
    Busy::Cut,
    Busy::Ending,
    Busy::Making,
];

fn connected(seed: u64) -> Simulation {
    let mut simulation = Simulation::new(&SimulationConfig {
        model: MODELS[usize::try_from(seed % 4).unwrap()],
        lineage: Lineage::of_seed(seed / 4),
        seed,
        paced: false,
    });
    simulation.trail.on = true;
    for request in [RequestKind::Startup, connect(true)] {
        let id = simulation.begin(request);
        simulation.finish(id, 120 * SECOND).unwrap();
    }
    simulation
}

/// The module is at it, for a random time.
fn busy(simulation: &mut Simulation, busy: Busy, random: &mut fastrand::Rng) {
    match busy {
        Busy::Closed | Busy::BrokerGone => {
            simulation.stop_broker(true);
            if matches!(busy, Busy::Closed) {
                simulation.stop_broker(false);
            }
            simulation.run(ms(random.u64(..4_500)));
        }
        Busy::Cut => {
            simulation.cut_network(true);
            simulation.run(SECOND * random.u32(..400));
        }
        Busy::Ending => {
            let id = simulation.begin(RequestKind::Disconnect);
            simulation.run(ms(random.u64(..400)));
            simulation.abandon(id);
        }
        Busy::Making => {
            let id = simulation.begin(connect(true));
            simulation.run(ms(random.u64(..900)));
            simulation.abandon(id);
        }
    }
}

fn end(simulation: &mut Simulation, request: RequestKind) -> Result<Outcome, Error> {
    let id = simulation.begin(request);
    simulation.finish(id, 200 * SECOND)
}

fn each(test: impl Fn(&mut Simulation, Busy, u64)) {
    for seed in 0..60 {
        for kind in ALL {
            let mut simulation = connected(seed);
            let mut random = fastrand::Rng::with_seed(seed);
            busy(&mut simulation, kind, &mut random);
            test(&mut simulation, kind, seed);
        }
    }
}

/// Nothing connects by itself once everything works again.
fn stays_away(simulation: &mut Simulation, case: &str) {
    simulation.cut_network(false);
    simulation.stop_broker(false);
    for _ in 0..120 {
        simulation.run(SECOND);
        let online = simulation.is_connected() || simulation.broker.is_online(CLIENT);
        assert!(!online, "{case}\n{}", simulation.trail);
    }
}

#[test]
fn its_client_is_deleted() {
    each(|simulation, kind, seed| {
        let result = end(simulation, RequestKind::Delete);
        let case = format!("seed {seed}, {kind:?}: {result:?}");
        assert!(result.is_ok(), "{case}\n{}", simulation.trail);
        assert_eq!(simulation.session.mqtt_state(), MqttState::Off, "{case}");
        stays_away(simulation, &case);
    });
}

#[test]
fn it_is_disconnected() {
    each(|simulation, kind, seed| {
        let result = end(simulation, RequestKind::Disconnect);
        let case = format!("seed {seed}, {kind:?}: {result:?}");
        // Or there is none any more.
        let ended = result.map_or_else(|error| error.code() == ErrorCode::NotConnected, |_| true);
        assert!(ended, "{case}\n{}", simulation.trail);
        stays_away(simulation, &case);
    });
}

#[test]
fn it_is_connected_again() {
    each(|simulation, kind, seed| {
        simulation.cut_network(false);
        simulation.stop_broker(false);
        let result = end(simulation, connect(true));
        let case = format!("seed {seed}, {kind:?}: {result:?}");
        assert!(result.is_ok(), "{case}\n{}", simulation.trail);
        simulation.run(20 * SECOND);
        assert!(simulation.is_connected(), "{case}\n{}", simulation.trail);
        assert!(simulation.broker.is_online(CLIENT), "{case}");
    });
}

#[test]
fn its_configuration_is_read() {
    each(|simulation, kind, seed| {
        let result = end(simulation, RequestKind::Config);
        let case = format!("seed {seed}, {kind:?}: {result:?}");
        assert!(
            matches!(result, Ok(Outcome::Config(_))),
            "{case}\n{}",
            simulation.trail
        );
    });
}
