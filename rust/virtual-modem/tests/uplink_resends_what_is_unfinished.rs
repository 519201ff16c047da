//! The client's session: what is sent again, what is shown once.

use std::time::Instant;

use m531x_virtual_modem::uplink::{NetRequest, Uplink, UplinkConfig, UplinkEvent};

fn uplink(clean_session: bool) -> Uplink {
    let mut uplink = Uplink::new(UplinkConfig {
        clean_session,
        ..UplinkConfig::new("broker", "meter")
    });
    connect(&mut uplink, false);
    uplink
}

/// Connects once more; what was sent after CONNECT.
fn connect(uplink: &mut Uplink, session_present: bool) -> Vec<Vec<u8>> {
    let now = Instant::now();
    uplink.start(now);
    uplink.handle_connected(now);
    assert_eq!(sent(uplink).remove(0)[0], 0x10);
    uplink.handle_bytes(now, &[0x20, 2, session_present.into(), 0]);
    assert!(matches!(
        events(uplink)[..],
        [UplinkEvent::ConnAck { code: 0, .. }]
    ));
    sent(uplink)
}

fn sent(uplink: &mut Uplink) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| uplink.poll_transmit()).collect()
}

fn events(uplink: &mut Uplink) -> Vec<UplinkEvent> {
    std::iter::from_fn(|| uplink.poll_event()).collect()
}

fn receive(uplink: &mut Uplink, bytes: &[u8]) {
    uplink.handle_bytes(Instant::now(), bytes);
}

fn publish(uplink: &mut Uplink, packet_id: u16, qos: u8) {
    uplink.publish(Instant::now(), Some(packet_id), "t", b"x", qos, false);
}

fn lose(uplink: &mut Uplink) {
    uplink.handle_network_lost(Instant::now(), "unplugged");
    events(uplink);
}

#[test]
fn unacknowledged_publishes_go_again_with_dup_in_their_order() {
    let mut uplink = uplink(false);
    publish(&mut uplink, 1, 1);
    publish(&mut uplink, 2, 2);
    publish(&mut uplink, 3, 1);
    receive(&mut uplink, &[0x40, 2, 0, 1]);
    assert_eq!(sent(&mut uplink).len(), 3);
    lose(&mut uplink);
    assert_eq!(
        connect(&mut uplink, true),
        [
            b"\x3c\x06\x00\x01t\x00\x02x".to_vec(),
            b"\x3a\x06\x00\x01t\x00\x03x".to_vec(),
        ]
    );
}

#[test]
fn a_publish_that_was_received_goes_on_with_pubrel() {
    let mut uplink = uplink(false);
    publish(&mut uplink, 9, 2);
    receive(&mut uplink, &[0x50, 2, 0, 9]);
    lose(&mut uplink);
    assert_eq!(connect(&mut uplink, true), [b"\x62\x02\x00\x09".to_vec()]);
    receive(&mut uplink, &[0x70, 2, 0, 9]);
    assert_eq!(events(&mut uplink), [UplinkEvent::PubComp { packet_id: 9 }]);
    lose(&mut uplink);
    assert_eq!(connect(&mut uplink, true), Vec::<Vec<u8>>::new());
}

#[test]
fn a_publish_made_offline_goes_first_without_dup() {
    let mut uplink = uplink(false);
    lose(&mut uplink);
    publish(&mut uplink, 4, 1);
    uplink.publish(Instant::now(), None, "t", b"gone", 0, false);
    assert_eq!(
        connect(&mut uplink, false),
        [b"\x32\x06\x00\x01t\x00\x04x".to_vec()]
    );
}

#[test]
fn a_clean_session_sends_nothing_again() {
    let mut uplink = uplink(true);
    publish(&mut uplink, 1, 1);
    publish(&mut uplink, 2, 2);
    lose(&mut uplink);
    assert_eq!(connect(&mut uplink, false), Vec::<Vec<u8>>::new());
    receive(&mut uplink, &[0x40, 2, 0, 1]);
    assert_eq!(events(&mut uplink), []);
}

