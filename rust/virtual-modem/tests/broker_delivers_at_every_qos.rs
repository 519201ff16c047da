//! Messages arrive with their topic, their bytes and the lower of the two qualities of service.

use m531x_test_support::mosquitto_tools::{Subscriber, publish};
use m531x_test_support::mqtt_client::{Client, Received};

/// Every byte value, with commas, quotes, line ends and NUL among them.
fn all_bytes() -> Vec<u8> {
    (0..=255).collect()
}

m531x_test_support::on_both_brokers! {
    fn a_publish_of_the_mqtt_client_reaches_mosquitto_sub(broker) {
        for published in 0..=2 {
            for subscribed in 0..=2 {
                let mut peer = Subscriber::start(broker.address(), "up/#", subscribed, &[]);
                let mut client = Client::connect(broker.address(), "up");
                client.publish("up/x", b"payload", published, false);
                let expected = Received::new("up/x", b"payload", published.min(subscribed), false);
                assert_eq!(peer.message(), expected);
            }
        }
    }

    fn a_publish_of_mosquitto_pub_reaches_the_mqtt_client(broker) {
        for published in 0..=2 {
            for subscribed in 0..=2 {
                let mut client = Client::connect(broker.address(), "down");
                assert_eq!(client.subscribe("down/+", subscribed), subscribed);
                publish(broker.address(), "down/x", b"payload", published, &[]);
                let expected = Received::new("down/x", b"payload", published.min(subscribed), false);
                assert_eq!(client.message(), expected);
            }
        }
    }

    fn payloads_of_all_byte_values_pass_unchanged(broker) {
        let mut peer = Subscriber::start(broker.address(), "bytes", 1, &[]);
        let mut client = Client::connect(broker.address(), "bytes");
        client.subscribe("bytes", 2);
        client.publish("bytes", &all_bytes(), 1, false);
        assert_eq!(peer.message().payload, all_bytes());
        assert_eq!(client.message().payload, all_bytes());
        publish(broker.address(), "bytes", &all_bytes(), 2, &[]);
        assert_eq!(client.message().payload, all_bytes());
    }

    fn an_empty_payload_is_a_message(broker) {
        let mut client = Client::connect(broker.address(), "empty");
        client.subscribe("empty", 0);
        client.publish("empty", b"", 0, false);
        assert_eq!(client.message(), Received::new("empty", b"", 0, false));
    }

    fn a_payload_of_64_kib_passes_at_every_qos(broker) {
        let payload: Vec<u8> = all_bytes().repeat(256);
        for qos in 0..=2 {
            let mut peer = Subscriber::start(broker.address(), "big", qos, &[]);
            let mut client = Client::connect(broker.address(), "big");
            client.subscribe("big", qos);
            client.publish("big", &payload, qos, false);
            assert!(client.message().payload == payload);
            assert!(peer.message().payload == payload);
        }
    }

    fn chinese_topics_and_payloads_pass(broker) {
        let mut peer = Subscriber::start(broker.address(), "传感器/+", 1, &[]);
        let mut client = Client::connect(broker.address(), "电表");
        client.subscribe("传感器/#", 1);
        client.publish("传感器/温度", "二十三度".as_bytes(), 1, false);
        let expected = Received::new("传感器/温度", "二十三度".as_bytes(), 1, false);
        assert_eq!(peer.message(), expected);
        assert_eq!(client.message(), expected);
    }

    fn a_thousand_messages_arrive_in_order_and_once(broker) {
        for qos in 0..=2 {
            let mut sender = Client::connect(broker.address(), "sender");
            let mut receiver = Client::connect(broker.address(), "receiver");
            receiver.subscribe("row", qos);
            // Alternately in bursts: brokers limit how much may wait for one client.
            for burst in 0..20 {
                for number in 0..50 {
                    sender.publish("row", format!("{}", burst * 50 + number).as_bytes(), qos, false);
                }
                for number in 0..50 {
                    let expected = (burst * 50 + number).to_string();
                    assert_eq!(receiver.message().payload, expected.as_bytes());
                }
            }
            assert_eq!(receiver.messages_until_now(), []);
        }
    }

    fn overlapping_subscriptions_make_one_delivery_at_the_higher_qos(broker) {
        let mut client = Client::connect(broker.address(), "overlap");
        client.subscribe("o/#", 0);
        client.subscribe("o/x", 2);
        publish(broker.address(), "o/x", b"once", 2, &[]);
        let messages = client.messages_until_now();
        // MQTT 3.1.1, 3.3.5 lets a broker send one copy at the highest QoS or one for each filter.
        assert!(messages.contains(&Received::new("o/x", b"once", 2, false)), "{messages:?}");
    }
}
