//! What happens when messages arrive faster than they are received.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use m531x_core::operation::Command;
use m531x_core::{Error, ErrorCode, Event, EventKind, Incoming, Modem, ModemOptions, Overflow};
use m531x_test_support::driver::{
    Peer, SILENCE, eventually, next_message, open_connected, options, publish_line,
};

const SENT: usize = 2_000;
const SIZE: usize = 50;
/// More than the reserve of an answer.
const MANY: usize = 20_000;

#[test]
fn drop_newest_keeps_the_first_and_counts_the_rest() {
    let (peer, modem) = flooded(Overflow::DropNewest);
    let (numbers, dropped) = drain(&peer, &modem);
    assert_eq!(numbers[..SIZE], (0..SIZE).collect::<Vec<_>>()[..]);
    assert_eq!(numbers.len() + dropped, SENT);
    assert_eq!(u64::try_from(dropped).unwrap(), modem.stats().dropped);
}

#[test]
fn drop_oldest_keeps_the_last_and_counts_the_rest() {
    let (peer, modem) = flooded(Overflow::DropOldest);
    let (numbers, dropped) = drain(&peer, &modem);
    assert_eq!(*numbers.last().unwrap(), SENT - 1);
    assert!(numbers.is_sorted());
    assert_eq!(numbers.len() + dropped, SENT);
    assert_eq!(u64::try_from(dropped).unwrap(), modem.stats().dropped);
}

#[test]
fn the_drops_are_told_where_the_gap_is() {
    let (_peer, modem) = flooded(Overflow::DropOldest);
    let Some(Incoming::Event(event)) = modem.recv(Some(Duration::ZERO)).unwrap() else {
        panic!("the gap is ahead of the oldest entry that is left");
    };
    assert_eq!(event.kind, EventKind::Dropped);
    assert_eq!(usize::try_from(event.value).unwrap(), SENT - SIZE);
    assert_eq!(next_message(&modem).text(), (SENT - SIZE).to_string());
}

/// The burst is over within a moment, no program reads, and no message follows: the report needs a timer.
#[test]
fn a_short_burst_is_one_report_of_all_that_was_dropped() {
    let (peer, stream) = Peer::in_memory();
    let options = ModemOptions {
        queue_size: 2,
        ..limited(Overflow::DropOldest)
    };
    let modem = Modem::open_stream(stream, options).unwrap();
    let reports = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::new(Mutex::new(Vec::new()));
    modem
        .on_events(Some({
            let reports = Arc::clone(&reports);
            move |event| {
                note_drops(&reports, &event);
                None
            }
        }))
        .unwrap();
    modem.inbox().on_event_seen({
        let shown = Arc::clone(&shown);
        move |event| note_drops(&shown, event)
    });
    for burst in [30, 10] {
        flood(&peer, burst);
        eventually("the drops are reported", || {
            !reports.lock().unwrap().is_empty() && !shown.lock().unwrap().is_empty()
        });
        let all = modem.stats().dropped;
        let fresh = if burst == 30 { 28 } else { 10 };
        assert_eq!(*reports.lock().unwrap(), [fresh]);
        assert_eq!(*shown.lock().unwrap(), [i64::try_from(all).unwrap()]);
        while modem.recv(Some(Duration::ZERO)).unwrap().is_some() {}
        flood(&peer, 2);
        eventually("they wait", || modem.stats().queued == 2);
        reports.lock().unwrap().clear();
        shown.lock().unwrap().clear();
    }
}

fn note_drops(counts: &Mutex<Vec<i64>>, event: &Event) {
    if event.kind == EventKind::Dropped {
        counts.lock().unwrap().push(event.value);
    }
}

#[test]
fn block_loses_nothing_and_stops_reading() {
    let (peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, limited(Overflow::Block)).unwrap();
    thread::scope(|scope| {
        // The socket between them fills up: the peer gets stuck until the queue is drained.
        scope.spawn(|| flood(&peer, 20_000));
        eventually("the queue is full", || modem.stats().queued >= SIZE);
        thread::sleep(Duration::from_millis(50));
        let queued = modem.stats().queued;
        assert_eq!(queued, SIZE);
        for number in 0..20_000 {
            assert_eq!(next_message(&modem).text(), number.to_string());
        }
    });
    assert_eq!(modem.stats().dropped, 0);
}

