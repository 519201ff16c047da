//! The session, with a wire that says anything.

use std::time::Duration;

use m531x_core::session::SessionConfig;
use m531x_core::{Model, OnAmbiguous, Recovery};

use crate::request::request;
use crate::script::{acts, number};
use crate::simulation::Simulation;

/// The first byte chooses the configuration; then acts: `b` begins a request, `g` gives the oldest up,
/// `w` waits, `a` answers the last command as the module would, `e` echoes it, `v` changes recovery,
/// `l` and `k` take the port away and give it back, and all else comes over the wire.
pub fn session(input: &[u8]) {
    let Some((choice, script)) = input.split_first() else {
        return;
    };
    let mut simulation = Simulation::new(config(*choice));
    for act in acts(script) {
        match act.split_first() {
            Some((b'b', rest)) => {
                if let Some(request) = request(rest) {
                    simulation.begin(request);
                }
            }
            Some((b'w', rest)) => simulation.wait(Duration::from_millis(number(rest).0)),
            Some((b'g', [])) => simulation.abandon_oldest(),
            Some((b'a', [])) => simulation.answer(),
            Some((b'e', [])) => simulation.echo(),
            Some((b'v', rest)) => simulation.set_recovery(&recovery(number(rest).0)),
            Some((b'l', why)) => simulation.lose_port(why.is_empty()),
            Some((b'k', [])) => simulation.give_port_back(),
            _ => simulation.say(act),
        }
    }
    simulation.check_liveness();
    simulation.end();
}

fn config(choice: u8) -> SessionConfig {
    let models = Model::ALL;
    SessionConfig {
        model: models.get(usize::from(choice & 7)).copied(),
        guard_time: (choice & 8 == 0).then_some(Duration::ZERO),
        recovery: recovery(if choice & 16 == 0 { 5 } else { 0 }),
        on_ambiguous: if choice & 32 == 0 {
            OnAmbiguous::Deliver
        } else {
            OnAmbiguous::Drop
        },
        ..SessionConfig::default()
    }
}

/// So many attempts, or none.
fn recovery(attempts: u64) -> Recovery {
    Recovery {
        enabled: attempts > 0,
        max_attempts: Some(u32::try_from(attempts % 8).unwrap_or(1)),
        seed: Some(attempts),
        ..Recovery::default()
    }
}
