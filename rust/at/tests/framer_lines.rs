//! Lines: where they end, which are skipped, which are too long.

mod framer_support;

use framer_support::{Bench, Seen, line, message, pieces, publish, untrusted};
use m531x_at::framer::{FramerConfig, silence_limit};
use std::time::Duration;

#[test]
fn a_line_ends_at_lf_and_loses_its_line_end() {
    let cases: &[(&str, &[Seen])] = &[
        ("OK\r\n", &[line("OK")]),
        ("OK\n", &[line("OK")]),
        ("\r\nOK\r\r\n", &[line("OK")]),
        ("\r\n\r\n\n\r\n", &[]),
        ("OK", &[]),
        ("OK\r", &[]),
        (
            "AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n",
            &[line("AT+CSQ"), line("+CSQ: 20,99"), line("OK")],
        ),
        (
            "+MQTTPUB\r\n+MQTTPUBLISH\r\n",
            &[line("+MQTTPUB"), line("+MQTTPUBLISH")],
        ),
        ("a\rb\r\n", &[line("a\rb")]),
        ("caf\u{e9}\0\r\n", &[line("caf\u{e9}\0")]),
    ];
    for (bytes, expected) in cases {
        let seen = Bench::unknown().all(&[bytes.as_bytes()]);
        assert_eq!(&seen, expected, "{}", bytes.escape_debug());
    }
}

#[test]
fn a_line_over_the_limit_is_streamed_past() {
    let config = FramerConfig {
        max_line: 100,
        ..FramerConfig::default()
    };
    for length in [99, 100, 101, 5000] {
        let text = "x".repeat(length);
        let expected = if length <= 100 {
            line(&text)
        } else {
            Seen::LineTooLong(length)
        };
        let bytes = format!("{text}\nOK\r\n");
        for chunk in [1, 7, 10_000] {
            let seen = Bench::new(config.clone(), None).all(&pieces(bytes.as_bytes(), &[chunk]));
            assert_eq!(
                seen,
                [expected.clone(), line("OK")],
                "{length} in pieces of {chunk}"
            );
        }
    }
}

#[test]
fn an_unfinished_line_waits_without_a_deadline() {
    let mut bench = Bench::unknown();
    assert_eq!(bench.input("+CEREG"), []);
    assert_eq!(bench.framer.poll_timeout(), None);
    assert_eq!(bench.input(":1\r\n"), [line("+CEREG:1")]);
}

#[test]
fn a_header_that_is_not_numeric_is_a_line() {
    for text in [
        "+MQTTPUBLISH:",
        "+MQTTPUBLISH: OK",
        "+MQTTPUBLISH:0,0,x,0,a,2,hi",
        "+MQTTPUBLISH:0,0",
    ] {
        let seen = Bench::unknown().all(&[format!("{text}\r\nOK\r\n").as_bytes()]);
        assert_eq!(seen, [line(text), line("OK")]);
    }
}

#[test]
fn a_message_behind_an_echo_is_a_message() {
    let seen = Bench::unknown()
        .all(&[b"AT+CSQ\r+MQTTPUBLISH:0,0,0,0,a,6,\r\nOK\r\n\r\n\r\n+CSQ:1,99\r\n"]);
    assert_eq!(
        seen,
        [
            line("AT+CSQ"),
            message("a", "\r\nOK\r\n"),
            line("+CSQ:1,99")
        ]
    );
}

#[test]
fn the_echo_of_a_published_text_is_not_a_message() {
    let echo = r#"AT+MQTTPUB="a",0,0,0,0,"+MQTTPUBLISH:0,0,0,0,b,2,hi""#;
    let seen = Bench::unknown().all(&[format!("{echo}\r\n\r\nOK\r\n").as_bytes()]);
    assert_eq!(seen, [line(echo), line("OK")]);
}

#[test]
fn reset_forgets_bytes_and_keeps_subscriptions() {
    let mut bench = Bench::subscribed(&["a"]);
    bench.input("+MQTTPUBLISH:0,0,0,0,a,50,hello");
    bench.framer.reset();
    assert_eq!(bench.framer.poll_timeout(), None);
    let seen = bench.input("+MQTTPUBLISH:0,0,0,0,a,8,b,4,wxyz\r\n");
    assert_eq!(seen, [message("a", "b,4,wxyz")]);
}