#[test]
fn block_does_not_hold_up_an_answer() {
    let (peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, limited(Overflow::Block)).unwrap();
    flood(&peer, SENT);
    eventually("the queue is full", || modem.stats().queued >= SIZE);
    assert!(modem.command("AT+CSQ", None).unwrap().is_empty());
    for number in 0..SENT {
        assert_eq!(next_message(&modem).text(), number.to_string());
    }
}

/// The port rests while the queue is full, possibly in the middle of a message: that silence is not
/// the line's, and must not cut the message.
#[test]
fn resting_does_not_truncate_a_message() {
    let (peer, stream) = Peer::in_memory();
    let mut options = limited(Overflow::Block);
    options.queue_size = 1;
    options.baudrate = Some(115_200);
    let modem = Modem::open_stream(stream, options).unwrap();
    peer.publish("t", b"0");
    peer.say("+MQTTPUBLISH:0,0,0,0,t,5,ab");
    eventually("the first message is queued", || modem.stats().queued == 1);
    eventually("the part is read", || {
        modem.stats().session.bytes_received >= 50
    });
    // Longer than the silence limit of about 590 ms at 115200 baud.
    thread::sleep(Duration::from_millis(800));
    peer.say("cde\r\n");
    assert_eq!(next_message(&modem).text(), "0");
    let second = next_message(&modem);
    assert_eq!((second.text().as_ref(), second.truncated), ("abcde", false));
}

/// Ten thousand such messages would be 600 MB.
const LARGE: usize = 60_000;
const MOST_BYTES: usize = 16 << 20;

fn flood_with_large_ones(peer: &Peer, bytes: usize) {
    for _ in 0..bytes / LARGE {
        peer.publish("t", &vec![b'x'; LARGE]);
    }
}

#[test]
fn large_messages_count_by_their_bytes() {
    for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
        let (peer, stream) = Peer::in_memory();
        let options = ModemOptions {
            overflow,
            queue_bytes: MOST_BYTES as u64,
            ..options()
        };
        let modem = Modem::open_stream(stream, options).unwrap();
        let count = 3 * MOST_BYTES / LARGE;
        flood_with_large_ones(&peer, 3 * MOST_BYTES);
        eventually("everything was read", || {
            let stats = modem.stats();
            usize::try_from(stats.dropped).unwrap() + stats.queued >= count
        });
        let queued = modem.stats().queued * LARGE;
        assert!(
            (MOST_BYTES / 2..MOST_BYTES + LARGE).contains(&queued),
            "{queued}"
        );
        let mut batch = Vec::new();
        modem.recv_batch(10_000, None, &mut batch).unwrap();
        assert!(batch.len() * LARGE < 2 << 20, "{}", batch.len());
    }
}

#[test]
fn a_command_whose_answer_is_far_behind_a_full_mailbox_fails_and_says_why() {
    let script = |line: &str| (line == "AT+CSQ").then(|| SILENCE.to_owned());
    let (peer, stream) = Peer::in_memory_with(script);
    let modem = Modem::open_stream(stream, limited(Overflow::Block)).unwrap();
    let mut pending = modem
        .start(Command::new("AT+CSQ").with_timeout(Some(Duration::from_secs(600))))
        .unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            flood(&peer, MANY);
            peer.say("\r\n+CSQ:20,99\r\n\r\nOK\r\n");
        });
        let error = pending
            .wait_for(Duration::from_secs(60))
            .unwrap()
            .unwrap_err();
        assert_eq!(error.code(), ErrorCode::QueueFull);
        assert!(error.to_string().contains("50 messages wait"), "{error}");
        assert_eq!(modem.stats().queued, SIZE);
        let refused = modem.command("AT+CGMM", None).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::QueueFull);
        // Nothing was lost, and with room again all goes on.
        for number in 0..MANY {
            assert_eq!(next_message(&modem).text(), number.to_string());
        }
    });
    assert_eq!(modem.stats().dropped, 0);
    assert!(modem.command("AT+CGMM", None).is_ok());
}

