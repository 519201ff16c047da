//! Payloads that come as hex digits: whose length is declared, and where.

mod framer_support;

use framer_support::{Bench, Seen, line, message, publish, truncated};
use m531x_at::framer::FramerConfig;

const HEAD: &str = "+MQTTPUBLISH: 0,0,0,0,";
const DIGITS: &str = "00414243ff0d";

fn bench(filters: &[&str], hex: &[&str]) -> Bench {
    let mut bench = Bench::new(FramerConfig::default(), Some(filters));
    bench.framer.set_hex(hex.iter().copied());
    bench
}

#[test]
fn the_length_is_that_of_the_payload_or_of_the_digits_and_may_end_its_line() {
    for topic in ["lamp", "a,3,b"] {
        for between in [",6,", ",12,", ",6\r\n", ",12\r\n"] {
            let bytes = format!("{HEAD}{topic}{between}{DIGITS}\r\nOK\r\n");
            for (filters, hex) in [
                (&[topic][..], &[topic][..]),
                (&["x", topic], &[topic]),
                (&["#"], &["#"]),
            ] {
                if filters == ["#"] && topic != "lamp" && between.ends_with('\n') {
                    // `a` with the payload `b,6` is a reading, too.
                    continue;
                }
                for split in 0..bytes.len() {
                    let (first, second) = bytes.split_at(split);
                    let seen = bench(filters, hex).all(&[first.as_bytes(), second.as_bytes()]);
                    assert_eq!(
                        seen,
                        [message(topic, DIGITS), line("OK")],
                        "{bytes:?} under {filters:?} split at {split}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_no_hex_is_read_by_its_length() {
    for payload in ["hello", "00414243ff0d", "0", "\r\nOK\r\n", "x,2\r\n0011"] {
        let seen = bench(&["lamp"], &["lamp"]).all(&[&publish(b"lamp", payload.as_bytes())]);
        assert_eq!(seen, [message("lamp", payload)]);
    }
}

#[test]
fn other_subscriptions_have_one_length() {
    let bytes = format!("{HEAD}lamp,6,{DIGITS}\r\n");
    let mut bench = bench(&["lamp", "door"], &["door"]);
    let seen = bench.all(&[bytes.as_bytes()]);
    assert_eq!(seen[0], truncated("lamp", "004142"));
}

#[test]
fn digits_that_stop_short_are_all_delivered() {
    let mut bench = bench(&["lamp"], &["lamp"]);
    assert_eq!(bench.input(format!("{HEAD}lamp,6,0041424344")), []);
    assert_eq!(bench.silence()[0], truncated("lamp", "0041424344"));
    assert_eq!(bench.input("OK\r\n"), [line("OK")]);
}

#[test]
fn a_payload_of_nothing_is_nothing() {
    let seen = bench(&["lamp"], &["lamp"]).all(&[format!("{HEAD}lamp,0,\r\nOK\r\n").as_bytes()]);
    assert_eq!(seen, [message("lamp", ""), line("OK")]);
    let seen = bench(&["lamp"], &["lamp"]).all(&[format!("{HEAD}lamp,0\r\n\r\nOK\r\n").as_bytes()]);
    assert!(seen.contains(&message("lamp", "")), "{seen:?}");
    assert!(
        seen.iter().any(|one| *one == line("OK")) || seen.contains(&Seen::Hidden(0)),
        "{seen:?}"
    );
}
