//! Messages that stop short, and what silence decides.

mod framer_support;

use std::time::Duration;

use framer_support::{Bench, Seen, ambiguous, line, message, publish, truncated, untrusted};
use m531x_at::framer::FramerConfig;

const HEAD: &str = "+MQTTPUBLISH:0,0,0,0,";

#[test]
fn fewer_bytes_than_declared_are_delivered_truncated() {
    let mut bench = Bench::subscribed(&["a"]);
    assert_eq!(bench.input(format!("{HEAD}a,50,hello\r\n")), []);
    assert_eq!(bench.silence(), [truncated("a", "hello"), Seen::Hidden(7)]);
    assert_eq!(
        bench.input("OK\r\n"),
        [line("OK")],
        "the next genuine line is kept"
    );
}

#[test]
fn a_short_message_is_not_replaced_by_one_in_its_payload_that_nobody_asked_for() {
    let mut bench = Bench::subscribed(&["a"]);
    assert_eq!(bench.input(format!("{HEAD}a,50,b,2,hi\r\nOK\r\n")), []);
    assert_eq!(
        bench.silence(),
        [truncated("a", "b,2,hi\r\nOK"), Seen::Hidden(12)]
    );
}

#[test]
fn silence_is_counted_from_the_last_byte() {
    let limit = FramerConfig::default().silence_limit;
    let mut bench = Bench::subscribed(&["a"]);
    bench.input(format!("{HEAD}a,5,he"));
    let first = bench.framer.poll_timeout().expect("a deadline");
    assert_eq!(first, bench.now + limit);
    bench.now += limit.saturating_sub(Duration::from_millis(1));
    bench.input("l");
    assert_eq!(bench.framer.poll_timeout(), Some(bench.now + limit));
    bench.framer.handle_timeout(first);
    assert_eq!(
        bench.input("lo\r\n"),
        [message("a", "hello")],
        "too early to give up"
    );
}

#[test]
fn lines_swallowed_by_a_short_message_are_reported_as_hidden() {
    let mut bench = Bench::subscribed(&["a"]);
    assert_eq!(
        bench.input(format!("{HEAD}a,50,hel\r\nOK\r\n+CEREG:1\r\n")),
        []
    );
    assert_eq!(
        bench.silence(),
        [truncated("a", "hel\r\nOK\r\n+CEREG:1"), Seen::Hidden(19)]
    );
    assert_eq!(bench.input("\r\nOK\r\n"), [line("OK")]);
}

#[test]
fn firmware_before_v1_1_ends_a_message_with_nothing() {
    let mut bench = Bench::subscribed(&["a"]);
    assert_eq!(bench.input(format!("{HEAD}a,5,hello")), []);
    assert_eq!(bench.silence(), [message("a", "hello")]);
    assert_eq!(bench.input("\r\nOK\r\n"), [line("OK")]);
}

#[test]
fn a_line_end_inside_and_none_behind_can_mean_too_many_declared_bytes() {
    // `hello` and its CR LF, then the empty line before the next message.
    let mut bench = Bench::subscribed(&["a"]);
    assert_eq!(bench.input(format!("{HEAD}a,9,hello\r\n")), []);
    assert_eq!(
        bench.input(format!("\r\n{HEAD}a,2,ok\r\n")),
        [
            ambiguous("a", "hello\r\n\r\n"),
            Seen::Hidden(3),
            message("a", "ok")
        ]
    );
}

#[test]
fn an_open_reading_loses_to_a_complete_one() {
    let mut bench = Bench::subscribed(&["#"]);
    assert_eq!(
        bench.input(publish(b"a", b"23,1013,45")),
        [],
        "`a,10,23` could have 1013 bytes"
    );
    assert_eq!(bench.silence(), [message("a", "23,1013,45")]);
}

