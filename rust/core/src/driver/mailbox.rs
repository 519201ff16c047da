//! The only store between the port and the program: messages and events, in the order of the wire.
//!
//! Each entry is for whoever reads, or for a callback; messages and events wait apart. A message has
//! a bound, in number and in bytes, and the [`Overflow`] policy says what happens at it. An event of
//! the connection is never dropped. What was dropped is one event that counts.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};

use super::Overflow;
use super::routes::{Destination, Routes};
use super::sync::{Condvar, Mutex, MutexGuard};
use crate::{Event, EventKind, Incoming, Message};

/// So many events that lines of the module have caused wait at most.
const MOST_LINE_EVENTS: usize = 1024;
/// So many events of the connection wait at most; a program that reads none for that long has lost
/// the thread.
const MOST_CONNECTION_EVENTS: usize = 4096;
/// While more is dropped without end, the count is reported so often.
const REPORT_EVERY: Duration = Duration::from_secs(10);
/// What an entry takes besides its texts and payload.
const ENTRY: u64 = 200;

/// How much may wait, and what happens beyond.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Messages for each consumer.
    pub messages: usize,
    /// Bytes of everything.
    pub bytes: u64,
    pub overflow: Overflow,
}

/// Which entries to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Select(u8);

impl Select {
    /// Messages that no callback takes.
    pub(super) const MESSAGES: Self = Self(Lane::Messages.bit());
    /// Events that no callback takes.
    pub(super) const EVENTS: Self = Self(Lane::LineEvents.bit() | Lane::ConnectionEvents.bit());
    /// What no callback takes.
    pub(super) const READ: Self = Self(Self::MESSAGES.0 | Self::EVENTS.0);
    /// What callbacks take.
    pub(super) const CALLED: Self = Self(Self::READ.0 << Lane::CALLED);
    pub(super) const ANY: Self = Self(Self::READ.0 | Self::CALLED.0);

    fn has(self, lane: usize) -> bool {
        self.0 & (1 << lane) != 0
    }

    fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The entries of one kind for one kind of consumer; those of callbacks are `CALLED` lanes on.
#[derive(Clone, Copy)]
enum Lane {
    Messages,
    LineEvents,
    ConnectionEvents,
}

const LANES: usize = 6;

impl Lane {
    const CALLED: usize = 3;

    const fn bit(self) -> u8 {
        1 << self as usize
    }
}

/// An entry and its place in the order.
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) incoming: Incoming,
}

/// What taking gave.
pub(super) enum Taken<T> {
    Entry(T),
    Nothing,
    Cancelled,
    /// The modem was closed or its port is gone, and nothing selected is left.
    End,
}

/// Told under the mailbox's lock whether something selected waits: `true` with every such entry and
/// at the end, `false` when the last was taken.
pub(super) type Signal = Box<dyn Fn(bool) + Send + Sync>;

/// Filled under the engine's lock; emptied by any thread.
pub(super) struct Mailbox {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    lanes: [BTreeMap<u64, Incoming>; LANES],
    /// Of each lane.
    bytes: [u64; LANES],
    next: u64,
    limits: Limits,
    /// Which new entries are for callbacks, if no subscription says otherwise.
    called: Select,
    routes: Routes,
    drops: Drops,
    /// The port is not read because of this mailbox, or the session keeps back what it has.
    backpressured: bool,
    ended: bool,
    /// The modem was closed: waits end at once.
    closed: bool,
    /// A callback has an entry.
    delivering: bool,
    cancels: u64,
    /// Takers of these are to return with nothing.
    woken: Select,
    waiting: usize,
    signals: Vec<(Select, Signal)>,
}

/// What was dropped, and how much of it has been reported.
#[derive(Default)]
struct Drops {
    messages: u64,
    events: u64,
    unreported: u64,
    /// Where the last of it was or would have been.
    place: u64,
    /// Since the bound was reached, one report was made, at this time.
    reported: Option<Instant>,
}

impl Drops {
    fn is_due(&self) -> bool {
        self.unreported > 0 && self.reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY)
    }
}

