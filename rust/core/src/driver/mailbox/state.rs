//! What waits in the mailbox, lane by lane.

use std::time::SystemTime;

use super::drops::Drops;
use super::lanes::{LANES, Lane, Select};
use super::ordered::Ordered;
use super::routes::{Destination, Routes};
use super::{Limits, Observer, Signal};
use crate::driver::Overflow;
use crate::{Event, EventKind, Incoming};

/// So many events that lines of the module have caused wait at most.
const MOST_LINE_EVENTS: usize = 1024;
/// The bit of a kind of events, of which there are fewer than 32.
pub(in crate::driver) const fn kind_bit(kind: EventKind) -> u32 {
    1 << kind as u32
}

/// So many events of the connection wait at most; a program that reads none for that long has lost
/// the thread.
const MOST_CONNECTION_EVENTS: usize = 4096;
/// What an entry takes besides its texts and payload.
const ENTRY: u64 = 200;

pub(super) struct State {
    pub(super) lanes: [Ordered<Incoming>; LANES],
    /// Of each lane.
    pub(super) bytes: [u64; LANES],
    pub(super) next: u64,
    pub(super) limits: Limits,
    /// Which new entries are for callbacks, if no subscription says otherwise.
    pub(super) called: Select,
    pub(super) routes: Routes,
    pub(super) drops: Drops,
    pub(super) ended: bool,
    /// The modem was closed: waits end at once.
    pub(super) closed: bool,
    /// A callback has an entry.
    pub(super) delivering: bool,
    pub(super) cancels: u64,
    /// How often the program has ended what it reads.
    pub(super) reads_ended: u64,
    /// Takers of these are to return with nothing.
    pub(super) woken: Select,
    pub(super) waiting: usize,
    pub(super) signals: Vec<(Select, Signal)>,
    pub(super) observer: Option<Observer>,
}

