//! The mailbox between the port and the program.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use loom::thread;

use super::check;
use crate::driver::Overflow;
use crate::driver::mailbox::{Limits, Mailbox, Select, Untaken};
use crate::{Event, EventKind, Incoming, Message, QoS};

#[test]
fn everything_arrives_in_order_and_then_the_end() {
    check(3, || {
        let mailbox = Arc::new(mailbox(2, Overflow::Block));
        let reader = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || {
                mailbox.push(entry(1));
                mailbox.push(entry(2));
                mailbox.finish(false);
                mailbox.push(entry(3));
            }
        });
        let mut seen = Vec::new();
        loop {
            match mailbox.take(Select::READ, None) {
                Ok(entry) => seen.push(number(&entry.incoming)),
                Err(Untaken::End) => break,
                _ => panic!("a wait without a limit ends with an entry or the end"),
            }
        }
        assert_eq!(seen, [1, 2], "nothing comes behind the end");
        reader.join().unwrap();
    });
}

#[test]
fn what_was_dropped_is_counted_and_reported() {
    for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
        check(3, move || {
            let mailbox = Arc::new(mailbox(1, overflow));
            let reader = thread::spawn({
                let mailbox = Arc::clone(&mailbox);
                move || (1..=3).for_each(|number| mailbox.push(entry(number)))
            });
            let mut seen = Vec::new();
            let mut reported = 0;
            let mut take = || match mailbox.take(Select::READ, Some(Duration::ZERO)) {
                Ok(entry) => {
                    match entry.incoming {
                        Incoming::Event(event) => reported += event.value,
                        message @ Incoming::Message(_) => seen.push(number(&message)),
                    }
                    true
                }
                _ => false,
            };
            take();
            take();
            reader.join().unwrap();
            while take() {}
            assert!(seen.is_sorted(), "{seen:?}");
            assert_eq!(reported + i64::try_from(seen.len()).unwrap(), 3, "{seen:?}");
            assert_eq!(reported, i64::try_from(mailbox.dropped().0).unwrap());
        });
    }
}

/// A port that is not read because of a full mailbox is never forgotten.
#[test]
fn taking_from_a_full_mailbox_sets_the_port_going_again() {
    check(4, || {
        let mailbox = Arc::new(mailbox(2, Overflow::Block));
        let reader = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || {
                let mut numbers = [1, 2].into_iter();
                mailbox.fill(|| numbers.next().map(entry)).0
            }
        });
        let mut going = false;
        for _ in 0..2 {
            let _ = mailbox.take(Select::READ, Some(Duration::ZERO));
            going |= mailbox.has_room_again();
        }
        let blocked = reader.join().unwrap();
        assert!(
            !blocked || going || mailbox.len().0 > 1,
            "the port is not read before an empty mailbox"
        );
    });
}

#[test]
fn two_receivers_share_and_neither_gets_what_the_other_has() {
    check(3, || {
        let mailbox = Arc::new(mailbox(4, Overflow::DropOldest));
        mailbox.push(entry(1));
        mailbox.push(entry(2));
        let take = |mailbox: &Mailbox| match mailbox.take(Select::READ, None) {
            Ok(entry) => number(&entry.incoming),
            _ => panic!("there is one for each"),
        };
        let other = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || take(&mailbox)
        });
        let mine = take(&mailbox);
        let theirs = other.join().unwrap();
        assert_eq!(mine + theirs, 3);
    });
}

/// One waits for messages, one for events: each is woken by its own.
#[test]
fn a_receiver_of_messages_and_one_of_events_are_both_woken() {
    check(3, || {
        let mailbox = Arc::new(mailbox(4, Overflow::DropOldest));
        let events = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || mailbox.take(Select::EVENTS, None).is_ok()
        });
        let reader = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || {
                mailbox.push(entry(1));
                mailbox.push(Incoming::Event(Event::new(EventKind::Urc, 2, "")));
            }
        });
        assert!(mailbox.take(Select::MESSAGES, None).is_ok());
        assert!(events.join().unwrap());
        reader.join().unwrap();
    });
}

fn mailbox(messages: usize, overflow: Overflow) -> Mailbox {
    Mailbox::new(Limits {
        messages,
        bytes: 1 << 20,
        overflow,
    })
}

fn entry(number: u8) -> Incoming {
    Incoming::Message(Message {
        topic: "t".to_owned(),
        payload: vec![number],
        qos: QoS::AtMostOnce,
        retain: false,
        dup: false,
        packet_id: 0,
        timestamp: SystemTime::UNIX_EPOCH,
        truncated: false,
        ambiguous: false,
    })
}

fn number(entry: &Incoming) -> u8 {
    match entry {
        Incoming::Message(message) => message.payload[0],
        Incoming::Event(event) => panic!("{event:?}"),
    }
}