#[test]
fn an_open_reading_that_turns_out_wrong_costs_nothing() {
    let mut bench = Bench::subscribed(&["#"]);
    assert_eq!(bench.input(publish(b"a", b"23,30,45")), []);
    assert_eq!(bench.input("OK\r\n+CSQ:20,99\r\n+CEREG"), []);
    assert_eq!(
        bench.input(":1\r\nOK\r\n"),
        [
            message("a", "23,30,45"),
            line("OK"),
            line("+CSQ:20,99"),
            line("+CEREG:1"),
            line("OK")
        ]
    );
}

#[test]
fn what_lies_within_an_open_reading_is_in_doubt_after_the_silence() {
    let mut bench = Bench::subscribed(&["#"]);
    bench.input(publish(b"a", b"23,1013,45"));
    bench.input("OK\r\n");
    bench.input(publish(b"b", b"on"));
    bench.input("\r\n+CER");
    assert_eq!(
        bench.silence(),
        [
            ambiguous("a", "23,1013,45"),
            untrusted("OK"),
            ambiguous("b", "on"),
            untrusted("+CER"),
            Seen::Hidden(4 + 29 + 2 + 4),
        ]
    );
    assert_eq!(bench.input("OK\r\n"), [line("OK")]);
}

#[test]
fn a_forged_message_in_doubt_takes_nothing_from_behind_it() {
    let mut bench = Bench::unknown();
    // `a,5,b` declares 42 bytes: to the CR LF behind the forged header.
    let forged = format!("x\r\n{HEAD}z,900,zzzzzzzzzzz");
    assert_eq!(forged.len(), 41);
    let bytes = format!("{HEAD}a,6,b,41,{forged}\r\nOK\r\n");
    let seen = bench.all(&[bytes.as_bytes()]);
    assert_eq!(
        seen,
        [
            ambiguous("a", "b,41,x"),
            untrusted(&format!("{HEAD}z,900,zzzzzzzzzzz")),
            Seen::Hidden(40),
            line("OK"),
        ]
    );
}

#[test]
fn several_short_readings_are_one_flagged_message() {
    let mut bench = Bench::unknown();
    bench.input(format!("{HEAD}a,50,b,60,hello\r\n"));
    let Some(Seen::Message(shortest)) = bench.silence().into_iter().next() else {
        panic!("a message");
    };
    assert_eq!(
        (&shortest.topic[..], &shortest.payload[..]),
        (&b"a"[..], &b"b,60,hello"[..])
    );
    assert!(shortest.truncated && shortest.ambiguous);
}

#[test]
fn a_short_message_over_the_limit_ends_with_the_silence() {
    let config = FramerConfig {
        max_message: 10,
        ..FramerConfig::default()
    };
    let mut bench = Bench::new(config, Some(&["a"]));
    assert_eq!(
        bench.input(format!("{HEAD}a,50,hello\r\nOK\r\n")),
        [Seen::Oversize(b"a".to_vec(), 50)]
    );
    assert_eq!(bench.silence(), [Seen::Hidden(11)]);
    assert_eq!(bench.input("OK\r\n"), [line("OK")]);
}

#[test]
fn the_form_of_2016_can_stop_short_too() {
    let mut bench = Bench::unknown();
    assert_eq!(bench.input(format!("{HEAD}a,50\r\nhello\r\n")), []);
    assert_eq!(bench.silence(), [truncated("a", "hello"), Seen::Hidden(7)]);
}

#[test]
fn a_message_without_a_length_yet_waits_without_a_deadline() {
    let mut bench = Bench::unknown();
    bench.input(format!("{HEAD}a,5"));
    assert_eq!(bench.framer.poll_timeout(), None);
    assert_eq!(bench.input(",hello\r\n"), [message("a", "hello")]);
}

#[test]
fn a_message_in_doubt_without_its_line_end_leaves_no_line_to_believe() {
    let mut bench = Bench::subscribed(&["a"]);
    let within = format!("{HEAD}z,2,hi");
    assert_eq!(
        bench.input(format!("{HEAD}a,35,b,2,hi\r\n{within}OK\r\nERROR\r\n")),
        [
            ambiguous("a,35,b", "hi"),
            untrusted(&format!("{within}OK")),
            Seen::Hidden(27),
            line("ERROR"),
        ]
    );
}
