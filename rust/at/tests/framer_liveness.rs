//! How long a reading that does not close is waited for, while other lines go on coming.

mod framer_support;

use std::time::{Duration, Instant};

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
    babble_in_turn(bench, &[(text.as_bytes(), TICK)], time)
}

/// Says these in turn for so long, each after its pause; the frames, and when each came.
fn babble_in_turn(
    bench: &mut Bench,
    texts: &[(&[u8], Duration)],
    time: Duration,
) -> Vec<(Duration, Seen)> {
    let start = bench.now;
    let mut seen = Vec::new();
    for (text, pause) in texts.iter().cycle() {
        if bench.now >= start + time {
            break;
        }
        seen.extend(after(bench, *pause, text));
    }
    let since = |(at, frame)| (at - start, frame);
    seen.into_iter().map(since).collect()
}

/// Says it after a pause; the frames of both, and when each came.
fn after(bench: &mut Bench, pause: Duration, text: &[u8]) -> Vec<(Instant, Seen)> {
    let next = bench.now + pause;
    let mut seen = Vec::new();
    while let Some(due) = bench.framer.poll_timeout().filter(|due| *due <= next) {
        bench.now = due;
        bench.framer.handle_timeout(due);
        seen.extend(bench.input("").into_iter().map(|frame| (due, frame)));
    }
    bench.now = next;
    seen.extend(bench.input(text).into_iter().map(|frame| (next, frame)));
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
            let frames = after(&mut bench, pause, piece);
            seen.extend(frames.into_iter().map(|(_, frame)| frame));
        }
        assert!(is_whole(&seen, &payload), "{filters:?}");
    }
}

#[test]
fn a_message_with_many_pauses_is_waited_for_to_its_end_unless_another_reading_is_complete() {
    // The module pauses after each chunk, nearly as long as the silence limit.
    let pause = limit().saturating_sub(TICK / 10);
    for (filters, chunk) in [(&["#"][..], 64), (&["a"], 64), (&["a"], 1000)] {
        let payload = format!("x\r\n\r\nOK\r\n{}", "y".repeat(5000));
        let mut bench = Bench::subscribed(filters);
        let mut seen = Vec::new();
        for piece in publish(b"a", payload.as_bytes()).chunks(chunk) {
            let frames = after(&mut bench, pause, piece);
            seen.extend(frames.into_iter().map(|(_, frame)| frame));
        }
        assert!(
            is_whole(&seen, &payload),
            "{filters:?} in {chunk}: {seen:?}"
        );
    }
    // `a,5009,b` with one byte.
    let payload = format!("b,1,x\r\n{}", "y".repeat(5000));
    let mut bench = Bench::subscribed(&["#"]);
    let mut seen = Vec::new();
    for piece in publish(b"a", payload.as_bytes()).chunks(64) {
        seen.extend(after(&mut bench, pause, piece));
    }
    assert!(matches!(&seen[0].1, Seen::Message(found) if found.payload == b"x" && found.ambiguous));
}

#[test]
fn a_payload_over_the_limit_with_many_pauses_is_streamed_past_to_its_end() {
    let config = FramerConfig {
        max_message: 200,
        ..FramerConfig::default()
    };
    let payload = format!("{}\r\nOK\r\n", "y".repeat(1000));
    let mut bench = Bench::new(config, Some(&["a"]));
    let mut seen = Vec::new();
    for piece in publish(b"a", payload.as_bytes()).chunks(100) {
        seen.extend(after(&mut bench, limit().saturating_sub(TICK), piece));
    }
    let frames: Vec<Seen> = seen.into_iter().map(|(_, frame)| frame).collect();
    assert_eq!(frames, [Seen::Oversize(b"a".to_vec(), payload.len())]);
}

#[test]
fn a_drip_is_given_up() {
    for start in ["a,5000,hello", "a,200000000,hello"] {
        let mut bench = Bench::subscribed(&["a"]);
        bench.input(format!("{HEAD}{start}"));
        let drip = [(&b"x"[..], limit().saturating_sub(TICK))];
        let seen = babble_in_turn(&mut bench, &drip, 20 * limit());
        let over = |(_, frame): &&(Duration, Seen)| match frame {
            Seen::Message(found) => found.truncated,
            Seen::Hidden(_) => true,
            _ => false,
        };
        let given_up = seen.iter().find(over);
        assert!(
            given_up.is_some_and(|(time, _)| *time < 5 * limit()),
            "{start}: {seen:?}"
        );
    }
}

/// The messages behind one that stopped short are printed with a pause in the middle of each: it is
/// the time between them that counts, three silence limits of it.
#[test]
fn pauses_within_what_follows_do_not_hold_up_a_message_that_stopped_short() {
    let pieces = [
        (&b"+MQTTPUBLISH:0,0,0,0,a,20,0123456789"[..], 3 * TICK),
        (&b"0123456789\r\n"[..], 3 * TICK),
    ];
    for filters in [&["#"][..], &["a"]] {
        let mut bench = Bench::subscribed(filters);
        bench.input(format!("{HEAD}a,5000,hello\r\n"));
        let seen = babble_in_turn(&mut bench, &pieces, 20 * limit());
        let clear = message("a", "01234567890123456789");
        let first = seen.iter().find(|(_, frame)| *frame == clear);
        assert!(
            first.is_some_and(|(time, _)| *time < 8 * limit()),
            "{filters:?}: {seen:?}"
        );
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
