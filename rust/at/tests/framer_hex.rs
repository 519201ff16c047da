//! Payloads that come as hex digits: whose length is declared, and where.

mod framer_support;

use framer_support::{Bench, Seen, ambiguous, line, message, publish, truncated};
use m531x_at::framer::FramerConfig;
use m531x_at::hex;
use m531x_at::topic::matches;

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

/// The forms of hex delivery: the length is that of the payload or that of the digits, and ends its
/// line or does not.
fn printed(topic: &str, payload: &[u8], digits_counted: bool, between: &str) -> (String, String) {
    let digits = hex::encode(payload);
    let length = if digits_counted {
        digits.len()
    } else {
        payload.len()
    };
    let bytes = format!("{HEAD}{topic},{length}{between}{digits}\r\n");
    (bytes, digits)
}

/// The message came as it was printed, or with the flag.
fn is_read(seen: &[Seen], topic: &str, digits: &str) -> bool {
    matches!(&seen[0], Seen::Message(found) if found.ambiguous) || seen[0] == message(topic, digits)
}

#[test]
fn an_empty_payload_behind_a_topic_with_a_number_is_flagged() {
    // `in/a` with three bytes closes as well: `b,0`.
    let mut bench = bench(&["in/#"], &["in/#"]);
    let seen = bench.all(&[b"+MQTTPUBLISH: 0,1,0,1,in/a,3,b,0\r\n\r\n"]);
    assert_eq!(seen[0], ambiguous("in/a", "b,0"));
    assert_eq!(bench.all(&[b"OK\r\n"]), [line("OK")]);
}

#[test]
fn no_form_and_no_topic_is_read_as_another_message_without_the_flag() {
    let payloads: [&[u8]; 6] = [b"", b"a", b"01", b"abc", b"\r\nOK\r\n", &[0x12; 20]];
    let parts = ["a", "in/a", "0", "3", "b", "12", "4", "", "30", "00", "6"];
    let filters: [&[&str]; 3] = [&["#"], &["in/#", "a/#", "+"], &["in/a", "in/a,3,b", "#"]];
    let mut random = fastrand::Rng::with_seed(11);
    for turn in 0..20_000 {
        let topic: Vec<&str> = (0..random.usize(1..6))
            .map(|_| parts[random.usize(..parts.len())])
            .collect();
        let topic = topic.join(",");
        let filters = filters[turn % 3];
        let subscribed = |filter: &&str| matches(filter.as_bytes(), topic.as_bytes());
        if topic.is_empty() || !filters.iter().any(subscribed) {
            continue;
        }
        let payload = payloads[random.usize(..payloads.len())];
        let between = [",", "\r\n"][random.usize(..2)];
        let (bytes, digits) = printed(&topic, payload, random.bool(), between);
        let follows = ["", "\r\nOK\r\n", "+CSQ: 1,99\r\n"][random.usize(..3)];
        let seen = bench(filters, filters).all(&[format!("{bytes}{follows}").as_bytes()]);
        assert!(
            is_read(&seen, &topic, &digits),
            "{bytes:?}, {follows:?} under {filters:?}: {seen:?}"
        );
    }
}