#[test]
fn inbound_messages_are_acknowledged_when_the_caller_says_so() {
    let mut uplink = uplink(true);
    receive(
        &mut uplink,
        b"\x32\x06\x00\x01t\x00\x05x\x34\x06\x00\x01t\x00\x06y",
    );
    assert_eq!(events(&mut uplink).len(), 2);
    assert_eq!(sent(&mut uplink), Vec::<Vec<u8>>::new());
    uplink.acknowledge(Instant::now(), 1, 5);
    uplink.acknowledge(Instant::now(), 2, 6);
    uplink.acknowledge(Instant::now(), 0, 0);
    assert_eq!(
        sent(&mut uplink),
        [b"\x40\x02\x00\x05".to_vec(), b"\x50\x02\x00\x06".to_vec()]
    );
    receive(&mut uplink, b"\x62\x02\x00\x06");
    assert_eq!(sent(&mut uplink), [b"\x70\x02\x00\x06".to_vec()]);
    uplink.acknowledge(Instant::now(), 1, 5);
    uplink.acknowledge(Instant::now(), 2, 6);
    assert_eq!(
        sent(&mut uplink),
        Vec::<Vec<u8>>::new(),
        "each is acknowledged once"
    );
}

#[test]
fn an_inbound_qos_2_message_is_shown_once_also_over_a_reconnect() {
    let mut uplink = uplink(false);
    receive(&mut uplink, b"\x34\x06\x00\x01t\x00\x06y");
    assert_eq!(events(&mut uplink).len(), 1);
    uplink.acknowledge(Instant::now(), 2, 6);
    lose(&mut uplink);
    connect(&mut uplink, true);
    receive(&mut uplink, b"\x3c\x06\x00\x01t\x00\x06y");
    assert_eq!(events(&mut uplink), []);
    assert_eq!(sent(&mut uplink), [b"\x50\x02\x00\x06".to_vec()]);
    receive(&mut uplink, b"\x62\x02\x00\x06\x34\x06\x00\x01t\x00\x06z");
    assert_eq!(events(&mut uplink).len(), 1, "after PUBREL the id is free");
}

#[test]
fn an_acknowledgement_given_offline_is_not_lost() {
    let mut uplink = uplink(false);
    receive(&mut uplink, b"\x34\x06\x00\x01t\x00\x06y");
    lose(&mut uplink);
    uplink.acknowledge(Instant::now(), 2, 6);
    assert_eq!(connect(&mut uplink, true), Vec::<Vec<u8>>::new());
    receive(&mut uplink, b"\x3c\x06\x00\x01t\x00\x06y");
    assert_eq!(sent(&mut uplink), [b"\x50\x02\x00\x06".to_vec()]);
}

#[test]
fn ids_of_a_session_the_broker_has_lost_mean_nothing() {
    let mut uplink = uplink(false);
    receive(&mut uplink, b"\x34\x06\x00\x01t\x00\x06y");
    events(&mut uplink);
    lose(&mut uplink);
    connect(&mut uplink, false);
    receive(&mut uplink, b"\x34\x06\x00\x01t\x00\x06z");
    assert_eq!(events(&mut uplink).len(), 1);
}

#[test]
fn disconnect_says_goodbye_and_abort_does_not() {
    let mut polite = uplink(true);
    polite.poll_net();
    polite.disconnect(Instant::now());
    assert_eq!(sent(&mut polite), [b"\xe0\x00".to_vec()]);
    assert_eq!(polite.poll_net(), Some(NetRequest::Close));
    let mut abrupt = uplink(true);
    abrupt.poll_net();
    abrupt.abort();
    assert_eq!(sent(&mut abrupt), Vec::<Vec<u8>>::new());
    assert_eq!(abrupt.poll_net(), Some(NetRequest::Close));
    assert_eq!(events(&mut abrupt), []);
}