#[test]
fn the_bound_is_hard_while_operations_go_on() {
    for overflow in [Overflow::Block, Overflow::DropOldest, Overflow::DropNewest] {
        let (peer, stream) = Peer::in_memory();
        let modem = Modem::open_stream(stream, limited(overflow)).unwrap();
        for _ in 0..20 {
            flood(&peer, 100);
            assert!(modem.command("AT+CSQ", None).is_ok(), "{overflow:?}");
            let queued = modem.stats().queued;
            assert!(queued <= SIZE, "{overflow:?}: {queued}");
        }
    }
}

#[test]
fn events_wait_apart_from_messages_and_those_of_the_connection_are_never_dropped() {
    let (peer, stream) = Peer::in_memory();
    let modem = open_connected(stream, limited(Overflow::DropOldest));
    let lines = (0..3_000).flat_map(|number| format!("\r\n+MYURC:{number}\r\n").into_bytes());
    peer.say(lines.collect::<Vec<u8>>());
    flood(&peer, SENT);
    eventually("all were read", || {
        let stats = modem.stats();
        usize::try_from(stats.dropped).unwrap() + stats.queued >= SENT
    });
    let stats = modem.stats();
    assert_eq!(stats.queued, SIZE);
    assert_eq!(stats.dropped, (SENT - SIZE) as u64);
    assert!(
        stats.queued_events >= 1024 && stats.dropped_events >= 1_900,
        "{stats:?}"
    );
    let mut reports = Vec::new();
    let mut connected = 0;
    while let Some(incoming) = modem.recv(Some(Duration::ZERO)).unwrap() {
        match incoming {
            Incoming::Event(event) if event.kind == EventKind::Dropped => reports.push(event.value),
            Incoming::Event(event) if event.kind == EventKind::Connected => connected += 1,
            _ => {}
        }
    }
    assert_eq!(connected, 1);
    let all = i64::try_from(stats.dropped + stats.dropped_events).unwrap();
    assert_eq!(reports, [all], "one report for the whole burst");
}

#[test]
fn messages_and_events_keep_the_order_of_the_wire() {
    let (peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, options()).unwrap();
    while modem.recv(Some(Duration::ZERO)).unwrap().is_some() {}
    for number in 0..50 {
        peer.publish("t", number.to_string().as_bytes());
        peer.say(format!("\r\n+MYURC:{number}\r\n"));
    }
    for number in 0..50 {
        assert_eq!(next_message_only(&modem), Some(number.to_string()));
        let Some(Incoming::Event(event)) = modem.recv(Some(Duration::from_secs(20))).unwrap()
        else {
            panic!("the URC comes behind message {number}");
        };
        assert_eq!(event.text, format!("+MYURC:{number}"));
    }
}

/// The next entry, if it is a message.
fn next_message_only(modem: &Modem) -> Option<String> {
    match modem.recv(Some(Duration::from_secs(20))).unwrap() {
        Some(Incoming::Message(message)) => Some(message.text().into_owned()),
        _ => None,
    }
}

#[test]
fn a_look_that_fails_leaves_the_message_where_it_is() {
    let (peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, options()).unwrap();
    peer.publish("t", b"1");
    let limit = Some(Duration::from_secs(20));
    let refused = modem.inbox().recv_message(limit, |_| {
        Err::<(), _>(Error::new(ErrorCode::InvalidArgument, "too small"))
    });
    assert_eq!(refused.unwrap_err().code(), ErrorCode::InvalidArgument);
    let text = modem
        .inbox()
        .recv_message(limit, |message| Ok(message.text().into_owned()));
    assert_eq!(text.unwrap().as_deref(), Some("1"));
}

