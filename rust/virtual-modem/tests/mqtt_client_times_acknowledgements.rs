//! Ack timers, keep-alive and lost pings, in virtual time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use m531x_virtual_modem::mqtt_client::{
    AckKind, ClientConfig, ClientEvent, MqttClient, NetRequest,
};

const PINGREQ: [u8; 2] = [0xc0, 0];
const PINGRESP: [u8; 2] = [0xd0, 0];

/// An MQTT client with its own time.
struct Bench {
    mqtt: MqttClient,
    start: Instant,
    now: Instant,
}

impl Bench {
    fn online(keepalive: u16, ack_timeout: u64) -> Self {
        let mut bench = Self::dialling(keepalive, ack_timeout);
        bench.mqtt.handle_connected(bench.now);
        assert_eq!(bench.sent()[0] >> 4, 1, "CONNECT");
        bench.mqtt.handle_bytes(bench.now, &[0x20, 2, 0, 0]);
        assert!(matches!(
            bench.event(),
            Some(ClientEvent::ConnAck { code: 0, .. })
        ));
        bench
    }

    fn dialling(keepalive: u16, ack_timeout: u64) -> Self {
        let mut mqtt = MqttClient::new(ClientConfig {
            keepalive,
            ack_timeout: Duration::from_secs(ack_timeout),
            ..ClientConfig::new("broker", "meter")
        });
        let start = Instant::now();
        mqtt.start(start);
        assert!(matches!(mqtt.poll_net(), Some(NetRequest::Connect { .. })));
        Self {
            mqtt,
            start,
            now: start,
        }
    }

    /// Lets time pass, stopping at every deadline.
    fn pass(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        while let Some(due) = self.mqtt.poll_timeout().filter(|&due| due <= until) {
            assert!(due >= self.now, "a deadline in the past would spin");
            self.now = due;
            self.mqtt.handle_timeout(due);
        }
        self.now = until;
    }

    /// Runs to the next deadline; the seconds since the start.
    fn next_deadline(&mut self) -> u64 {
        self.now = self.mqtt.poll_timeout().unwrap();
        self.mqtt.handle_timeout(self.now);
        (self.now - self.start).as_secs()
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.mqtt.handle_bytes(self.now, bytes);
    }

    fn sent(&mut self) -> Vec<u8> {
        std::iter::from_fn(|| self.mqtt.poll_transmit())
            .flatten()
            .collect()
    }

    fn event(&mut self) -> Option<ClientEvent> {
        self.mqtt.poll_event()
    }

    fn events(&mut self) -> Vec<ClientEvent> {
        std::iter::from_fn(|| self.mqtt.poll_event()).collect()
    }
}

fn late(kind: AckKind, packet_id: u16) -> ClientEvent {
    ClientEvent::AckTimeout { kind, packet_id }
}

#[test]
fn a_ping_goes_out_after_one_idle_keep_alive() {
    let mut bench = Bench::online(60, 10);
    assert_eq!(bench.next_deadline(), 60);
    assert_eq!(bench.sent(), PINGREQ);
    bench.receive(&PINGRESP);
    assert_eq!(bench.events(), [ClientEvent::PingResponse]);
    assert_eq!(bench.next_deadline(), 120);
    assert_eq!(bench.sent(), PINGREQ);
}

#[test]
fn a_client_that_only_sends_still_pings_to_see_whether_anybody_listens() {
    let mut bench = Bench::online(60, 10);
    for _ in 0..5 {
        bench.pass(10);
        bench.mqtt.publish(bench.now, None, "t", b"x", 0, false);
    }
    bench.sent();
    assert_eq!(bench.next_deadline(), 60);
    assert_eq!(bench.sent(), PINGREQ);
}

#[test]
fn traffic_both_ways_postpones_the_ping() {
    let mut bench = Bench::online(60, 10);
    bench.pass(50);
    bench.mqtt.publish(bench.now, Some(1), "t", b"x", 1, false);
    bench.receive(&[0x40, 2, 0, 1]);
    bench.sent();
    assert_eq!(bench.next_deadline(), 110);
    assert_eq!(bench.sent(), PINGREQ);
}

#[test]
fn keep_alive_0_never_pings() {
    let mut bench = Bench::online(0, 10);
    assert_eq!(bench.mqtt.poll_timeout(), None);
    bench.pass(100_000);
    assert_eq!(bench.sent(), b"");
}

#[test]
fn three_lost_pings_in_a_row_are_told_at_keep_alive_intervals() {
    let mut bench = Bench::online(60, 10);
    for (deadline, expected) in [
        (60, vec![]),
        (70, vec![ClientEvent::PingTimeout]),
        (120, vec![]),
        (130, vec![ClientEvent::PingTimeout]),
        (180, vec![]),
        (190, vec![ClientEvent::PingTimeout, ClientEvent::PingsLost]),
    ] {
        assert_eq!(bench.next_deadline(), deadline);
        assert_eq!(bench.events(), expected, "at {deadline} s");
        let pings: &[u8] = if expected.is_empty() { &PINGREQ } else { &[] };
        assert_eq!(bench.sent(), pings, "at {deadline} s");
    }
}

