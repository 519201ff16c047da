use m531x_at::urc::AckNumbers;

use super::*;

pub(super) const A: OperationId = OperationId(1);
pub(super) const B: OperationId = OperationId(2);
const C: OperationId = OperationId(3);
pub(super) const ZERO: OperationId = OperationId(100);
const WAIT: Duration = Duration::from_secs(15);

/// A module and its broker as the vendor's client has it, or otherwise.
pub(super) struct Line {
    pub(super) ids: PacketIds,
    pub(super) now: Instant,
}

impl Line {
    pub(super) fn new() -> Self {
        Self {
            ids: PacketIds::new(AckOrder::DupFirst),
            now: Instant::now(),
        }
    }

    pub(super) fn sent(&mut self, operation: OperationId, kind: AckKind) {
        self.ids.register(operation, kind, None);
        self.ids.sent(self.now, operation, WAIT);
    }

    pub(super) fn publish(&mut self, operation: OperationId) {
        self.sent(operation, AckKind::Publish1);
        self.ids.was_read(operation);
    }

    pub(super) fn zeros(&mut self, count: usize) {
        for _ in 0..count {
            self.sent(ZERO, AckKind::Publish0);
            self.ids.was_read(ZERO);
        }
    }

    pub(super) fn acked(&mut self, id: u16) -> Owner {
        let numbers = AckNumbers {
            first: 0,
            second: Some(id),
        };
        self.ids
            .on_numbers(self.now, AckKind::Publish1, numbers, true)
    }

    /// A publish and its acknowledgement, nothing else under way.
    pub(super) fn round_trip(&mut self, id: u16) {
        let operation = OperationId(1_000 + u64::from(id));
        self.publish(operation);
        assert_eq!(self.acked(id), of(operation, id));
    }
}

pub(super) fn of(operation: OperationId, packet_id: u16) -> Owner {
    Owner::Operation {
        operation,
        packet_id,
    }
}

#[test]
fn an_id_that_two_publishes_could_have_is_the_older_ones() {
    let mut line = Line::new();
    line.round_trip(1);
    line.zeros(1);
    line.publish(A);
    line.publish(B);
    assert_eq!(line.acked(3), of(A, 3));
    assert_eq!(line.acked(4), of(B, 4));
}

#[test]
fn a_module_that_does_not_count_qos_0_is_understood_as_well() {
    let mut line = Line::new();
    line.round_trip(1);
    line.zeros(5);
    line.publish(A);
    line.publish(B);
    assert_eq!(line.acked(2), of(A, 2));
    assert_eq!(line.acked(3), of(B, 3));
}

#[test]
fn the_older_one_is_not_complete_if_it_may_never_have_been_sent() {
    let mut line = Line::new();
    line.round_trip(1);
    line.zeros(1);
    // The module has not answered the command.
    line.sent(A, AckKind::Publish1);
    line.publish(B);
    assert_eq!(line.acked(3), Owner::Expired);
    assert_eq!(line.acked(4), of(B, 4));
}

#[test]
fn the_older_one_is_not_complete_if_it_was_sent_on_the_last_connection() {
    let mut line = Line::new();
    line.round_trip(1);
    line.zeros(1);
    line.publish(A);
    line.ids.connection_changed();
    line.publish(B);
    assert_eq!(line.acked(3), Owner::Expired);
}

#[test]
fn whether_qos_0_counts_is_learned_and_then_lost_acks_shift_nothing() {
    for counts in [true, false] {
        let mut line = Line::new();
        let mut id = 0;
        let mut next = |zeros: u16| {
            id += zeros * u16::from(counts) + 1;
            id
        };
        line.round_trip(next(0));
        for _ in 0..2 {
            line.zeros(3);
            line.round_trip(next(3));
        }
        assert_eq!(line.ids.qos0_takes_id(), Some(counts));
        line.zeros(1);
        line.publish(A);
        line.publish(B);
        line.publish(C);
        let (_, b, c) = (next(1), next(0), next(0));
        // That of A is lost.
        assert_eq!(line.acked(b), of(B, b), "counts: {counts}");
        assert_eq!(line.acked(c), of(C, c), "counts: {counts}");
    }
}

#[test]
fn what_was_learned_is_dropped_when_the_acknowledgements_say_otherwise() {
    let mut line = Line::new();
    line.round_trip(1);
    let mut id = 1;
    for _ in 0..4 {
        line.zeros(1);
        id += 2;
        line.round_trip(id);
    }
    assert_eq!(line.ids.qos0_takes_id(), Some(true));
    // Another module, perhaps.
    for _ in 0..8 {
        line.zeros(1);
        id += 1;
        line.round_trip(id);
    }
    assert_eq!(line.ids.qos0_takes_id(), Some(false));
}

