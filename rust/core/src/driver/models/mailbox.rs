//! The queue between the port and whoever receives.

use std::sync::Arc;

use loom::thread;

use super::check;
use crate::driver::Overflow;
use crate::driver::mailbox::{Mailbox, Received};
use crate::{Event, EventKind, Incoming};

#[test]
fn everything_arrives_in_order_and_then_the_end() {
    check(3, || {
        let queue = Arc::new(Mailbox::new(2, Overflow::Block));
        let reader = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                queue.push(entry(1));
                queue.push(entry(2));
                queue.finish();
                queue.push(entry(3));
            }
        });
        let mut seen = Vec::new();
        loop {
            match queue.try_recv() {
                Received::Entry(entry) => seen.push(number(&entry)),
                Received::End => break,
                _ => thread::yield_now(),
            }
        }
        assert_eq!(seen, [1, 2], "nothing comes behind the end");
        reader.join().unwrap();
    });
}

#[test]
fn what_the_oldest_had_to_make_room_for_is_counted_and_told() {
    for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
        check(3, move || {
            let queue = Arc::new(Mailbox::new(1, overflow));
            let reader = thread::spawn({
                let queue = Arc::clone(&queue);
                move || (1..=3).for_each(|number| queue.push(entry(number)))
            });
            let mut seen = Vec::new();
            let mut told = 0;
            let mut take = || match queue.try_recv() {
                Received::Entry(Incoming::Event(event)) if event.kind == EventKind::Dropped => {
                    told += event.value;
                    true
                }
                Received::Entry(entry) => {
                    seen.push(number(&entry));
                    true
                }
                _ => false,
            };
            take();
            take();
            reader.join().unwrap();
            while take() {}
            assert!(seen.is_sorted(), "{seen:?}");
            assert_eq!(told + i64::try_from(seen.len()).unwrap(), 3, "{seen:?}");
            assert_eq!(told, i64::try_from(queue.dropped()).unwrap());
        });
    }
}

/// A port that rests because of a full queue is never forgotten.
#[test]
fn whoever_drains_a_full_queue_sets_the_port_going_again() {
    check(4, || {
        let queue = Arc::new(Mailbox::new(2, Overflow::Block));
        let reader = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                queue.push(entry(1));
                queue.push(entry(2));
                queue.is_backpressured()
            }
        });
        let mut going = false;
        for _ in 0..2 {
            queue.try_recv();
            going |= queue.has_room_again();
        }
        let rests = reader.join().unwrap();
        assert!(
            !rests || going || queue.len() > 1,
            "the port rests before an empty queue"
        );
    });
}

#[test]
fn two_receivers_share_and_none_gets_what_the_other_has() {
    check(3, || {
        let queue = Arc::new(Mailbox::new(4, Overflow::DropOldest));
        queue.push(entry(1));
        queue.push(entry(2));
        let take = |queue: &Mailbox| match queue.try_recv() {
            Received::Entry(entry) => number(&entry),
            _ => panic!("there is one for each"),
        };
        let other = thread::spawn({
            let queue = Arc::clone(&queue);
            move || take(&queue)
        });
        let mine = take(&queue);
        let theirs = other.join().unwrap();
        assert_eq!(mine + theirs, 3);
    });
}

fn entry(number: i64) -> Incoming {
    Incoming::Event(Event::new(EventKind::Urc, number, ""))
}

fn number(entry: &Incoming) -> i64 {
    match entry {
        Incoming::Event(event) => event.value,
        Incoming::Message(message) => panic!("{message:?}"),
    }
}