impl State {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            lanes: Default::default(),
            bytes: [0; LANES],
            next: 0,
            limits,
            called: Select(0),
            routes: Routes::default(),
            drops: Drops::default(),
            ended: false,
            closed: false,
            delivering: false,
            cancels: 0,
            reads_ended: 0,
            woken: Select(0),
            waiting: 0,
            signals: Vec::new(),
            observer: None,
        }
    }

    pub(super) fn lane_of(&self, incoming: &Incoming) -> usize {
        self.place(match incoming {
            Incoming::Message(_) => Lane::Messages,
            Incoming::Event(event) if is_of_a_line(event.kind) => Lane::LineEvents,
            Incoming::Event(event) if event.kind == EventKind::Done => Lane::Ends,
            Incoming::Event(_) => Lane::ConnectionEvents,
        })
    }

    /// Adds an entry or drops one; the lanes that takers have to look at.
    pub(super) fn add(&mut self, incoming: Incoming) -> u16 {
        if self.ended {
            return 0;
        }
        if let (Some(observer), Incoming::Event(event)) = (&self.observer, &incoming) {
            observer(event);
        }
        let copied = self.add_copies(&incoming);
        let (lane, readers) = self.destination_of(&incoming);
        if copied != 0 && lane == Lane::Messages as usize && readers.is_none() {
            // It has its readers, and no other one has subscribed to it.
            return copied | self.due_lanes();
        }
        let comes_in = readers.as_ref().is_none_or(|to| self.make_room_for(to))
            && self.make_room(lane, weight(&incoming));
        if !comes_in {
            return copied | self.due_lanes();
        }
        if let Some(readers) = readers {
            self.routes.store(self.next, readers);
        }
        self.insert(lane, self.next, incoming);
        self.next += 1;
        1 << lane | copied | self.due_lanes()
    }

    /// The lane of an entry and, if it is for readers of a filter or several, which.
    fn destination_of(&mut self, incoming: &Incoming) -> (usize, Option<Destination>) {
        let place = self.lane_of(incoming);
        let Incoming::Message(message) = incoming else {
            return (place, None);
        };
        match self.routes.find(&message.topic) {
            Some(to) if to.called => (Lane::Messages as usize + Lane::CALLED, None),
            to => (place, to.filter(|_| place == Lane::Messages as usize)),
        }
    }

    /// Makes room for a message with the readers of each of its filters; whether it may come in.
    pub(super) fn make_room_for(&mut self, readers: &Destination) -> bool {
        while self.limits.overflow != Overflow::Block {
            let full = self.routes.oldest_of_full(readers, self.limits.messages);
            let Some(oldest) = full else {
                break;
            };
            if self.limits.overflow == Overflow::DropNewest {
                self.count_dropped(true, self.next);
                self.next += 1;
                return false;
            }
            let lane = if readers.copied {
                Lane::COPIES
            } else {
                Lane::Messages as usize
            };
            self.remove(lane, oldest);
            self.count_dropped(true, oldest);
        }
        true
    }

    pub(super) fn insert(&mut self, lane: usize, number: u64, incoming: Incoming) {
        self.bytes[lane] += weight(&incoming);
        self.lanes[lane].insert(number, incoming);
    }

    pub(super) fn remove(&mut self, lane: usize, number: u64) -> Option<Incoming> {
        let incoming = self.lanes[lane].remove(number)?;
        self.bytes[lane] -= weight(&incoming);
        if lane == Lane::Messages as usize || lane == Lane::COPIES {
            self.routes.release(number);
        }
        Some(incoming)
    }

    /// What callbacks of these kinds have not taken goes to readers, but for messages that match the
    /// filter of a callback.
    pub(super) fn return_called(&mut self, kinds: Select) {
        for lane in (0..Lane::CALLED).filter(|lane| kinds.has(*lane)) {
            let called = lane + Lane::CALLED;
            for (number, incoming) in std::mem::take(&mut self.lanes[called]) {
                self.bytes[called] -= weight(&incoming);
                let (to, readers) = self.destination_of(&incoming);
                if let Some(readers) = readers {
                    self.routes.store(number, readers);
                }
                self.insert(to, number, incoming);
            }
        }
    }

    /// The oldest event for readers that is of one of these kinds.
    pub(super) fn first_event(&self, kinds: u32) -> Option<(usize, u64)> {
        let events = [Lane::LineEvents, Lane::ConnectionEvents, Lane::Ends];
        let first = |lane: Lane| {
            let mut entries = self.lanes[lane as usize].iter();
            let wanted = |incoming: &Incoming| matches!(incoming, Incoming::Event(event) if kind_bit(event.kind) & kinds != 0);
            let (number, _) = entries.find(|(_, incoming)| wanted(incoming))?;
            Some((lane as usize, number))
        };
        let found = events.into_iter().filter_map(first);
        found.min_by_key(|(_, number)| *number)
    }

    /// Takes the end of an operation away that no one has taken.
    pub(super) fn remove_end(&mut self, token: u32) {
        for lane in [Lane::Ends as usize, Lane::Ends as usize + Lane::CALLED] {
            let is_its = |incoming: &Incoming| matches!(incoming, Incoming::Event(event) if event.value == i64::from(token));
            let found = self.lanes[lane]
                .iter()
                .find(|(_, incoming)| is_its(incoming));
            if let Some(number) = found.map(|(number, _)| number) {
                self.remove(lane, number);
            }
        }
    }

    fn all_bytes(&self) -> u64 {
        self.bytes.iter().sum()
    }

    /// The oldest entry of the selected lanes.
    pub(super) fn first(&self, select: Select) -> Option<(usize, u64)> {
        let lanes = self.lanes.iter().enumerate();
        lanes
            .filter(|(lane, _)| select.has(*lane))
            .filter_map(|(lane, entries)| Some((lane, entries.first()?)))
            .min_by_key(|(_, number)| *number)
    }

    /// Whether nothing selected can follow.
    pub(super) fn is_over(&self, select: Select) -> bool {
        let called = &self.lanes[Lane::CALLED..Lane::COPIES];
        self.ended
            && (self.closed
                || select.overlaps(Select::CALLED)
                || !self.delivering && called.iter().all(Ordered::is_empty))
    }

    pub(super) fn is_takable(&self, select: Select) -> bool {
        let lanes = self.lanes.iter().enumerate();
        let mut entries = lanes.filter(|(lane, _)| select.has(*lane));
        entries.any(|(_, entries)| !entries.is_empty()) || select.overlaps(Select(self.due_lanes()))
    }

    /// Its bit, if a report is due.
    pub(super) fn due_lanes(&self) -> u16 {
        u16::from(self.drops.due) << self.place(Lane::LineEvents)
    }

    /// Makes room for an entry of so many bytes in this lane; whether it may come in.
    pub(super) fn make_room(&mut self, lane: usize, bytes: u64) -> bool {
        let most = match lane % Lane::CALLED {
            0 => self.limits.messages,
            1 => MOST_LINE_EVENTS,
            2 => MOST_CONNECTION_EVENTS,
            _ => usize::MAX,
        };
        let is_message = lane % Lane::CALLED == 0;
        if is_message && self.limits.overflow == Overflow::Block {
            // The engine has asked; what comes at the very end may be beyond the bound.
            return true;
        }
        let newest = is_message && self.limits.overflow == Overflow::DropNewest;
        loop {
            let waiting = match lane {
                // Those of a filter have a bound of their own.
                Lane::COPIES => 0,
                lane if lane == Lane::Messages as usize => self.unmatched(),
                lane => self.lanes[lane].len(),
            };
            let full = waiting >= most;
            let lane = if full {
                lane
            } else if self.all_bytes().saturating_add(bytes) > self.limits.bytes {
                match self.heaviest() {
                    Some(heaviest) => heaviest,
                    None => return true,
                }
            } else {
                return true;
            };
            if newest {
                self.count_dropped(true, self.next);
                self.next += 1;
                return false;
            }
            let Some(number) = self.oldest(lane, full) else {
                return true;
            };
            self.remove(lane, number);
            self.count_dropped(lane % Lane::CALLED == 0, number);
        }
    }

    /// The lane in which most waits, of those from which something may be dropped for its bytes.
    fn heaviest(&self) -> Option<usize> {
        let droppable = |lane: &usize| {
            lane % Lane::CALLED < Lane::ConnectionEvents as usize && !self.lanes[*lane].is_empty()
        };
        (0..LANES)
            .filter(droppable)
            .max_by_key(|lane| self.bytes[*lane])
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.limits.overflow == Overflow::Block
            && (self.waiting_messages() >= self.limits.messages
                || self.all_bytes() >= self.limits.bytes)
    }

    pub(super) fn has_ample_room(&self) -> bool {
        self.waiting_messages() <= self.limits.messages / 2
            && self.all_bytes() <= self.limits.bytes / 2
    }

    /// How many messages wait for the consumer that is furthest behind, of those to which more can go.
    fn waiting_messages(&self) -> usize {
        let called = self.lanes[Lane::CALLED].len();
        if self.called.has(Lane::Messages as usize) {
            return called;
        }
        let filter = self.routes.fullest().map_or(0, |(_, waiting)| waiting);
        called.max(filter).max(self.unmatched())
    }

    /// Messages to be read that no routed filter matches.
    pub(super) fn unmatched(&self) -> usize {
        let stored = self.routes.stored() - self.lanes[Lane::COPIES].len();
        self.lanes[Lane::Messages as usize].len() - stored
    }

    /// The oldest entry of a lane; of messages to be read only `unmatched` ones, if so asked.
    fn oldest(&self, lane: usize, unmatched: bool) -> Option<u64> {
        let mut numbers = self.lanes[lane].iter().map(|(number, _)| number);
        if unmatched && lane == Lane::Messages as usize {
            numbers.find(|number| !self.routes.has_stored(*number))
        } else {
            numbers.next()
        }
    }

    /// Where new entries of this kind go.
    fn place(&self, lane: Lane) -> usize {
        let lane = lane as usize;
        lane + if self.called.has(lane) {
            Lane::CALLED
        } else {
            0
        }
    }

    fn count_dropped(&mut self, is_message: bool, number: u64) {
        self.drops.count(is_message, number);
    }

    /// The time for a report of what was dropped has come.
    pub(super) fn ring(&mut self) {
        self.drops.ring(self.observer.as_ref());
    }

    /// Reports to a taker of these what was dropped, if that is due, where the gap is.
    pub(super) fn report_due(&mut self, select: Select) {
        let place = self.place(Lane::LineEvents);
        // Callbacks get a report of a burst when it is over; who reads comes to the gap.
        let due = self.drops.due || place < Lane::CALLED && self.drops.is_due_at_gap();
        if !due || !select.has(place) {
            return;
        }
        let count = self.drops.report();
        let mut event = Incoming::Event(Event::new(
            EventKind::Dropped,
            i64::try_from(count).unwrap_or(i64::MAX),
            format!("{count} messages or events were dropped: too many were waiting"),
        ));
        event.stamp(SystemTime::now());
        self.insert(place, self.drops.place, event);
    }
}

/// How many bytes an entry takes, roughly.
pub(in crate::driver) fn weight(incoming: &Incoming) -> u64 {
    let bytes = match incoming {
        Incoming::Message(message) => message.topic.len() + message.payload.len(),
        Incoming::Event(event) => event.text.len(),
    };
    ENTRY + bytes as u64
}

/// Whether it is a line of the module's that causes such events, so that a module can cause any number.
fn is_of_a_line(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Urc
            | EventKind::UnknownLine
            | EventKind::LateAnswer
            | EventKind::StrayResult
            | EventKind::Dropped
            | EventKind::Oversize
            | EventKind::Ambiguous
            | EventKind::LineTooLong
    )
}
