//! The client's session: what is sent again, what is shown once.

use std::time::Instant;

use m531x_virtual_modem::mqtt_client::{ClientConfig, ClientEvent, MqttClient, NetRequest};

fn mqtt(clean_session: bool) -> MqttClient {
    let mut mqtt = MqttClient::new(ClientConfig {
        clean_session,
        ..ClientConfig::new("broker", "meter")
    });
    connect(&mut mqtt, false);
    mqtt
}

/// Connects once more; what was sent after CONNECT.
fn connect(mqtt: &mut MqttClient, session_present: bool) -> Vec<Vec<u8>> {
    let now = Instant::now();
    mqtt.start(now);
    mqtt.handle_connected(now);
    assert_eq!(sent(mqtt).remove(0)[0], 0x10);
    mqtt.handle_bytes(now, &[0x20, 2, session_present.into(), 0]);
    assert!(matches!(
        events(mqtt)[..],
        [ClientEvent::ConnAck { code: 0, .. }]
    ));
    sent(mqtt)
}

fn sent(mqtt: &mut MqttClient) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| mqtt.poll_transmit()).collect()
}

fn events(mqtt: &mut MqttClient) -> Vec<ClientEvent> {
    std::iter::from_fn(|| mqtt.poll_event()).collect()
}

fn receive(mqtt: &mut MqttClient, bytes: &[u8]) {
    mqtt.handle_bytes(Instant::now(), bytes);
}

fn publish(mqtt: &mut MqttClient, packet_id: u16, qos: u8) {
    mqtt.publish(Instant::now(), Some(packet_id), "t", b"x", qos, false);
}

fn lose(mqtt: &mut MqttClient) {
    mqtt.handle_network_lost(Instant::now(), "unplugged");
    events(mqtt);
}

#[test]
fn unacknowledged_publishes_go_again_with_dup_in_their_order() {
    let mut mqtt = mqtt(false);
    publish(&mut mqtt, 1, 1);
    publish(&mut mqtt, 2, 2);
    publish(&mut mqtt, 3, 1);
    receive(&mut mqtt, &[0x40, 2, 0, 1]);
    assert_eq!(sent(&mut mqtt).len(), 3);
    lose(&mut mqtt);
    assert_eq!(
        connect(&mut mqtt, true),
        [
            b"\x3c\x06\x00\x01t\x00\x02x".to_vec(),
            b"\x3a\x06\x00\x01t\x00\x03x".to_vec(),
        ]
    );
}

#[test]
fn a_publish_that_was_received_goes_on_with_pubrel() {
    let mut mqtt = mqtt(false);
    publish(&mut mqtt, 9, 2);
    receive(&mut mqtt, &[0x50, 2, 0, 9]);
    lose(&mut mqtt);
    assert_eq!(connect(&mut mqtt, true), [b"\x62\x02\x00\x09".to_vec()]);
    receive(&mut mqtt, &[0x70, 2, 0, 9]);
    assert_eq!(events(&mut mqtt), [ClientEvent::PubComp { packet_id: 9 }]);
    lose(&mut mqtt);
    assert_eq!(connect(&mut mqtt, true), Vec::<Vec<u8>>::new());
}

#[test]
fn a_publish_made_offline_goes_first_without_dup() {
    let mut mqtt = mqtt(false);
    lose(&mut mqtt);
    publish(&mut mqtt, 4, 1);
    mqtt.publish(Instant::now(), None, "t", b"gone", 0, false);
    assert_eq!(
        connect(&mut mqtt, false),
        [b"\x32\x06\x00\x01t\x00\x04x".to_vec()]
    );
}

#[test]
fn a_clean_session_sends_nothing_again() {
    let mut mqtt = mqtt(true);
    publish(&mut mqtt, 1, 1);
    publish(&mut mqtt, 2, 2);
    lose(&mut mqtt);
    assert_eq!(connect(&mut mqtt, false), Vec::<Vec<u8>>::new());
    receive(&mut mqtt, &[0x40, 2, 0, 1]);
    assert_eq!(events(&mut mqtt), []);
}

