//! What counts although nothing acknowledges it: forgotten commands, and QoS 0 publishes.

use super::tests::{A, B, Line, ZERO, of};
use super::*;

#[test]
fn a_publish_that_is_forgotten_has_taken_its_id() {
    let mut line = Line::new();
    line.round_trip(1);
    line.publish(A);
    line.ids.expire(line.now, A, false);
    line.now += MEMORY;
    line.publish(B);
    assert_eq!(line.ids.next_id(), 4);
    assert_eq!(line.acked(3), of(B, 3));
    line.round_trip(4);
}

#[test]
fn a_publish_that_is_forgotten_and_was_never_answered_may_have_taken_one() {
    for id in [2, 3] {
        let mut line = Line::new();
        line.round_trip(1);
        line.sent(A, AckKind::Publish1);
        line.ids.expire(line.now, A, false);
        line.now += MEMORY;
        line.publish(B);
        assert_eq!(line.acked(id), of(B, id));
        line.round_trip(id + 1);
    }
}

#[test]
fn of_two_publishes_behind_an_unanswered_one_of_qos_0_the_older_owns_what_both_could() {
    let mut line = Line::new();
    line.round_trip(1);
    line.sent(ZERO, AckKind::Publish0);
    line.publish(A);
    line.publish(B);
    assert_eq!(line.acked(3), of(A, 3));
    assert_eq!(line.acked(4), of(B, 4));
}

#[test]
fn whether_qos_0_counts_is_learned_with_more_of_them_behind() {
    for counts in [true, false] {
        let mut line = Line::new();
        line.round_trip(1);
        line.zeros(1);
        line.publish(A);
        line.zeros(1);
        let id = 2 + u16::from(counts);
        assert_eq!(line.acked(id), of(A, id));
        assert_eq!(line.ids.qos0_takes_id(), Some(counts));
    }
}
