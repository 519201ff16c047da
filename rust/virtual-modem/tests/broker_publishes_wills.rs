//! The will goes out when a client vanishes, and only then.

use m531x_test_support::brokers::TestBroker;
use m531x_test_support::mosquitto_tools::Subscriber;
use m531x_test_support::mqtt_client::{Client, Received, config};
use m531x_virtual_modem::mqtt_client::ClientWill;

fn with_will(broker: &TestBroker, client_id: &str, qos: u8, retain: bool) -> Client {
    let mut config = config(broker.address(), client_id);
    config.will = Some(ClientWill {
        topic: "will/gone".to_owned(),
        payload: "断开".as_bytes().to_vec(),
        qos,
        retain,
    });
    Client::new(config)
}

m531x_test_support::on_both_brokers! {
    fn a_client_that_vanishes_leaves_its_will(broker) {
        for qos in 0..=2 {
            let mut peer = Subscriber::start(broker.address(), "will/#", 2, &[]);
            let mut client = with_will(broker, "mortal", qos, false);
            client.open();
            client.vanish();
            assert_eq!(peer.message(), Received::new("will/gone", "断开".as_bytes(), qos, false));
        }
    }

    fn a_will_can_be_retained(broker) {
        let mut watcher = Client::connect(broker.address(), "watcher");
        watcher.subscribe("will/#", 1);
        let mut client = with_will(broker, "mortal", 1, true);
        client.open();
        client.vanish();
        watcher.message();
        let mut late = Client::connect(broker.address(), "late");
        late.subscribe("will/#", 1);
        assert_eq!(late.message(), Received::new("will/gone", "断开".as_bytes(), 1, true));
    }

    fn a_disconnect_takes_the_will_away(broker) {
        let mut watcher = Client::connect(broker.address(), "watcher");
        watcher.subscribe("#", 2);
        let mut client = with_will(broker, "polite", 1, false);
        client.open();
        client.publish("still/here", b"", 1, false);
        client.disconnect();
        // The broker has seen the end once it lets the same client id in without closing anybody.
        let mut again = with_will(broker, "polite", 1, false);
        again.open();
        again.disconnect();
        let topics: Vec<String> =
            watcher.messages_until_now().into_iter().map(|message| message.topic).collect();
        assert_eq!(topics, ["still/here"]);
    }
}
