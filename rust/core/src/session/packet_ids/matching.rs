//! Which sendings an acknowledgement can belong to.

use std::time::Instant;

use super::gap::Gap;
use super::row::{self, Assumption, Range, Zeros};
use super::sending::{Sending, Wait};
use super::{Ack, PacketIds};

impl PacketIds {
    /// The sendings whose acknowledgement this can be, oldest first.
    pub(super) fn explained_by(&self, now: Instant, ack: Ack<'_>) -> Vec<usize> {
        // One that has half of its acknowledgements is known by its id.
        let known = |s: &Sending| s.packet_id == Some(ack.id) && ack.suits(s);
        let mut row = self.row.iter();
        if let Some(index) = row.rposition(|s| known(s) && s.is_remembered(now)) {
            return vec![index];
        }
        let mut found = Vec::new();
        for &zeros in self.zeros() {
            self.collect(now, ack, Assumption::likely(zeros), &mut found);
        }
        if found.is_empty() {
            self.collect(now, ack, Assumption::ANYTHING, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn collect(&self, now: Instant, ack: Ack<'_>, assumption: Assumption, into: &mut Vec<usize>) {
        let someone_waits = || self.row.iter().any(|s| s.is_waiting() && ack.suits(s));
        for (index, (sending, ids)) in self.walk(now, assumption).enumerate() {
            if ack.suits(sending)
                && sending.packet_id.is_none()
                && ids.holds(ack.id)
                && sending.is_open(now)
                && (assumption.unread_may_count || !sending.is_doubtful(now) || !someone_waits())
            {
                into.push(index);
            }
        }
    }

    /// Nothing explains the id: the oldest that is not acknowledged is the most likely, also if it has
    /// failed. A publish must not be called complete because of another's late acknowledgement.
    pub(super) fn first_in_turn(&self, now: Instant, ack: Ack<'_>) -> Option<usize> {
        self.row.iter().position(|s| {
            ack.suits(s)
                && s.packet_id.is_none()
                && s.is_open(now)
                && (s.is_waiting() || !s.is_doubtful(now))
        })
    }

    /// An acknowledgement that nothing else explains belongs to a sending that was given another one
    /// for want of knowledge: it takes this one, and the other one is free again.
    pub(super) fn trade(&mut self, now: Instant, ack: Ack<'_>) -> Option<u16> {
        let traded = |s: &Sending| ack.suits(s) && s.is_loose() && s.is_remembered(now);
        let mut owners = self.zeros().iter().filter_map(|&zeros| {
            self.walk(now, Assumption::likely(zeros))
                .position(|(s, ids)| traded(s) && ids.holds(ack.id))
        });
        let index = owners.next()?;
        if owners.any(|other| other != index) {
            return None;
        }
        let sending = &mut self.row[index];
        sending.certain = true;
        sending.packet_id.replace(ack.id)
    }

    /// Whether another sending, which has got an acknowledgement that may be another's, could own this
    /// one as well.
    pub(super) fn is_contested(&self, now: Instant, ack: Ack<'_>, by: usize) -> bool {
        self.walk(now, Assumption::likely(Zeros::Either))
            .enumerate()
            .any(|(index, (s, ids))| {
                index != by && s.kind == ack.kind && s.is_loose() && ids.holds(ack.id)
            })
    }

    /// What an acknowledgement says about QoS 0 publishes: that which explains it better is right.
    pub(super) fn weigh(&mut self, now: Instant, ack: Ack<'_>) {
        if !self.has_zeros() {
            return;
        }
        let never = self.is_awaited(now, ack, Zeros::Never);
        let always = self.is_awaited(now, ack, Zeros::Always);
        if never != always {
            let open = self.row.iter().filter(|s| s.is_open(now)).take(2).count();
            self.habit.saw(always, open == 1);
        }
    }

    /// Whether, with QoS 0 publishes counted so, the acknowledgement is one that is awaited.
    fn is_awaited(&self, now: Instant, ack: Ack<'_>, zeros: Zeros) -> bool {
        self.walk(now, Assumption::likely(zeros)).any(|(s, ids)| {
            let awaited = || match s.wait {
                Wait::Waiting => true,
                Wait::Acknowledged { .. } => !s.certain,
                Wait::GivenUp { .. } => self.waiting(s.operation).is_some(),
            };
            ack.suits(s)
                && ids.holds(ack.id)
                && s.is_remembered(now)
                && s.may_have(ack.id)
                && awaited()
        })
    }

    /// What has to be reckoned with, the most likely first.
    pub(super) fn zeros(&self) -> &'static [Zeros] {
        if self.has_zeros() {
            self.habit.possible()
        } else {
            &[Zeros::Never]
        }
    }

    fn has_zeros(&self) -> bool {
        let has = |gap: &Gap| gap.zeros > 0 || gap.unsure_zeros > 0;
        has(&self.trailing) || self.row.iter().any(|s| has(&s.before))
    }

    fn walk(
        &self,
        now: Instant,
        assumption: Assumption,
    ) -> impl ExactSizeIterator<Item = (&Sending, Range)> {
        row::walk(now, self.base, self.row.iter(), assumption)
    }
}
