//! Retained messages: kept, replaced, cleared, and sent to new subscriptions only.

use m531x_test_support::mosquitto_tools::{Subscriber, publish};
use m531x_test_support::mqtt_client::{Client, Received};

m531x_test_support::on_both_brokers! {
    fn a_new_subscription_is_sent_the_retained_message(broker) {
        publish(broker.address(), "r/state", b"on", 1, &["-r"]);
        let mut client = Client::connect(broker.address(), "late");
        client.subscribe("r/#", 2);
        assert_eq!(client.message(), Received::new("r/state", b"on", 1, true));
        let mut peer = Subscriber::start(broker.address(), "+/state", 0, &[]);
        assert_eq!(peer.message(), Received::new("r/state", b"on", 0, true));
    }

    fn a_subscription_that_exists_sees_it_without_the_flag(broker) {
        let mut client = Client::connect(broker.address(), "early");
        client.subscribe("r/#", 1);
        publish(broker.address(), "r/state", b"on", 1, &["-r"]);
        assert_eq!(client.message(), Received::new("r/state", b"on", 1, false));
    }

    fn a_later_retained_message_replaces_the_earlier_one(broker) {
        let mut client = Client::connect(broker.address(), "replace");
        client.publish("r/state", b"on", 1, true);
        client.publish("r/state", b"off", 2, true);
        client.subscribe("r/state", 2);
        assert_eq!(client.messages_until_now(), [Received::new("r/state", b"off", 2, true)]);
    }

    fn a_message_without_the_flag_leaves_the_retained_one(broker) {
        let mut client = Client::connect(broker.address(), "leave");
        client.publish("r/state", b"on", 0, true);
        client.publish("r/state", b"passing", 0, false);
        client.subscribe("r/state", 0);
        assert_eq!(client.messages_until_now(), [Received::new("r/state", b"on", 0, true)]);
    }

    fn an_empty_payload_clears_it_and_is_still_delivered(broker) {
        let mut client = Client::connect(broker.address(), "clear");
        client.publish("r/state", b"on", 1, true);
        let mut watcher = Client::connect(broker.address(), "watch");
        watcher.subscribe("r/state", 1);
        assert_eq!(watcher.message(), Received::new("r/state", b"on", 1, true));
        client.publish("r/state", b"", 1, true);
        assert_eq!(watcher.message(), Received::new("r/state", b"", 1, false));
        client.subscribe("r/state", 1);
        assert_eq!(client.messages_until_now(), []);
    }

    fn subscribing_again_sends_it_again(broker) {
        let mut client = Client::connect(broker.address(), "again");
        client.publish("r/state", b"on", 1, true);
        for _ in 0..2 {
            client.subscribe("r/state", 1);
            assert_eq!(client.message(), Received::new("r/state", b"on", 1, true));
        }
    }
}
