//! Stored messages on paper: those of a list that the order wants, in a time that is an argument.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

/// A order with its messages, in a time of its own.
struct Play {
    order: SendOrder,
    stored: Vec<u64>,
    set_aside: Vec<u64>,
    now: Instant,
}

impl Play {
    fn of(window: usize, stored: &[u64]) -> Self {
        let mut order = SendOrder::new(window);
        order.connection(true);
        Self {
            order,
            stored: stored.to_vec(),
            set_aside: Vec::new(),
            now: Instant::now(),
        }
    }

    /// Sends what may be sent now.
    fn sends(&mut self) -> Vec<u64> {
        let mut sent = Vec::new();
        while let Some(after) = self.order.wants(self.now) {
            let next = self
                .stored
                .iter()
                .find(|id| **id > after && !self.order.skips(**id));
            match next {
                Some(&id) => {
                    self.order.sent(id);
                    sent.push(id);
                }
                None if self.order.found_nothing(self.now) => {}
                None => break,
            }
        }
        sent
    }

    /// What is sent after the pause.
    fn sends_later(&mut self) -> Vec<u64> {
        assert!(self.sends().is_empty(), "it pauses");
        self.now = self.order.poll_timeout().expect("a pause");
        self.sends()
    }

    fn acknowledged(&mut self, id: u64) {
        let SendResult::Sent(suspect) = self.order.ended(self.now, id, None) else {
            panic!("it was sent");
        };
        self.stored.retain(|stored| *stored != id);
        if let Some((suspect, _)) = suspect {
            self.stored.retain(|stored| *stored != suspect);
            self.set_aside.push(suspect);
        }
    }

    fn fails(&mut self, id: u64, code: ErrorCode) {
        let result = self
            .order
            .ended(self.now, id, Some(&Error::new(code, "no")));
        assert_eq!(result, SendResult::Again);
    }

    fn loses_connection(&mut self) {
        self.order.connection(false);
        self.order.connection(true);
    }
}

#[test]
fn the_next_is_sent_once_the_one_before_was_acknowledged() {
    let mut play = Play::of(1, &[3, 4, 9]);
    assert_eq!(play.sends(), [3]);
    assert!(play.sends().is_empty());
    play.acknowledged(3);
    assert_eq!(play.sends(), [4]);
    play.acknowledged(4);
    assert_eq!(play.sends(), [9]);
}

#[test]
fn as_many_are_on_their_way_as_was_asked_for() {
    let mut play = Play::of(2, &[1, 2, 3, 4]);
    assert_eq!(play.sends(), [1, 2]);
    play.acknowledged(2);
    assert_eq!(play.sends(), [3]);
    play.acknowledged(1);
    assert_eq!(play.sends(), [4]);
}

#[test]
fn nothing_is_sent_without_a_connection() {
    let mut play = Play::of(1, &[1]);
    play.order.connection(false);
    assert!(play.sends().is_empty());
    assert_eq!(play.order.poll_timeout(), None);
    play.order.connection(true);
    assert_eq!(play.sends(), [1]);
}

#[test]
fn one_that_failed_is_sent_again_first_after_a_pause() {
    let mut play = Play::of(1, &[1, 2]);
    assert_eq!(play.sends(), [1]);
    play.fails(1, ErrorCode::Command);
    assert_eq!(play.sends_later(), [1]);
    play.acknowledged(1);
    assert_eq!(play.sends(), [2]);
}

#[test]
fn one_that_fails_alone_is_set_aside_once_its_successor_went_through() {
    let mut play = Play::of(1, &[1, 2, 3]);
    assert_eq!(play.sends(), [1]);
    for _ in 1..SUSPICIOUS_FAILURES {
        play.fails(1, ErrorCode::Command);
        assert_eq!(play.sends_later(), [1]);
    }
    play.fails(1, ErrorCode::Command);
    assert_eq!(play.sends(), [2]);
    play.acknowledged(2);
    assert_eq!(play.set_aside, [1]);
    assert_eq!(play.sends(), [3]);
}

#[test]
fn nothing_is_set_aside_while_everything_fails() {
    let mut play = Play::of(1, &[1, 2]);
    let mut sent = play.sends();
    for _ in 0..50 {
        for id in std::mem::take(&mut sent) {
            play.fails(id, ErrorCode::PublishFailed);
        }
        sent = play.sends();
        if sent.is_empty() {
            sent = play.sends_later();
        }
        assert_eq!(sent.len(), 1);
    }
    assert!(play.set_aside.is_empty());
    // And once it works, the order is the old one.
    play.fails(sent[0], ErrorCode::NotConnected);
    assert_eq!(play.sends_later(), [1]);
    play.acknowledged(1);
    assert_eq!(play.sends(), [2]);
}

#[test]
fn the_last_one_is_tried_for_ever() {
    let mut play = Play::of(1, &[1]);
    assert_eq!(play.sends(), [1]);
    for _ in 0..20 {
        play.fails(1, ErrorCode::Command);
        assert_eq!(play.sends_later(), [1]);
    }
    play.acknowledged(1);
    assert!(play.set_aside.is_empty());
}

#[test]
fn what_is_the_connections_fault_is_not_the_messages() {
    let mut play = Play::of(1, &[1, 2]);
    assert_eq!(play.sends(), [1]);
    for _ in 0..20 {
        play.fails(1, ErrorCode::NotConnected);
        assert_eq!(play.sends_later(), [1]);
    }
}

#[test]
fn one_that_costs_the_connection_each_time_lets_its_successor_try() {
    let mut play = Play::of(1, &[1, 2, 3]);
    assert_eq!(play.sends(), [1]);
    // The session has sent it on as many connections as its budget allows.
    play.fails(1, ErrorCode::RepeatedLoss);
    assert_eq!(play.sends(), [2]);
    play.acknowledged(2);
    assert_eq!(play.set_aside, [1]);
    assert_eq!(play.sends(), [3]);
}

#[test]
fn a_link_that_breaks_all_the_time_changes_no_order() {
    let mut play = Play::of(1, &[1, 2]);
    assert_eq!(play.sends(), [1]);
    play.fails(1, ErrorCode::RepeatedLoss);
    assert_eq!(play.sends(), [2]);
    play.fails(2, ErrorCode::RepeatedLoss);
    assert_eq!(play.sends_later(), [1]);
    play.acknowledged(1);
    assert_eq!(play.sends(), [2]);
    assert!(play.set_aside.is_empty());
}

#[test]
fn pauses_grow_and_end_with_the_next_connection() {
    let mut play = Play::of(1, &[1]);
    assert_eq!(play.sends(), [1]);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let failed_at = play.now;
        play.fails(1, ErrorCode::NotConnected);
        assert_eq!(play.sends_later(), [1]);
        pauses.push((play.now - failed_at).as_secs());
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    play.fails(1, ErrorCode::NotConnected);
    play.loses_connection();
    assert_eq!(play.sends(), [1]);
}