#[test]
fn inbound_messages_are_acknowledged_when_the_caller_says_so() {
    let mut mqtt = mqtt(true);
    receive(
        &mut mqtt,
        b"\x32\x06\x00\x01t\x00\x05x\x34\x06\x00\x01t\x00\x06y",
    );
    assert_eq!(events(&mut mqtt).len(), 2);
    assert_eq!(sent(&mut mqtt), Vec::<Vec<u8>>::new());
    mqtt.acknowledge(Instant::now(), 1, 5);
    mqtt.acknowledge(Instant::now(), 2, 6);
    mqtt.acknowledge(Instant::now(), 0, 0);
    assert_eq!(
        sent(&mut mqtt),
        [b"\x40\x02\x00\x05".to_vec(), b"\x50\x02\x00\x06".to_vec()]
    );
    receive(&mut mqtt, b"\x62\x02\x00\x06");
    assert_eq!(sent(&mut mqtt), [b"\x70\x02\x00\x06".to_vec()]);
    mqtt.acknowledge(Instant::now(), 1, 5);
    mqtt.acknowledge(Instant::now(), 2, 6);
    assert_eq!(
        sent(&mut mqtt),
        Vec::<Vec<u8>>::new(),
        "each is acknowledged once"
    );
}

#[test]
fn an_inbound_qos_2_message_is_shown_once_also_over_a_reconnect() {
    let mut mqtt = mqtt(false);
    receive(&mut mqtt, b"\x34\x06\x00\x01t\x00\x06y");
    assert_eq!(events(&mut mqtt).len(), 1);
    mqtt.acknowledge(Instant::now(), 2, 6);
    lose(&mut mqtt);
    connect(&mut mqtt, true);
    receive(&mut mqtt, b"\x3c\x06\x00\x01t\x00\x06y");
    assert_eq!(events(&mut mqtt), []);
    assert_eq!(sent(&mut mqtt), [b"\x50\x02\x00\x06".to_vec()]);
    receive(&mut mqtt, b"\x62\x02\x00\x06\x34\x06\x00\x01t\x00\x06z");
    assert_eq!(events(&mut mqtt).len(), 1, "after PUBREL the id is free");
}

#[test]
fn an_acknowledgement_given_offline_is_not_lost() {
    let mut mqtt = mqtt(false);
    receive(&mut mqtt, b"\x34\x06\x00\x01t\x00\x06y");
    lose(&mut mqtt);
    mqtt.acknowledge(Instant::now(), 2, 6);
    assert_eq!(connect(&mut mqtt, true), Vec::<Vec<u8>>::new());
    receive(&mut mqtt, b"\x3c\x06\x00\x01t\x00\x06y");
    assert_eq!(sent(&mut mqtt), [b"\x50\x02\x00\x06".to_vec()]);
}

#[test]
fn ids_of_a_session_the_broker_has_lost_mean_nothing() {
    let mut mqtt = mqtt(false);
    receive(&mut mqtt, b"\x34\x06\x00\x01t\x00\x06y");
    events(&mut mqtt);
    lose(&mut mqtt);
    connect(&mut mqtt, false);
    receive(&mut mqtt, b"\x34\x06\x00\x01t\x00\x06z");
    assert_eq!(events(&mut mqtt).len(), 1);
}

#[test]
fn disconnect_says_goodbye_and_abort_does_not() {
    let mut polite = mqtt(true);
    polite.poll_net();
    polite.disconnect(Instant::now());
    assert_eq!(sent(&mut polite), [b"\xe0\x00".to_vec()]);
    assert_eq!(polite.poll_net(), Some(NetRequest::Close));
    let mut abrupt = mqtt(true);
    abrupt.poll_net();
    abrupt.abort();
    assert_eq!(sent(&mut abrupt), Vec::<Vec<u8>>::new());
    assert_eq!(abrupt.poll_net(), Some(NetRequest::Close));
    assert_eq!(events(&mut abrupt), []);
}