#[test]
fn an_answered_ping_starts_the_count_anew() {
    let mut bench = Bench::online(60, 10);
    bench.pass(130);
    assert_eq!(
        bench.events(),
        [ClientEvent::PingTimeout, ClientEvent::PingTimeout]
    );
    bench.receive(&PINGRESP);
    bench.pass(170);
    let events = bench.events();
    assert_eq!(events[0], ClientEvent::PingResponse);
    assert!(!events.contains(&ClientEvent::PingsLost), "{events:?}");
    bench.pass(60);
    assert!(bench.events().contains(&ClientEvent::PingsLost));
}

#[test]
fn an_ack_timeout_longer_than_the_keep_alive_does_not_stack_pings() {
    let mut bench = Bench::online(5, 12);
    bench.pass(16);
    assert_eq!(bench.sent(), PINGREQ);
    bench.pass(1);
    assert_eq!(bench.events(), [ClientEvent::PingTimeout]);
    assert_eq!(bench.sent(), PINGREQ);
}

#[test]
fn each_packet_has_an_ack_timer_of_its_own() {
    let mut bench = Bench::online(600, 10);
    bench.mqtt.publish(bench.now, Some(1), "t", b"x", 1, false);
    bench.pass(3);
    bench.mqtt.subscribe(bench.now, 2, "t", 0);
    bench.pass(3);
    bench.mqtt.unsubscribe(bench.now, 3, "t");
    bench.mqtt.publish(bench.now, Some(4), "t", b"x", 1, false);
    bench.receive(&[0x40, 2, 0, 4]);
    assert_eq!(bench.events(), [ClientEvent::PubAck { packet_id: 4 }]);
    assert_eq!(bench.next_deadline(), 10);
    assert_eq!(bench.events(), [late(AckKind::Publish, 1)]);
    assert_eq!(bench.next_deadline(), 13);
    assert_eq!(bench.events(), [late(AckKind::Subscribe, 2)]);
    assert_eq!(bench.next_deadline(), 16);
    assert_eq!(bench.events(), [late(AckKind::Unsubscribe, 3)]);
    bench.pass(100);
    assert_eq!(bench.events(), [], "late is said once");
}

#[test]
fn an_ack_that_comes_late_still_counts() {
    let mut bench = Bench::online(600, 10);
    bench.mqtt.publish(bench.now, Some(1), "t", b"x", 1, false);
    bench.mqtt.subscribe(bench.now, 2, "t", 2);
    bench.pass(20);
    bench.events();
    bench.receive(&[0x40, 2, 0, 1, 0x90, 3, 0, 2, 1]);
    assert_eq!(
        bench.events(),
        [
            ClientEvent::PubAck { packet_id: 1 },
            ClientEvent::SubAck {
                packet_id: 2,
                code: 1
            }
        ]
    );
}

#[test]
fn qos_2_waits_for_pubrec_and_then_as_long_for_pubcomp() {
    let mut bench = Bench::online(600, 10);
    bench.mqtt.publish(bench.now, Some(7), "t", b"x", 2, false);
    bench.pass(9);
    bench.receive(&[0x50, 2, 0, 7]);
    assert_eq!(bench.events(), [ClientEvent::PubRec { packet_id: 7 }]);
    assert_eq!(bench.next_deadline(), 19);
    assert_eq!(bench.events(), [late(AckKind::Publish, 7)]);
    bench.receive(&[0x70, 2, 0, 7]);
    assert_eq!(bench.events(), [ClientEvent::PubComp { packet_id: 7 }]);
}

#[test]
fn connecting_is_timed_from_the_start_and_connack_from_connect() {
    let mut bench = Bench::dialling(60, 10);
    assert_eq!(bench.next_deadline(), 10);
    assert_eq!(bench.events(), [late(AckKind::Connect, 0)]);
    let mut bench = Bench::dialling(60, 10);
    bench.pass(4);
    bench.mqtt.handle_connected(bench.now);
    assert_eq!(bench.next_deadline(), 14);
    assert_eq!(bench.events(), [late(AckKind::Connect, 0)]);
}

#[test]
fn a_changed_ack_timeout_holds_for_what_is_sent_afterwards() {
    let mut bench = Bench::online(600, 10);
    bench.mqtt.subscribe(bench.now, 1, "t", 0);
    bench.mqtt.set_ack_timeout(Duration::from_secs(2));
    bench.mqtt.subscribe(bench.now, 2, "t", 0);
    assert_eq!(bench.next_deadline(), 2);
    assert_eq!(bench.events(), [late(AckKind::Subscribe, 2)]);
    assert_eq!(bench.next_deadline(), 10);
    assert_eq!(bench.events(), [late(AckKind::Subscribe, 1)]);
}

#[test]
fn nothing_is_timed_once_the_connection_is_gone() {
    let mut bench = Bench::online(60, 10);
    bench.mqtt.publish(bench.now, Some(1), "t", b"x", 1, false);
    bench.mqtt.handle_network_lost(bench.now, "unplugged");
    assert_eq!(
        bench.events(),
        [ClientEvent::Closed {
            why: "unplugged".to_owned()
        }]
    );
    assert_eq!(bench.mqtt.poll_timeout(), None);
}
