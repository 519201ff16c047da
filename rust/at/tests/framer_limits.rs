//! Messages and topics at and over the limits.

mod framer_support;

use framer_support::{Bench, Seen, line, message, pieces, publish};
use m531x_at::framer::FramerConfig;
use m531x_at::profile::TopicQuoting;

#[test]
fn a_message_over_the_limit_is_reported_once_and_streamed_past() {
    let config = FramerConfig {
        max_message: 100,
        ..FramerConfig::default()
    };
    let payload = vec![b'x'; 5000];
    let mut bytes = publish(b"a/b", &payload);
    bytes.extend_from_slice(b"OK\r\n");
    for filters in [None, Some(&["a/b"][..]), Some(&["z"][..])] {
        for length in [1, 64, 10_000] {
            let seen = Bench::new(config.clone(), filters).all(&pieces(&bytes, &[length]));
            assert_eq!(seen, [Seen::Oversize(b"a/b".to_vec(), 5000), line("OK")]);
        }
    }
}

#[test]
fn a_limit_is_inclusive_and_a_small_reading_wins_over_one_too_long() {
    let config = FramerConfig {
        max_message: 5,
        ..FramerConfig::default()
    };
    let mut bench = Bench::new(config, None);
    assert_eq!(
        bench.input(publish(b"a", b"12345")),
        [message("a", "12345")]
    );
    assert_eq!(
        bench.input(publish(b"a", b"1,7,2")),
        [message("a", "1,7,2")]
    );
    assert_eq!(
        bench.input(publish(b"a", b"123456")),
        [Seen::Oversize(b"a".to_vec(), 6)]
    );
}

#[test]
fn no_memory_is_held_for_a_message_over_the_limit() {
    let mut bench = Bench::unknown();
    bench.input("+MQTTPUBLISH:0,0,0,0,a,200000000,\t");
    let seen = bench.silence();
    assert_eq!(seen, [Seen::Hidden(1)]);
    assert_eq!(bench.input("OK\r\n"), [line("OK")]);
}

#[test]
fn topics_are_looked_for_up_to_the_limit() {
    let config = FramerConfig {
        topic_limit: 8,
        publish_topic: TopicQuoting::Bare,
        ..FramerConfig::default()
    };
    let seen = Bench::new(config.clone(), None).input(publish(b"12345678", b"x"));
    assert_eq!(seen, [message("12345678", "x")]);
    let seen = Bench::new(config, None).all(&[&publish(b"123456789", b"x,1,0123456789")]);
    assert!(
        matches!(&seen[..], [Seen::Untrusted(_), Seen::Hidden(_)]),
        "{seen:?}"
    );
}
