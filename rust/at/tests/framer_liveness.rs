//! How long a reading that does not close is waited for, while other lines go on coming.

mod framer_support;

use std::time::Duration;

use framer_support::{Bench, Seen, ambiguous, line, message, publish, untrusted};
use m531x_at::framer::FramerConfig;
use m531x_at::profile::TopicQuoting;

const HEAD: &str = "+MQTTPUBLISH:0,0,0,0,";
const TICK: Duration = Duration::from_millis(100);

fn limit() -> Duration {
    FramerConfig::default().silence_limit
}

/// Says the same line every tenth of a second for so long; the frames, and when each came.
fn babble(bench: &mut Bench, text: &str, time: Duration) -> Vec<(Duration, Seen)> {
    let start = bench.now;
    let mut seen = Vec::new();
    while bench.now < start + time {
        let next = bench.now + TICK;
        while let Some(due) = bench.framer.poll_timeout().filter(|due| *due <= next) {
            bench.now = due;
            bench.framer.handle_timeout(due);
            let frames = bench.input("");
            seen.extend(frames.into_iter().map(|frame| (due - start, frame)));
        }
        bench.now = next;
        let frames = bench.input(text);
        seen.extend(frames.into_iter().map(|frame| (next - start, frame)));
    }
    seen
}

fn first_line(seen: &[(Duration, Seen)]) -> Duration {
    let is_line = |frame: &Seen| matches!(frame, Seen::Line(_));
    let found = seen.iter().find(|(_, frame)| is_line(frame));
    found.expect("a line that is believed").0
}

#[test]
fn more_than_the_module_delivers_is_not_waited_for_when_a_shorter_reading_closes() {
    for topic in ["a,8193,b", "a,60000,b", "a,200000000,b"] {
        let mut bench = Bench::subscribed(&["#"]);
        let bytes = publish(topic.as_bytes(), b"x");
        assert_eq!(bench.input(&bytes), [message(topic, "x")]);
        assert_eq!(bench.input("OK\r\n"), [line("OK")]);
    }
    let mut bench = Bench::subscribed(&["#"]);
    assert_eq!(bench.input(publish(b"a,8192,b", b"x")), []);
}

#[test]
fn what_the_module_is_thought_to_deliver_can_be_chosen() {
    let config = FramerConfig {
        deliverable: 20,
        ..FramerConfig::default()
    };
    let mut bench = Bench::new(config, Some(&["#"]));
    assert_eq!(
        bench.input(publish(b"a,21,b", b"x")),
        [message("a,21,b", "x")]
    );
    assert_eq!(bench.input(publish(b"a,20,b", b"x")), []);
}

#[test]
fn without_another_reading_more_is_delivered_as_before() {
    let payload = "x".repeat(60_000);
    for filters in [&["#"][..], &["a"]] {
        let mut bench = Bench::subscribed(filters);
        let seen = bench.input(publish(b"a", payload.as_bytes()));
        assert_eq!(seen, [message("a", &payload)]);
    }
}

#[test]
fn a_long_topic_does_not_hide_the_reading_that_is_right() {
    let topic = format!("a,60000,{}", "b".repeat(5000));
    let mut bench = Bench::subscribed(&["#"]);
    assert_eq!(
        bench.input(publish(topic.as_bytes(), b"x")),
        [message(&topic, "x")]
    );
}

#[test]
fn an_open_reading_is_given_up_though_lines_go_on_coming() {
    let mut bench = Bench::subscribed(&["#"]);
    assert_eq!(bench.input(publish(b"a,8000,b", b"x")), []);
    let seen = babble(&mut bench, "+CEREG: 1\r\n", 4 * limit());
    assert_eq!(seen[0].1, message("a,8000,b", "x"));
    // The bytes of a second at 9600 baud are 960, of which 110 came.
    assert!(
        seen[0].0 >= limit() && seen[0].0 < limit() + limit() / 4,
        "{:?}",
        seen[0].0
    );
    let lines = seen.iter().filter(|(_, frame)| *frame == line("+CEREG: 1"));
    assert_eq!(lines.count(), seen.len() - 1, "all are believed: {seen:?}");
    assert!(seen.len() > 60);
}

#[test]
fn what_came_with_the_message_in_one_go_stays_in_doubt() {
    let mut bench = Bench::subscribed(&["#"]);
    let together = [&publish(b"a,8000,b", b"x")[..], b"OK\r\n"].concat();
    assert_eq!(bench.input(together), []);
    let seen: Vec<Seen> = babble(&mut bench, "+CEREG: 1\r\n", 2 * limit())
        .into_iter()
        .map(|(_, frame)| frame)
        .collect();
    assert_eq!(
        seen[..4],
        [
            ambiguous("a,8000,b", "x"),
            untrusted("OK"),
            Seen::Hidden(4),
            line("+CEREG: 1")
        ]
    );
}

/// The message came whole, and nothing was believed that is in it.
fn is_whole(seen: &[Seen], payload: &str) -> bool {
    let first = matches!(&seen[0], Seen::Message(found) if found.payload == payload.as_bytes() && !found.truncated);
    first
        && seen[1..]
            .iter()
            .all(|frame| matches!(frame, Seen::Hidden(_)))
}

