//! Sessions that outlive connections: subscriptions, queued messages, messages in flight.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use m531x_test_support::brokers::TestBroker;
use m531x_test_support::mosquitto_tools::publish;
use m531x_test_support::mqtt_client::{Client, Received, config};
use m531x_virtual_modem::mqtt_client::ClientEvent;

/// Connects as a client that is remembered, publishes one QoS 2 message under the id 7, and reads the
/// PUBREC.
fn publish_under_7(broker: &TestBroker, payload: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(broker.address()).unwrap();
    let patience = Some(Duration::from_secs(10));
    stream.set_read_timeout(patience).unwrap();
    let mut answer = [0; 4];
    stream
        .write_all(b"\x10\x0f\0\x04MQTT\x04\0\0\x3c\0\x03old")
        .unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!((answer[0], answer[3]), (0x20, 0), "CONNACK, accepted");
    let mut packet = vec![0x34, 5 + u8::try_from(payload.len()).unwrap()];
    packet.extend(b"\0\x01r\0\x07");
    packet.extend(payload);
    stream.write_all(&packet).unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0x50, 2, 0, 7], "PUBREC");
    stream
}

/// Releases the message, and reads the PUBCOMP.
fn release_7(mut stream: TcpStream) {
    let mut answer = [0; 4];
    stream.write_all(&[0x62, 2, 0, 7]).unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0x70, 2, 0, 7], "PUBCOMP");
}

fn lasting(broker: &TestBroker, client_id: &str) -> Client {
    let mut config = config(broker.address(), client_id);
    config.clean_session = false;
    Client::new(config)
}

m531x_test_support::on_both_brokers! {
    fn messages_for_an_absent_client_wait_for_it(broker) {
        let mut client = lasting(broker, "absent");
        assert!(!client.open(), "nobody has been here yet");
        client.subscribe("q/#", 2);
        client.disconnect();
        for qos in 1..=2 {
            publish(broker.address(), "q/x", format!("{qos}").as_bytes(), qos, &[]);
        }
        assert!(client.open(), "the session is still there");
        assert_eq!(client.messages_until_now(), [
            Received::new("q/x", b"1", 1, false),
            Received::new("q/x", b"2", 2, false),
        ]);
    }

    fn an_id_used_again_for_another_message_hides_nothing(broker) {
        let mut peer = Client::connect(broker.address(), "peer");
        peer.subscribe("r", 2);
        // A module that restarts counts its packet ids from 1 again.
        drop(publish_under_7(broker, b"old"));
        release_7(publish_under_7(broker, b"new"));
        let arrived = peer.messages_until_now();
        assert!(arrived.contains(&Received::new("r", b"new", 2, false)), "{arrived:?}");
    }

    fn the_same_message_again_under_its_id_is_one(broker) {
        let mut peer = Client::connect(broker.address(), "peer");
        peer.subscribe("r", 2);
        drop(publish_under_7(broker, b"once"));
        release_7(publish_under_7(broker, b"once"));
        assert_eq!(peer.messages_until_now(), [Received::new("r", b"once", 2, false)]);
    }

    fn a_clean_session_forgets_the_one_before(broker) {
        let mut client = lasting(broker, "cleaner");
        client.open();
        client.subscribe("q/#", 2);
        client.disconnect();
        publish(broker.address(), "q/x", b"lost", 1, &[]);
        let mut clean = Client::new(config(broker.address(), "cleaner"));
        assert!(!clean.open());
        assert_eq!(clean.messages_until_now(), []);
        clean.disconnect();
        assert!(!client.open());
    }

    fn what_was_not_acknowledged_comes_again_marked_dup(broker) {
        for qos in 1..=2 {
            let mut client = lasting(broker, "forgetful");
            client.acknowledges = false;
            client.open();
            client.subscribe("d", qos);
            publish(broker.address(), "d", b"again", qos, &[]);
            client.message();
            client.vanish();
            // A new MQTT client: the module has been off and remembers nothing.
            let mut client = lasting(broker, "forgetful");
            assert!(client.open());
            let event = client.wait("the message", |event| {
                matches!(event, ClientEvent::Message { .. })
            });
            let ClientEvent::Message { dup, packet_id, payload, .. } = event else {
                unreachable!("waited for a message")
            };
            assert!(dup);
            assert_eq!(payload, b"again");
            client.mqtt.acknowledge(std::time::Instant::now(), qos, packet_id);
            assert_eq!(client.messages_until_now(), []);
            client.disconnect();
        }
    }

    fn a_second_client_with_the_same_id_ends_the_first(broker) {
        let mut first = Client::connect(broker.address(), "same");
        let mut second = Client::connect(broker.address(), "same");
        first.wait("the end", |event| matches!(event, ClientEvent::Closed { .. }));
        second.subscribe("mine", 1);
        second.publish("mine", b"x", 1, false);
        assert_eq!(second.message().payload, b"x");
    }

    fn taking_over_a_lasting_session_keeps_it(broker) {
        let mut first = lasting(broker, "same");
        first.open();
        first.subscribe("kept", 1);
        let mut second = lasting(broker, "same");
        assert!(second.open());
        publish(broker.address(), "kept", b"x", 1, &[]);
        assert_eq!(second.message(), Received::new("kept", b"x", 1, false));
    }
}
