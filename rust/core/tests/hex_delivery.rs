//! Payloads that the module delivers as hex digits arrive as they were sent, whatever its firmware
//! declares. On virtual time, with the virtual module and the embedded broker.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use m531x_core::session::RequestKind;
use m531x_core::{Model, QoS};
use m531x_virtual_modem::Firmware;
use world::{SECOND, World, WorldConfig, connect};

#[test]
fn any_payload_arrives_on_every_firmware() {
    for firmware in Firmware::ALL {
        let mut world = World::new(&WorldConfig {
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
            let id = world.begin(request);
            world.finish(id, 60 * SECOND).unwrap();
        }
        let payloads: [&[u8]; 5] = [
            b"",
            b"a",
            b"\r\nOK\r\n",
            b"0,2,00FF\r\n",
            &[0, 13, 10, 26, 34, 255],
        ];
        for payload in payloads {
            world.publish_to_module("in/a", payload, QoS::AtLeastOnce);
            world.run(5 * SECOND);
        }
        let came: Vec<&[u8]> = world.messages.iter().map(|m| &m.payload[..]).collect();
        assert_eq!(came, payloads, "{firmware}");
        assert!(
            world
                .messages
                .iter()
                .all(|m| m.topic == "in/a" && !m.truncated),
            "{firmware}: {:?}",
            world.messages
        );
    }
}