#[test]
fn a_message_at_the_speed_of_the_line_is_waited_for_to_its_end() {
    // 9600 baud, and a pause of half a second.
    let payload = format!("b,1,x\r\n\r\nOK\r\n{}", "y".repeat(5000));
    let bytes = publish(b"a", payload.as_bytes());
    for filters in [&["#"][..], &["a"]] {
        let mut bench = Bench::subscribed(filters);
        let mut seen = Vec::new();
        for (index, piece) in bytes.chunks(96).enumerate() {
            let pause = if index == 20 { 5 * TICK } else { TICK };
            let next = bench.now + pause;
            while let Some(due) = bench.framer.poll_timeout().filter(|due| *due <= next) {
                bench.now = due;
                bench.framer.handle_timeout(due);
                seen.extend(bench.input(""));
            }
            bench.now = next;
            seen.extend(bench.input(piece));
        }
        assert!(is_whole(&seen, &payload), "{filters:?}");
    }
}

#[test]
fn a_message_that_stops_short_is_given_up_though_lines_go_on_coming() {
    for filters in [&["#"][..], &["a"]] {
        let mut bench = Bench::subscribed(filters);
        assert_eq!(bench.input(format!("{HEAD}a,5000,hello\r\n")), []);
        let seen = babble(&mut bench, "+CEREG: 1\r\n", 6 * limit());
        let Seen::Message(found) = &seen[0].1 else {
            panic!("no message: {seen:?}");
        };
        assert!(found.truncated);
        assert_eq!(found.payload, b"hello", "and not the lines behind it");
        assert!(seen[0].0 >= 3 * limit() && seen[0].0 < 4 * limit());
        assert!(
            seen.iter()
                .any(|(_, frame)| matches!(frame, Seen::Hidden(_)))
        );
        assert!(first_line(&seen) < 4 * limit());
    }
}

#[test]
fn messages_behind_one_that_stopped_short_are_delivered_flagged() {
    let mut bench = Bench::subscribed(&["a", "b"]);
    bench.input(format!("{HEAD}a,5000,hello\r\n"));
    let seen = babble(&mut bench, "+MQTTPUBLISH:0,0,0,0,b,2,hi\r\n", 6 * limit());
    let in_doubt = |frame: &Seen| *frame == ambiguous("b", "hi");
    let clear = |frame: &Seen| *frame == message("b", "hi");
    assert!(seen.iter().any(|(_, frame)| in_doubt(frame)));
    assert!(seen.iter().any(|(_, frame)| clear(frame)));
    assert!(
        seen.iter()
            .filter(|(_, frame)| in_doubt(frame) || clear(frame))
            .count()
            + 1
            >= 6 * 15
    );
}

#[test]
fn a_payload_over_the_limit_that_stops_short_ends_though_lines_go_on_coming() {
    let mut bench = Bench::subscribed(&["#"]);
    let seen = bench.input(format!("{HEAD}a,200000000,x\r\n"));
    assert_eq!(seen, [Seen::Oversize(b"a".to_vec(), 200_000_000)]);
    let seen = babble(&mut bench, "+CEREG: 1\r\n", 6 * limit());
    assert!(first_line(&seen) < 4 * limit());
}

#[test]
fn a_message_that_cannot_be_read_costs_trust_for_a_time_only() {
    let config = FramerConfig {
        publish_topic: TopicQuoting::Bare,
        ..FramerConfig::default()
    };
    let mut bench = Bench::new(config, Some(&["#"]));
    bench.input(format!("{HEAD}\t,5,hello\r\n"));
    let seen = babble(&mut bench, "+CEREG: 1\r\n", 10 * limit());
    // 4096 bytes at 9600 baud and three silences.
    assert!(first_line(&seen) < 6 * limit(), "{:?}", first_line(&seen));
}

#[test]
fn a_host_that_was_away_gives_nothing_up_for_it() {
    let payload = format!("b,1,x\r\n\r\nOK\r\n{}", "y".repeat(500));
    let bytes = publish(b"a", payload.as_bytes());
    let mut bench = Bench::subscribed(&["#"]);
    assert_eq!(bench.input(&bytes[..60]), []);
    // Nobody asked meanwhile what was due; all of it waited in the operating system.
    bench.now += 10 * limit();
    assert_eq!(bench.input(&bytes[60..120]), []);
    assert!(
        bench
            .framer
            .poll_timeout()
            .is_some_and(|due| due > bench.now)
    );
    bench.now += TICK;
    assert!(is_whole(&bench.input(&bytes[120..]), &payload));
}

#[test]
fn an_answer_within_the_message_that_is_taken_is_reported_though_it_is_given_up_late() {
    // `a` with 16 bytes closes around the OK, `a,16,b,3000,c` with one byte closes ahead of it, and
    // `a,16,b` would have 3000.
    let mut bench = Bench::subscribed(&["#"]);
    let message = publish(b"a,16,b,3000,c", b"x");
    assert_eq!(bench.input([&message[..], b"OK\r\n"].concat()), []);
    let seen = babble(&mut bench, "+CEREG: 1\r\n", 3 * limit());
    let Seen::Message(first) = &seen[0].1 else {
        panic!("{seen:?}");
    };
    assert!(first.ambiguous, "{seen:?}");
    assert!(
        seen.iter()
            .any(|(_, frame)| matches!(frame, Seen::Hidden(_))),
        "{seen:?}"
    );
}
