//! Payloads that the module delivers as hex digits arrive as they were sent, whatever its firmware
//! declares. On virtual time, with the virtual module and the embedded broker.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use m531x_core::session::RequestKind;
use m531x_core::{Model, QoS};
use m531x_test_support::simulation::{SECOND, Simulation, SimulationConfig, connect};
use m531x_virtual_modem::Firmware;

fn subscribed(firmware: Firmware) -> Simulation {
    let mut simulation = Simulation::new(&SimulationConfig {
        model: Model::M5311,
        lineage: firmware.into(),
        seed: 1,
        paced: false,
    });
    let subscribe = RequestKind::Subscribe {
        filter: "in/#".to_owned(),
        qos: QoS::AtLeastOnce,
        hex: true,
    };
    for request in [RequestKind::Startup, connect(true), subscribe] {
        let id = simulation.begin(request);
        simulation.finish(id, 60 * SECOND).unwrap();
    }
    simulation
}

#[test]
fn any_payload_arrives_on_every_firmware() {
    for firmware in Firmware::ALL {
        let mut simulation = subscribed(firmware);
        let payloads: [&[u8]; 5] = [
            b"",
            b"a",
            b"\r\nOK\r\n",
            b"0,2,00FF\r\n",
            &[0, 13, 10, 26, 34, 255],
        ];
        for payload in payloads {
            simulation.publish_to_module("in/a", payload, QoS::AtLeastOnce);
            simulation.run(5 * SECOND);
        }
        let came: Vec<&[u8]> = simulation.messages.iter().map(|m| &m.payload[..]).collect();
        assert_eq!(came, payloads, "{firmware}");
        assert!(
            simulation
                .messages
                .iter()
                .all(|m| m.topic == "in/a" && !m.truncated),
            "{firmware}: {:?}",
            simulation.messages
        );
    }
}

#[test]
fn a_topic_that_holds_a_number_is_right_or_flagged() {
    for firmware in Firmware::ALL {
        let mut simulation = subscribed(firmware);
        for topic in ["in/a,3,b", "in/a,0,b", "in/a,4,0", "in/3,5"] {
            for payload in [&b""[..], b"a", b"abc", b"\r\nOK\r\n"] {
                let before = simulation.messages.len();
                simulation.publish_to_module(topic, payload, QoS::AtLeastOnce);
                simulation.run(10 * SECOND);
                let came = &simulation.messages[before..];
                let first = came.first();
                assert!(
                    first
                        .is_some_and(|m| m.ambiguous || (m.topic == topic && m.payload == payload)),
                    "{firmware} {topic} {payload:?}: {came:?}"
                );
            }
        }
    }
}
