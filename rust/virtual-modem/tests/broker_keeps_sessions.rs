//! Sessions that outlive connections: subscriptions, queued messages, messages in flight.

mod common;

use common::client::config;
use common::{Client, Received, TestBroker, publish};
use m531x_virtual_modem::uplink::UplinkEvent;

fn lasting(broker: &TestBroker, client_id: &str) -> Client {
    let mut config = config(broker.address(), client_id);
    config.clean_session = false;
    Client::new(config)
}

on_both_brokers! {
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
            // A new uplink: the module has been off and remembers nothing.
            let mut client = lasting(broker, "forgetful");
            assert!(client.open());
            let event = client.wait("the message", |event| {
                matches!(event, UplinkEvent::Message { .. })
            });
            let UplinkEvent::Message { dup, packet_id, payload, .. } = event else {
                unreachable!("waited for a message")
            };
            assert!(dup);
            assert_eq!(payload, b"again");
            client.uplink.acknowledge(std::time::Instant::now(), qos, packet_id);
            assert_eq!(client.messages_until_now(), []);
            client.disconnect();
        }
    }

    fn a_second_client_with_the_same_id_ends_the_first(broker) {
        let mut first = Client::connect(broker.address(), "same");
        let mut second = Client::connect(broker.address(), "same");
        first.wait("the end", |event| matches!(event, UplinkEvent::Closed { .. }));
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