impl Mailbox {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            state: Mutex::new(State {
                lanes: Default::default(),
                bytes: [0; LANES],
                next: 0,
                limits,
                called: Select(0),
                routes: Routes::default(),
                drops: Drops::default(),
                backpressured: false,
                ended: false,
                closed: false,
                delivering: false,
                cancels: 0,
                woken: Select(0),
                waiting: 0,
                signals: Vec::new(),
            }),
            changed: Condvar::new(),
        }
    }

    /// Adds an entry, or drops one, as the policy says; with [`Overflow::Block`] it comes in.
    pub(super) fn push(&self, incoming: Incoming) {
        let mut state = self.lock();
        let lanes = state.add(incoming);
        self.announce(&state, lanes);
    }

    /// Adds what `next` gives, as far as there is room; whether there is no room for more. From then on
    /// [`has_room_again`](Self::has_room_again) will say when there is.
    pub(super) fn fill(&self, mut next: impl FnMut() -> Option<Incoming>) -> bool {
        let mut state = self.lock();
        let mut lanes = 0;
        let blocked = loop {
            if state.is_blocked() {
                state.backpressured = true;
                break true;
            }
            match next() {
                Some(incoming) => lanes |= state.add(incoming),
                None => break false,
            }
        };
        if lanes != 0 {
            self.announce(&state, lanes);
        }
        blocked
    }

    /// An entry that its taker does not want goes back to its place, for those who read.
    pub(super) fn put_back(&self, entry: Entry) {
        let mut state = self.lock();
        let lane = state.lane_of(&entry.incoming) % Lane::CALLED;
        state.insert(lane, entry.number, entry.incoming);
        self.announce(&state, 1 << lane);
    }

    /// True once after backpressure, when there is room again; to be asked after taking.
    pub(super) fn has_room_again(&self) -> bool {
        let mut state = self.lock();
        if !state.backpressured || !state.has_ample_room() {
            return false;
        }
        state.backpressured = false;
        true
    }

    /// Nothing more will come; takers get the rest, and then the end: those who read only after the
    /// callbacks, unless the modem was closed.
    pub(super) fn finish(&self, closed: bool) {
        let mut state = self.lock();
        state.ended = true;
        state.closed |= closed;
        self.announce(&state, Select::ANY.0);
    }

    /// New entries of these kinds are for callbacks from now on, or for readers; those that callbacks
    /// have not taken then go to readers.
    pub(super) fn set_called(&self, kinds: Select, called: bool) {
        let bits = kinds.0 & Select::READ.0;
        let mut state = self.lock();
        if called {
            state.called.0 |= bits;
            return;
        }
        state.called.0 &= !bits;
        for lane in (0..Lane::CALLED).filter(|lane| Select(bits).has(*lane)) {
            let mut rest = std::mem::take(&mut state.lanes[lane + Lane::CALLED]);
            state.lanes[lane].append(&mut rest);
            state.bytes[lane] += std::mem::take(&mut state.bytes[lane + Lane::CALLED]);
        }
        self.announce(&state, bits);
    }

    pub(super) fn set_limits(&self, limits: Limits) {
        let mut state = self.lock();
        state.limits = limits;
        // What is beyond the new ones goes with the next message.
        self.announce(&state, 0);
    }

    pub(super) fn limits(&self) -> Limits {
        self.lock().limits
    }

    /// Has `signal` called for these entries from now on, and now if some wait.
    pub(super) fn add_signal(&self, select: Select, signal: Signal) {
        let mut state = self.lock();
        if state.is_takable(select) || state.is_over(select) {
            signal(true);
        }
        state.signals.push((select, signal));
    }

    /// Wakes every thread that waits in [`take`](Self::take).
    pub(super) fn cancel(&self) {
        self.lock().cancels += 1;
        self.changed.notify_all();
    }

    /// Makes one taker for callbacks and one reader return with nothing: one that waits, or else the
    /// next that would.
    pub(super) fn wake(&self) {
        let mut state = self.lock();
        state.woken = Select::ANY;
        self.announce(&state, Select::ANY.0);
    }

    /// Has messages that match this filter go to a callback from now on, or to readers of the filter.
    pub(super) fn route(&self, filter: &str, called: bool) {
        self.lock().routes.add(filter, called);
    }

    /// Forgets the filter; what waits for its readers can still be read by others.
    pub(super) fn unroute(&self, filter: &str) {
        self.lock().routes.remove(filter);
    }

    /// A message that no callback took waits for those who read.
    pub(super) fn give_back(&self, message: Message) {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.insert(Lane::Messages as usize, number, Incoming::Message(message));
        self.announce(&state, Select::MESSAGES.0);
    }

    /// Who has most messages waiting, in words.
    pub(super) fn fullest(&self) -> String {
        let state = self.lock();
        let called = state.lanes[Lane::CALLED].len();
        let unmatched = state.unmatched();
        match state.routes.fullest() {
            Some((filter, waiting)) if waiting > called.max(unmatched) => {
                format!("{waiting} messages of {filter:?} wait to be read")
            }
            _ if called > unmatched => format!("the callbacks are {called} messages behind"),
            _ => format!("{unmatched} messages wait to be received"),
        }
    }

    /// The oldest of the selected entries; `None` waits indefinitely.
    pub(super) fn take(&self, select: Select, timeout: Option<Duration>) -> Taken<Entry> {
        match self.take_if(select, timeout, |_| Ok::<_, Infallible>(())) {
            Ok(Taken::Entry(((), entry))) => Taken::Entry(entry),
            Ok(Taken::Nothing) => Taken::Nothing,
            Ok(Taken::Cancelled) => Taken::Cancelled,
            Ok(Taken::End) => Taken::End,
        }
    }

    /// As [`take`](Self::take), but `look` sees the entry first, under the lock; with an error of it
    /// the entry stays.
    pub(super) fn take_if<T, E>(
        &self,
        select: Select,
        timeout: Option<Duration>,
        look: impl FnOnce(&Incoming) -> Result<T, E>,
    ) -> Result<Taken<(T, Entry)>, E> {
        let mut state = match self.wait(select, timeout) {
            Taken::Entry(state) => state,
            Taken::Nothing => return Ok(Taken::Nothing),
            Taken::Cancelled => return Ok(Taken::Cancelled),
            Taken::End => return Ok(Taken::End),
        };
        state.report_due(select);
        let Some((lane, number)) = state.first(select) else {
            return Ok(Taken::Nothing);
        };
        let seen = state.lanes[lane].get(&number).map(look).transpose()?;
        let Some((seen, incoming)) = seen.zip(state.remove(lane, number)) else {
            return Ok(Taken::Nothing);
        };
        state.delivering |= select.overlaps(Select::CALLED);
        self.after_taking(&mut state);
        Ok(Taken::Entry((seen, Entry { number, incoming })))
    }

    /// The oldest message that matches a routed filter and goes to no callback.
    pub(super) fn take_of(&self, filter: &str, timeout: Option<Duration>) -> Taken<Entry> {
        let waits = |state: &State| state.routes.first(filter).is_some();
        let mut state = match self.wait_for(Select::MESSAGES, timeout, waits) {
            Taken::Entry(state) => state,
            Taken::Nothing => return Taken::Nothing,
            Taken::Cancelled => return Taken::Cancelled,
            Taken::End => return Taken::End,
        };
        let Some(number) = state.routes.first(filter) else {
            return Taken::Nothing;
        };
        let incoming = state.remove(Lane::Messages as usize, number);
        self.after_taking(&mut state);
        incoming.map_or(Taken::Nothing, |incoming| {
            Taken::Entry(Entry { number, incoming })
        })
    }

    /// Appends entries as long as there are some and `more` wants them; waits for none.
    pub(super) fn take_more(&self, select: Select, mut more: impl FnMut(Incoming) -> bool) {
        let mut state = self.lock();
        loop {
            state.report_due(select);
            let Some((lane, number)) = state.first(select) else {
                break;
            };
            let Some(incoming) = state.remove(lane, number) else {
                break;
            };
            if !more(incoming) {
                break;
            }
        }
        self.after_taking(&mut state);
    }

    /// Messages, and then events, that wait.
    pub(super) fn len(&self) -> (usize, usize) {
        let state = self.lock();
        let of = |select: Select| {
            let lanes = state.lanes.iter().enumerate();
            lanes
                .filter(|(lane, _)| select.has(*lane))
                .map(|(_, entries)| entries.len())
                .sum()
        };
        let messages = Select(Select::MESSAGES.0 | Select::MESSAGES.0 << Lane::CALLED);
        let events = Select(Select::EVENTS.0 | Select::EVENTS.0 << Lane::CALLED);
        (of(messages), of(events))
    }

    /// Messages, and then events, that were dropped.
    pub(super) fn dropped(&self) -> (u64, u64) {
        let drops = &self.lock().drops;
        (drops.messages, drops.events)
    }

    fn wait(&self, select: Select, timeout: Option<Duration>) -> Taken<MutexGuard<'_, State>> {
        self.wait_for(select, timeout, |state| state.is_takable(select))
    }

    fn wait_for(
        &self,
        select: Select,
        timeout: Option<Duration>,
        takable: impl Fn(&State) -> bool,
    ) -> Taken<MutexGuard<'_, State>> {
        // An `Instant` cannot hold every `Duration`: what is beyond it is as good as no limit.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.lock();
        if select.overlaps(Select::CALLED) && std::mem::take(&mut state.delivering) && state.ended {
            // The callback that had the last entry has returned.
            self.announce(&state, Select::READ.0);
        }
        let cancels = state.cancels;
        loop {
            if takable(&state) {
                return Taken::Entry(state);
            }
            if state.is_over(select) {
                return Taken::End;
            }
            if timeout == Some(Duration::ZERO) {
                return Taken::Nothing;
            }
            if state.cancels != cancels {
                return Taken::Cancelled;
            }
            if state.woken.overlaps(select) {
                state.woken.0 &= !select.0;
                return Taken::Nothing;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Taken::Nothing;
            }
            state.waiting += 1;
            state = match left {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    self.changed
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
            state.waiting -= 1;
        }
    }

    fn announce(&self, state: &State, lanes: u8) {
        for (select, signal) in &state.signals {
            if select.overlaps(Select(lanes)) {
                signal(true);
            }
        }
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn after_taking(&self, state: &mut State) {
        if state.has_ample_room() && state.drops.reported.take().is_some() {
            // The burst is over: what has not been reported of it is due now.
            self.announce(state, state.due_lanes());
        }
        for (select, signal) in &state.signals {
            if !state.is_takable(*select) && !state.ended {
                signal(false);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lane_of(&self, incoming: &Incoming) -> usize {
        self.place(match incoming {
            Incoming::Message(_) => Lane::Messages,
            Incoming::Event(event) if is_of_a_line(event.kind) => Lane::LineEvents,
            Incoming::Event(_) => Lane::ConnectionEvents,
        })
    }

    /// Adds an entry or drops one; the lanes that takers have to look at.
    fn add(&mut self, incoming: Incoming) -> u8 {
        if self.ended {
            return 0;
        }
        let (lane, readers) = self.destination_of(&incoming);
        let comes_in = readers.as_ref().is_none_or(|to| self.make_room_for(to))
            && self.make_room(lane, weight(&incoming));
        if !comes_in {
            return self.due_lanes();
        }
        if let Some(readers) = readers {
            self.routes.store(self.next, readers);
        }
        self.insert(lane, self.next, incoming);
        self.next += 1;
        1 << lane | self.due_lanes()
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
    fn make_room_for(&mut self, readers: &Destination) -> bool {
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
            self.remove(Lane::Messages as usize, oldest);
            self.count_dropped(true, oldest);
        }
        true
    }

    fn insert(&mut self, lane: usize, number: u64, incoming: Incoming) {
        self.bytes[lane] += weight(&incoming);
        self.lanes[lane].insert(number, incoming);
    }

    fn remove(&mut self, lane: usize, number: u64) -> Option<Incoming> {
        let incoming = self.lanes[lane].remove(&number)?;
        self.bytes[lane] -= weight(&incoming);
        if lane == Lane::Messages as usize {
            self.routes.release(number);
        }
        Some(incoming)
    }

    fn all_bytes(&self) -> u64 {
        self.bytes.iter().sum()
    }

    /// The oldest entry of the selected lanes.
    fn first(&self, select: Select) -> Option<(usize, u64)> {
        let lanes = self.lanes.iter().enumerate();
        lanes
            .filter(|(lane, _)| select.has(*lane))
            .filter_map(|(lane, entries)| Some((lane, *entries.first_key_value()?.0)))
            .min_by_key(|(_, number)| *number)
    }

    /// Whether nothing selected will come any more.
    fn is_over(&self, select: Select) -> bool {
        let called = &self.lanes[Lane::CALLED..];
        self.ended
            && (self.closed
                || select.overlaps(Select::CALLED)
                || !self.delivering && called.iter().all(BTreeMap::is_empty))
    }

    fn is_takable(&self, select: Select) -> bool {
        let lanes = self.lanes.iter().enumerate();
        let mut entries = lanes.filter(|(lane, _)| select.has(*lane));
        entries.any(|(_, entries)| !entries.is_empty()) || select.overlaps(Select(self.due_lanes()))
    }

    /// Its bit, if a report is due.
    fn due_lanes(&self) -> u8 {
        u8::from(self.drops.is_due()) << self.place(Lane::LineEvents)
    }

    /// Makes room for an entry of so many bytes in this lane; whether it may come in.
    fn make_room(&mut self, lane: usize, bytes: u64) -> bool {
        let most = match lane % Lane::CALLED {
            0 => self.limits.messages,
            1 => MOST_LINE_EVENTS,
            _ => MOST_CONNECTION_EVENTS,
        };
        let is_message = lane % Lane::CALLED == 0;
        if is_message && self.limits.overflow == Overflow::Block {
            // The engine has asked; what comes at the very end may be beyond the bound.
            return true;
        }
        let newest = is_message && self.limits.overflow == Overflow::DropNewest;
        loop {
            let waiting = if lane == Lane::Messages as usize {
                // Those of a filter have a bound of their own.
                self.unmatched()
            } else {
                self.lanes[lane].len()
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
            lane % Lane::CALLED != Lane::ConnectionEvents as usize && !self.lanes[*lane].is_empty()
        };
        (0..LANES)
            .filter(droppable)
            .max_by_key(|lane| self.bytes[*lane])
    }

    fn is_blocked(&self) -> bool {
        let full = self.waiting_messages() >= self.limits.messages
            || self.all_bytes() >= self.limits.bytes;
        full && self.limits.overflow == Overflow::Block
    }

    fn has_ample_room(&self) -> bool {
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
    fn unmatched(&self) -> usize {
        self.lanes[Lane::Messages as usize].len() - self.routes.stored()
    }

    /// The oldest entry of a lane; of messages to be read only `unmatched` ones, if so asked.
    fn oldest(&self, lane: usize, unmatched: bool) -> Option<u64> {
        let mut numbers = self.lanes[lane].keys().copied();
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
        if is_message {
            self.drops.messages += 1;
        } else {
            self.drops.events += 1;
        }
        self.drops.unreported += 1;
        self.drops.place = number;
    }

    /// Reports to a taker of these what was dropped, if that is due, where the gap is.
    fn report_due(&mut self, select: Select) {
        if !select.overlaps(Select(self.due_lanes())) {
            return;
        }
        let count = std::mem::take(&mut self.drops.unreported);
        self.drops.reported = Some(Instant::now());
        let mut event = Incoming::Event(Event::new(
            EventKind::Dropped,
            i64::try_from(count).unwrap_or(i64::MAX),
            format!("{count} messages or events were dropped: too many were waiting"),
        ));
        event.stamp(SystemTime::now());
        self.insert(self.place(Lane::LineEvents), self.drops.place, event);
    }
}

/// How many bytes an entry takes, roughly.
pub(super) fn weight(incoming: &Incoming) -> u64 {
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