#[test]
fn nothing_in_an_unreadable_region_is_trusted_and_trust_returns() {
    let config = FramerConfig {
        max_line: 64,
        ..FramerConfig::default()
    };
    let header = "+MQTTPUBLISH:0,0,0,0,a\tb,4,xx";
    let mut bench = Bench::new(config.clone(), None);
    assert_eq!(
        bench.input(format!("{header}\r\nOK\r\n+MQTTPUBLISH:0,0,0,0,a,2,hi\r\n")),
        [
            untrusted(header),
            untrusted("OK"),
            untrusted("+MQTTPUBLISH:0,0,0,0,a,2,hi"),
            Seen::Hidden(64)
        ],
        "64 bytes were enough"
    );
    assert_eq!(bench.input("OK\r\n"), [line("OK")]);

    let mut bench = Bench::new(config, None);
    assert_eq!(
        bench.input(format!("{header}\r\nOK\r\nER")),
        [untrusted(header), untrusted("OK")]
    );
    assert_eq!(
        bench.silence(),
        [untrusted("ER"), Seen::Hidden(header.len() + 2 + 4 + 2)]
    );
    assert_eq!(bench.input("OK\r\n"), [line("OK")]);
}

#[test]
fn a_header_with_impossible_numbers_is_damage() {
    for header in [
        "+MQTTPUBLISH:0,3,0,0,a,2,hi",
        "+MQTTPUBLISH:0,0,2,0,a,2,hi",
        "+MQTTPUBLISH:0,1,0,65536,a,2,hi",
    ] {
        let mut bench = Bench::unknown();
        let seen = bench.all(&[format!("{header}\r\n").as_bytes()]);
        assert_eq!(seen, [untrusted(header), Seen::Hidden(header.len() + 2)]);
    }
}

#[test]
fn the_silence_limit_follows_the_baud_rate() {
    assert_eq!(
        silence_limit(9600),
        Duration::from_micros(500_000 + 1_066_666)
    );
    assert_eq!(
        silence_limit(115_200),
        Duration::from_micros(500_000 + 88_888)
    );
    assert!(
        silence_limit(0) > silence_limit(1200),
        "no division by zero"
    );
}

#[test]
fn garbage_in_front_costs_neither_message_nor_final_result() {
    for garbage in [
        &b"\0"[..],
        b"\xff",
        b" \xff",
        b"\0\0\x80 ",
        b" ",
        &[0xff; 64],
    ] {
        let bytes = [
            garbage,
            b"OK\r\n",
            garbage,
            &publish(b"a", b"x\r\n\r\nERROR\r\n"),
            garbage,
            b"+CEREG: 1\r\n",
            b"AT\r",
            garbage,
            &publish(b"a", b"y"),
        ]
        .concat();
        let expected = [
            line("OK"),
            message("a", "x\r\n\r\nERROR\r\n"),
            line("+CEREG: 1"),
            line("AT"),
            message("a", "y"),
        ];
        for filters in [None, Some(&["a"][..]), Some(&["#"])] {
            for split in 0..bytes.len() {
                let (first, second) = bytes.split_at(split);
                let mut bench = Bench::new(FramerConfig::default(), filters);
                let seen = bench.all(&[first, second]);
                assert_eq!(
                    seen,
                    expected,
                    "{} split at {split}",
                    garbage.escape_ascii()
                );
            }
        }
    }
}

#[test]
fn more_garbage_than_that_is_a_line_of_its_own() {
    let bytes = [&[0xff; 65][..], &publish(b"a", b"x")].concat();
    let seen = Bench::subscribed(&["a"]).all(&[&bytes]);
    assert!(matches!(&seen[..], [Seen::Line(_)]), "{seen:?}");
}

#[test]
fn half_a_line_costs_no_other() {
    let mut bench = Bench::subscribed(&["a"]);
    let seen = bench.input([b"LISH:0,0,0,0,a,2,hi\r\n", &publish(b"a", b"x")[..]].concat());
    assert_eq!(seen, [line("LISH:0,0,0,0,a,2,hi"), message("a", "x")]);
}

#[test]
fn a_digit_and_cr_are_a_line_if_nothing_of_the_line_follows() {
    let mut bench = Bench::unknown();
    assert_eq!(bench.input("0\r"), []);
    assert_eq!(bench.silence(), [line("0")]);
    assert_eq!(
        bench.input("\n4\r+CSQ: 1,99\r\n0\r"),
        [line("4"), line("+CSQ: 1,99")]
    );
    assert_eq!(bench.input("\n"), [line("0")]);
    assert_eq!(bench.input("12\r"), []);
    assert_eq!(bench.framer.poll_timeout(), None);
}
