//! Which operation may send next.
//!
//! Ten thousand publishes may wait while the connection is away, and a look for the next turn, or
//! one publish more, must not pass them all: those that have not begun are kept apart by what may hold
//! them back, so each look is at the first of a few sets.

use std::collections::{BTreeSet, VecDeque};

use crate::session::operation::{Procedure, Scope, WhileRecovering};
use crate::session::request::OperationId;

/// What may hold an operation back that has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub while_recovering: WhileRecovering,
    /// It needs the connection, makes it or ends it.
    pub mqtt: bool,
}

impl Class {
    /// To be asked while the operation has not begun: only its steps may change it.
    pub(super) fn of(operation: &dyn Procedure) -> Self {
        Self {
            while_recovering: operation.while_recovering(),
            mqtt: matches!(operation.scope(), Scope::Mqtt | Scope::Connection),
        }
    }

    fn index(self) -> usize {
        let recovering = match self.while_recovering {
            WhileRecovering::Indifferent => 0,
            WhileRecovering::Waits => 1,
            WhileRecovering::Fails => 2,
        };
        2 * recovering + usize::from(self.mqtt)
    }

    fn all() -> impl Iterator<Item = Self> {
        let kinds = [
            WhileRecovering::Indifferent,
            WhileRecovering::Waits,
            WhileRecovering::Fails,
        ];
        kinds.into_iter().flat_map(|while_recovering| {
            [false, true].map(|mqtt| Self {
                while_recovering,
                mqtt,
            })
        })
    }
}

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Ahead of those that have not begun: its next command, or what the session begins for itself.
    Front,
    /// In the order in which they were asked for.
    Waiting(Class),
}

/// First come, first served, where what holds them back allows it.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// A few at most.
    front: VecDeque<OperationId>,
    waiting: [BTreeSet<OperationId>; 6],
    #[cfg(test)]
    pub visited: std::cell::Cell<u64>,
}

impl Turns {
    /// Goes before all others.
    pub(super) fn push_front(&mut self, id: OperationId) -> Place {
        self.front.push_front(id);
        Place::Front
    }

    /// Goes before everything that has not begun and was asked for later.
    pub(super) fn wait(&mut self, id: OperationId, class: Class) -> Place {
        self.waiting[class.index()].insert(id);
        Place::Waiting(class)
    }

    pub(super) fn remove(&mut self, id: OperationId, place: Place) {
        match place {
            Place::Front => self.front.retain(|queued| *queued != id),
            Place::Waiting(class) => {
                self.waiting[class.index()].remove(&id);
            }
        }
    }

    /// The first whose turn may come: of the front by `may_go`, of the others by their class and the
    /// first of it, which holds back those behind it.
    pub(super) fn next(
        &self,
        may_go: impl Fn(OperationId) -> bool,
        may_begin: impl Fn(Class, OperationId) -> bool,
    ) -> Option<OperationId> {
        let front = self.front.iter().copied();
        if let Some(id) = front.inspect(|_| self.visit()).find(|id| may_go(*id)) {
            return Some(id);
        }
        Class::all()
            .filter_map(|class| Some((class, *self.waiting[class.index()].first()?)))
            .inspect(|_| self.visit())
            .filter(|(class, first)| may_begin(*class, *first))
            .map(|(_, first)| first)
            .min()
    }

    /// The first of those that fail at once without a connection.
    pub(super) fn first_failing(&self) -> Option<OperationId> {
        let fails = |class: &Class| class.while_recovering == WhileRecovering::Fails;
        Class::all()
            .filter(fails)
            .filter_map(|class| self.waiting[class.index()].first().copied())
            .inspect(|_| self.visit())
            .min()
    }

    /// All of them, in no order.
    pub(super) fn ids(&self) -> Vec<OperationId> {
        let waiting = self.waiting.iter().flatten();
        self.front.iter().chain(waiting).copied().collect()
    }

    #[cfg(test)]
    fn visit(&self) {
        self.visited.set(self.visited.get() + 1);
    }

    /// Only a test counts.
    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "as in the test")]
    fn visit(&self) {}
}