#[test]
fn any_number_of_qos_0_publishes_may_come_before_an_acknowledgement() {
    for (zeros, id) in [
        (40_000, 40_002),
        (40_000, 2),
        (70_000, 4_466),
        (70_000, 4_467),
    ] {
        let mut line = Line::new();
        line.round_trip(1);
        line.zeros(zeros);
        line.publish(A);
        assert_eq!(line.acked(id), of(A, id), "{zeros} of QoS 0, then {id}");
        line.round_trip(id + 1);
    }
}

#[test]
fn behind_65535_the_module_counts_on_with_0_or_with_1() {
    for after in [[0, 1, 2], [1, 2, 3]] {
        let mut line = Line::new();
        line.ids.restart_at(65_535, None);
        line.publish(A);
        line.publish(B);
        line.publish(C);
        assert_eq!(line.acked(65_535), of(A, 65_535));
        assert_eq!(line.acked(after[0]), of(B, after[0]), "{after:?}");
        assert_eq!(line.acked(after[1]), of(C, after[1]), "{after:?}");
        line.round_trip(after[2]);
    }
}

#[test]
fn an_acknowledgement_that_nothing_explains_completes_nothing() {
    let mut line = Line::new();
    line.round_trip(1);
    line.zeros(2);
    line.publish(A);
    assert_eq!(line.acked(5), Owner::Unknown);
    assert_eq!(line.acked(1), Owner::Expired);
    assert_eq!(line.acked(4), of(A, 4));
}

#[test]
fn a_count_that_went_wrong_is_found_again() {
    let mut line = Line::new();
    line.round_trip(1);
    line.publish(A);
    // Another program has sent commands.
    assert_eq!(line.acked(90), Owner::Unknown);
    line.publish(B);
    assert_eq!(line.acked(91), of(A, 91));
    line.ids.expire(line.now, B, false);
    line.round_trip(93);
}

#[test]
fn a_refused_command_takes_no_id() {
    let mut line = Line::new();
    line.round_trip(1);
    line.zeros(3);
    line.sent(ZERO, AckKind::Publish0);
    line.ids.withdraw(ZERO);
    line.sent(A, AckKind::Publish1);
    line.ids.withdraw(A);
    line.publish(B);
    line.publish(C);
    assert_eq!(line.acked(5), of(B, 5));
    assert_eq!(line.acked(6), of(C, 6));
}

#[test]
fn a_module_that_never_learned_of_a_command_has_not_counted_it() {
    let mut line = Line::new();
    line.round_trip(1);
    line.sent(A, AckKind::Publish1);
    line.now += WAIT;
    line.ids.expire(line.now, A, false);
    line.publish(A);
    assert_eq!(line.acked(2), of(A, 2));
    line.round_trip(3);
}

/// Publishes of all three levels, several under way, on a line that loses nothing.
struct Traffic {
    line: Line,
    random: u64,
    counts_zeros: bool,
    last_id: u16,
    next_operation: u64,
    /// What the broker has still to acknowledge.
    due: Vec<(OperationId, AckKind, u16)>,
    open: Vec<OperationId>,
    completed_for_another: u32,
}

impl Traffic {
    fn new(seed: u64, counts_zeros: bool) -> Self {
        Self {
            line: Line::new(),
            random: seed * 2 + 1,
            counts_zeros,
            last_id: 0,
            next_operation: 1,
            due: Vec::new(),
            open: Vec::new(),
            completed_for_another: 0,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.random >> 33).unwrap() % bound
    }

    fn send(&mut self) {
        let kind = [AckKind::Publish0, AckKind::Publish1, AckKind::Publish2][self.below(3)];
        let operation = OperationId(self.next_operation);
        self.next_operation += 1;
        self.line.sent(operation, kind);
        if kind == AckKind::Publish0 {
            self.last_id += u16::from(self.counts_zeros);
        } else {
            self.last_id += 1;
            self.due.push((operation, kind, self.last_id));
            self.open.push(operation);
        }
        // An acknowledgement may come before the OK.
        if self.below(4) == 0 && kind != AckKind::Publish0 {
            let (_, kind, id) = self.due.pop().unwrap();
            self.ack(operation, kind, id);
        }
        self.line.ids.was_read(operation);
    }

    fn ack(&mut self, of: OperationId, kind: AckKind, id: u16) {
        let numbers = AckNumbers {
            first: 0,
            second: Some(id),
        };
        let ids = &mut self.line.ids;
        let owner = ids.on_numbers(self.line.now, kind, numbers, true);
        if let Owner::Operation { operation, .. } = owner {
            self.open.retain(|open| *open != operation);
            self.completed_for_another += u32::from(operation != of);
        }
    }

