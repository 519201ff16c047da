//! The virtual module's line reader and command parser: whatever host and broker say, it neither panics
//! nor spins, and answers afterwards.

use std::time::Duration;

use m531x_virtual_modem::Model;

use crate::script::{acts, number, pair, text};
use m531x_test_support::module::Rig;

const FAULTS: [&str; 4] = [
    "split-writes=5",
    "lost-ack=any:0.3",
    "late-ack=any:3000",
    "urc-in-response=0.3",
];

/// The first byte chooses the model and the faults; then acts: `b` brings bytes from the broker, `d` a
/// message, `l` ends the connection, `c` and `v` cut and restore the network, `z` is sleep, `r` a
/// reboot, `w` lets time pass, and all else comes from the host.
pub fn module_commands(input: &[u8]) {
    let Some((choice, script)) = input.split_first() else {
        return;
    };
    let model = Model::ALL[usize::from(choice & 3) % Model::ALL.len()];
    let faults: Vec<&str> = (0..FAULTS.len())
        .filter(|fault| choice >> (fault + 2) & 1 != 0)
        .map(|fault| FAULTS[fault])
        .collect();
    let mut rig = Rig::faulty(model, u64::from(*choice), &faults);
    for act in acts(script) {
        match act.split_first() {
            Some((b'b', bytes)) => rig.module.handle_network_bytes(rig.now, bytes),
            Some((b'd', rest)) => {
                let (options, rest) = number(rest);
                let (topic, payload) = pair(rest);
                let qos = u8::try_from(options % 3).unwrap_or(0);
                if topic.len() + payload.len() < 16_000 {
                    rig.deliver(&text(topic), payload, qos, 1);
                }
            }
            Some((b'l', [])) => rig.module.handle_network_lost(rig.now, "gone"),
            Some((b'c', [])) => rig.module.cut_network(rig.now),
            Some((b'v', [])) => rig.module.restore_network(rig.now),
            Some((b'z', [])) => rig.module.sleep(rig.now),
            Some((b'r', [])) => rig.module.reboot(rig.now),
            Some((b'w', rest)) => rig.pass(Duration::from_millis(number(rest).0 % 200_000)),
            _ => rig.send_bytes(act),
        }
    }
    // A boot may go on, a half-typed command stand, and a sleeping module needs waking.
    rig.pass_seconds(2);
    rig.send("");
    rig.send("AT");
    rig.pass_seconds(1);
    let said = rig.ask("AT");
    rig.pass_seconds(1);
    let said = said + &rig.said();
    assert!(said.contains("\r\nOK\r\n"), "{said:?}");
}