#[test]
fn messages_for_the_callback_of_a_filter_stay_with_it_when_the_others_go_to_readers() {
    let (peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, options()).unwrap();
    modem.inbox().route("called", true);
    modem.inbox().route("read", false);
    modem.inbox().set_called(Some(true), None);
    for topic in ["called", "read", "other"] {
        peer.publish(topic, topic.as_bytes());
    }
    eventually("all wait", || modem.stats().queued == 3);
    modem.inbox().set_called(Some(false), None);
    let text = |filter| {
        let message = modem
            .inbox()
            .recv_message_of(filter, Some(Duration::ZERO))
            .unwrap();
        message.map(|message| message.text().into_owned())
    };
    assert_eq!(text(Some("read")).as_deref(), Some("read"));
    assert_eq!(text(None).as_deref(), Some("other"));
    assert_eq!(text(None), None);
    let mut called = Vec::new();
    let zero = Some(Duration::ZERO);
    assert_eq!(modem.inbox().recv_called(5, zero, &mut called).unwrap(), 1);
}

#[test]
fn what_waits_for_a_filter_that_is_gone_is_bounded_with_the_rest() {
    let (peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, limited(Overflow::DropOldest)).unwrap();
    for round in 1..=4 {
        modem.inbox().route("t", false);
        flood(&peer, SIZE);
        eventually("all were read", || {
            let stats = modem.stats();
            usize::try_from(stats.dropped).unwrap() + stats.queued == round * SIZE
        });
        modem.inbox().unroute("t");
    }
    peer.publish("other", b"");
    eventually("the last was read", || {
        modem.stats().session.messages > 4 * SIZE as u64
    });
    assert!(modem.stats().queued <= SIZE, "{:?}", modem.stats());
}

#[test]
fn a_batch_takes_what_is_there() {
    let (peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, options()).unwrap();
    flood(&peer, 100);
    eventually("all are queued", || modem.stats().queued >= 100);
    let mut batch = Vec::new();
    assert_eq!(
        modem
            .recv_batch(30, Some(Duration::ZERO), &mut batch)
            .unwrap(),
        30
    );
    assert_eq!(modem.recv_batch(1_000, None, &mut batch).unwrap(), 70);
    assert_eq!(batch.len(), 100);
    assert_eq!(
        modem
            .recv_batch(10, Some(Duration::ZERO), &mut batch)
            .unwrap(),
        0
    );
}

fn limited(overflow: Overflow) -> ModemOptions {
    ModemOptions {
        queue_size: SIZE,
        overflow,
        ..options()
    }
}

fn flooded(overflow: Overflow) -> (Peer, Modem) {
    let (peer, stream) = Peer::in_memory();
    let modem = Modem::open_stream(stream, limited(overflow)).unwrap();
    flood(&peer, SENT);
    eventually("everything was read", || {
        let stats = modem.stats();
        usize::try_from(stats.dropped).unwrap() + stats.queued >= SENT
    });
    (peer, modem)
}

fn flood(peer: &Peer, count: usize) {
    let lines = (0..count).flat_map(|number| publish_line("t", number.to_string().as_bytes()));
    peer.say(lines.collect::<Vec<u8>>());
}

/// Everything that is left, and how many the events said were dropped. One more message makes the
/// driver tell the drops that came last.
fn drain(peer: &Peer, modem: &Modem) -> (Vec<usize>, usize) {
    let mut numbers = Vec::new();
    let mut dropped = 0;
    let mut said_end = false;
    loop {
        match modem.recv(Some(Duration::from_secs(10))).unwrap() {
            Some(Incoming::Message(message)) if message.text() == "end" => break,
            Some(Incoming::Message(message)) => numbers.push(message.text().parse().unwrap()),
            Some(Incoming::Event(event)) if event.kind == EventKind::Dropped => {
                dropped += usize::try_from(event.value).unwrap();
            }
            Some(Incoming::Event(_)) => {}
            None => panic!("the last message did not come"),
        }
        if !said_end {
            peer.publish("t", b"end");
            said_end = true;
        }
    }
    (numbers, dropped)
}