    fn run(&mut self, steps: usize, in_order: bool) {
        for _ in 0..steps {
            if self.due.is_empty() || (self.due.len() < 8 && self.below(2) == 0) {
                self.send();
            } else {
                let mut index = if in_order {
                    0
                } else {
                    self.below(self.due.len())
                };
                if in_order {
                    // Each kind is in order by itself.
                    let kind = [AckKind::Publish1, AckKind::Publish2][self.below(2)];
                    index = self.due.iter().position(|due| due.1 == kind).unwrap_or(0);
                }
                let (of, kind, id) = self.due.remove(index);
                self.ack(of, kind, id);
            }
        }
        for (of, kind, id) in std::mem::take(&mut self.due) {
            self.ack(of, kind, id);
        }
    }
}

#[test]
fn nothing_that_is_acknowledged_in_order_is_left_waiting() {
    for seed in 0..500 {
        for counts_zeros in [false, true] {
            let mut traffic = Traffic::new(seed, counts_zeros);
            traffic.run(60, true);
            assert_eq!(traffic.open, [], "seed {seed}, zeros count: {counts_zeros}");
        }
    }
}

#[test]
fn once_the_habit_is_known_acknowledgements_out_of_order_find_their_own() {
    for seed in 0..500 {
        for counts_zeros in [false, true] {
            let mut traffic = Traffic::new(seed, counts_zeros);
            traffic.line.round_trip(1);
            traffic.line.zeros(1);
            traffic.last_id = 2 + u16::from(counts_zeros);
            traffic.line.round_trip(traffic.last_id);
            traffic.run(60, false);
            let case = format!("seed {seed}, zeros count: {counts_zeros}");
            assert_eq!(traffic.open, [], "{case}");
            assert_eq!(traffic.completed_for_another, 0, "{case}");
        }
    }
}

#[test]
fn acknowledgements_out_of_order_leave_nothing_waiting_either() {
    for seed in 0..500 {
        for counts_zeros in [false, true] {
            let mut traffic = Traffic::new(seed, counts_zeros);
            traffic.run(60, false);
            assert_eq!(traffic.open, [], "seed {seed}, zeros count: {counts_zeros}");
        }
    }
}

#[test]
fn the_next_id_is_told_from_what_was_sent() {
    let mut line = Line::new();
    assert_eq!(line.ids.next_id(), 1);
    line.ids.restart_at(17, Some(true));
    assert_eq!(line.ids.next_id(), 17);
    line.publish(A);
    line.zeros(3);
    assert_eq!(line.ids.next_id(), 21);
    line.ids.restart_at(17, Some(false));
    line.publish(A);
    line.zeros(3);
    assert_eq!(line.ids.next_id(), 18);
    assert_eq!(line.acked(17), of(A, 17));
    line.ids.restart_at(1, None);
    assert_eq!(line.ids.next_id(), 1);
}

#[test]
fn where_both_numbers_could_be_the_id_the_order_of_the_model_decides() {
    for (order, id) in [(AckOrder::DupFirst, 1), (AckOrder::IdFirst, 0)] {
        let mut line = Line::new();
        line.ids.set_profile_order(order);
        line.ids.restart_at(0, None);
        line.publish(A);
        let numbers = AckNumbers {
            first: 0,
            second: Some(1),
        };
        let owner = line
            .ids
            .on_numbers(line.now, AckKind::Publish1, numbers, true);
        assert_eq!(owner, of(A, id), "{order:?}");
    }
}

#[test]
fn a_qos_0_publish_without_an_answer_may_have_got_an_id_or_not() {
    for id in [2, 3, 4] {
        let mut line = Line::new();
        line.round_trip(1);
        line.zeros(1);
        // Its answer was lost.
        line.sent(ZERO, AckKind::Publish0);
        line.publish(A);
        assert_eq!(line.acked(id), of(A, id));
        assert_eq!(line.acked(5), Owner::Unknown);
    }
}

#[test]
fn an_acknowledgement_of_nobodys_sets_the_count_right() {
    let mut line = Line::new();
    assert_eq!(line.acked(0), Owner::Unknown);
    assert_eq!(line.ids.next_id(), 1);
    assert_eq!(line.acked(41), Owner::Unknown);
    assert_eq!(line.ids.next_id(), 42);
    line.round_trip(42);
    // While a publish waits it says nothing.
    line.publish(A);
    assert_eq!(line.acked(90), Owner::Unknown);
    assert_eq!(line.acked(43), of(A, 43));
}
