//! Who is let in, and what ends a connection.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use m531x_test_support::brokers::TestBroker;
use m531x_test_support::mqtt_client::{Client, config};
use m531x_virtual_modem::mqtt_client::ClientEvent;

/// CONNECT of client "raw" with a clean session and the given keep-alive.
fn connect_packet(keepalive: u8) -> Vec<u8> {
    let mut packet = vec![
        0x10, 15, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, keepalive, 0, 3,
    ];
    packet.extend_from_slice(b"raw");
    packet
}

fn raw(broker: &TestBroker) -> TcpStream {
    let stream = TcpStream::connect(broker.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(15)))
        .unwrap();
    stream
}

/// A connection that the broker has accepted.
fn accepted(broker: &TestBroker, keepalive: u8) -> TcpStream {
    let mut stream = raw(broker);
    stream.write_all(&connect_packet(keepalive)).unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0x20, 2, 0, 0]);
    stream
}

/// Waits for the end of the connection; what came before it.
fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("still open: {error}"),
        _ => bytes,
    }
}

m531x_test_support::on_both_brokers! {
    fn a_malformed_packet_ends_the_connection(broker) {
        for (what, bytes) in [
            ("PUBLISH at QoS 3", &[0x36, 5, 0, 1, b'a', 0, 1][..]),
            ("PUBLISH to a wildcard", &[0x30, 3, 0, 1, b'#']),
            ("SUBSCRIBE without its flag", &[0x80, 6, 0, 1, 0, 1, b'a', 0]),
            ("SUBSCRIBE at QoS 3", &[0x82, 6, 0, 1, 0, 1, b'a', 3]),
            ("SUBSCRIBE to a#", &[0x82, 7, 0, 1, 0, 2, b'a', b'#', 0]),
            ("SUBSCRIBE to nothing", &[0x82, 2, 0, 1]),
            ("a remaining length of five bytes", &[0x30, 0xff, 0xff, 0xff, 0xff, 1]),
            ("packet type 0", &[0x00, 0]),
            ("a second CONNECT", &connect_packet(0)),
        ] {
            let mut stream = accepted(broker, 0);
            stream.write_all(bytes).unwrap();
            assert_eq!(rest(stream), b"", "{what}");
        }
        // The others are not harmed.
        Client::connect(broker.address(), "alive").publish("a", b"x", 1, false);
    }

    fn anything_before_connect_ends_the_connection(broker) {
        for bytes in [&[0xc0, 0][..], b"GET / HTTP/1.1\r\n\r\n", &[0x30, 3, 0, 1, b'a']] {
            let mut stream = raw(broker);
            stream.write_all(bytes).unwrap();
            assert_eq!(rest(stream), b"");
        }
    }

    fn an_unknown_protocol_level_is_answered_with_code_1(broker) {
        let mut packet = connect_packet(0);
        packet[8] = 9;
        let mut stream = raw(broker);
        stream.write_all(&packet).unwrap();
        assert_eq!(rest(stream), [0x20, 2, 0, 1]);
    }

    fn an_empty_client_id_needs_a_clean_session(broker) {
        let mut clean = Client::new(config(broker.address(), ""));
        clean.open();
        let mut lasting = config(broker.address(), "");
        lasting.clean_session = false;
        let answer = Client::new(lasting).start();
        assert!(matches!(answer, ClientEvent::ConnAck { code: 2, .. }), "{answer:?}");
    }

    fn silence_of_one_and_a_half_keep_alives_ends_the_connection(broker) {
        let begin = Instant::now();
        let stream = accepted(broker, 1);
        assert_eq!(rest(stream), b"");
        assert!(begin.elapsed() >= Duration::from_millis(1400), "{:?}", begin.elapsed());
    }

    fn a_ping_is_answered(broker) {
        let mut stream = accepted(broker, 60);
        stream.write_all(&[0xc0, 0]).unwrap();
        let mut answer = [0; 2];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [0xd0, 0]);
    }

    fn packets_may_come_byte_by_byte_and_many_at_once(broker) {
        let mut stream = raw(broker);
        let mut bytes = connect_packet(0);
        bytes.extend_from_slice(&[0xc0, 0, 0xc0, 0]);
        for byte in bytes {
            stream.write_all(&[byte]).unwrap();
        }
        let mut answer = [0; 8];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [0x20, 2, 0, 0, 0xd0, 0, 0xd0, 0]);
    }
}

/// What SECURITY.md and docs/security.md say of mosquitto. The embedded broker lets them through, NUL
/// excepted, as brokers may.
#[test]
fn mosquitto_closes_the_connection_of_a_publisher_that_puts_control_characters_into_a_topic() {
    let broker = TestBroker::mosquitto();
    for character in (1..0x20).chain([0x7f]) {
        let mut stream = accepted(&broker, 0);
        let publish = [0x32, 8, 0, 3, b'a', character, b'b', 0, 1, b'x'];
        stream.write_all(&publish).unwrap();
        assert!(rest(stream).is_empty(), "PUBACK: {character:#x}");
    }
    let mut stream = accepted(&broker, 0);
    stream
        .write_all(&[0x32, 8, 0, 3, b'a', b',', b'b', 0, 1, b'x'])
        .unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0x40, 2, 0, 1], "PUBACK");
}

#[test]
fn a_wrong_password_is_refused_and_the_right_one_is_not() {
    for broker in TestBroker::both_with_user("meter", "right") {
        let mut config = config(broker.address(), "meter-7");
        config.username = Some("meter".to_owned());
        config.password = Some("right".to_owned());
        Client::new(config.clone()).open();
        config.password = Some("wrong".to_owned());
        let mut client = Client::new(config.clone());
        let answer = client.start();
        // mosquitto says 5 where MQTT 3.1.1 has 4.
        assert!(
            matches!(answer, ClientEvent::ConnAck { code: 4 | 5, .. }),
            "{answer:?}"
        );
        let end = client.wait("the end", |event| {
            matches!(event, ClientEvent::Closed { .. })
        });
        assert!(!format!("{end:?}").contains("wrong"));
        config.username = None;
        let answer = Client::new(config).start();
        assert!(
            matches!(answer, ClientEvent::ConnAck { code: 5, .. }),
            "{answer:?}"
        );
    }
}
