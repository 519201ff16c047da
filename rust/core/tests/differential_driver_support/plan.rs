//! What each thread does between two rests, and how that is drawn from a seed.

use m531x_core::{ErrorCode, QoS};

use m531x_test_support::words::{COMMANDS, FILTERS, TOPICS, draw_qos};

pub(crate) const PUBLISHERS: usize = 3;

/// Refused whatever the state is.
const BAD_TOPICS: [&str; 4] = ["", "out/#", "out/+/x", "out/\r\nAT+MQTTDISC"];
const BAD_FILTERS: [&str; 3] = ["", "in/#/a", "in/\"\r"];

/// What happens between two rests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Round {
    /// What each of the publishing threads does.
    pub(crate) publishers: [Vec<Action>; PUBLISHERS],
    /// What the one thread does that changes connection and subscriptions.
    pub(crate) control: Vec<Order>,
    /// What another client of the broker publishes.
    pub(crate) inbound: Vec<Inbound>,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Publish {
        number: usize,
        qos: QoS,
        way: Way,
    },
    PublishBadly {
        topic: &'static str,
    },
    Command {
        line: &'static str,
        hasty: bool,
    },
    Look,
    /// Wakes everybody who waits.
    Cancel,
}

/// How a publish is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Blocking,
    InSlices,
    /// As a delivery, which goes on whatever becomes of the wait.
    Delivery,
    Callback,
    /// Nobody waits, and it goes on.
    Forgotten,
    /// Nobody waits, and it is given up.
    GivenUp,
}

#[derive(Clone, Debug)]
pub(crate) enum Order {
    Connect { clean_session: bool },
    Disconnect,
    Delete,
    Subscribe { filter: &'static str, qos: QoS },
    SubscribeBadly { filter: &'static str },
    Unsubscribe { filter: &'static str },
    Status,
    Config,
    Signal,
    AckTimeout(u16),
    Command { line: &'static str },
    Close,
}

impl Order {
    pub(crate) fn changes_connection(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::Disconnect | Self::Delete | Self::Close
        )
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Inbound {
    pub(crate) number: usize,
    pub(crate) topic: &'static str,
    pub(crate) qos: QoS,
}

impl Round {
    pub(crate) fn steps(&self) -> usize {
        let actions: usize = self.publishers.iter().map(Vec::len).sum();
        actions + self.control.len() + self.inbound.len()
    }

    /// What can end anything that is under way.
    pub(crate) fn ends(&self) -> Vec<ErrorCode> {
        let mut actions = self.publishers.iter().flatten();
        let cancels = actions.any(|action| matches!(action, Action::Cancel));
        let mut orders = self.control.iter();
        let closes = orders.any(|order| matches!(order, Order::Close));
        let cancelled = cancels.then_some(ErrorCode::Cancelled);
        cancelled
            .into_iter()
            .chain(closes.then_some(ErrorCode::Closed))
            .collect()
    }

    /// Whether somebody gives up what may still be answered.
    pub(crate) fn is_impatient(&self) -> bool {
        let mut actions = self.publishers.iter().flatten();
        actions.any(|action| {
            matches!(
                action,
                Action::Cancel
                    | Action::Command { hasty: true, .. }
                    | Action::Publish {
                        way: Way::GivenUp,
                        ..
                    }
            )
        })
    }
}

/// Draws one round after the other; every publish has a number of its own.
pub(crate) struct Drawer {
    random: fastrand::Rng,
    number: usize,
    /// Some scenarios are never disturbed by somebody who cancels or has no patience.
    rough: bool,
}

impl Drawer {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            number: 0,
            rough: seed % 2 == 1,
        }
    }

    pub(crate) fn draw(&mut self, connected: bool) -> Round {
        let mut round = Round::default();
        for actions in &mut round.publishers {
            let count = self.random.usize(2..12);
            actions.extend(
                (0..count).map(|_| Self::action(&mut self.random, &mut self.number, self.rough)),
            );
        }
        // Most of the time there is a connection, and it stays.
        let turns = self.random.u8(0..if connected { 6 } else { 2 }) == 0;
        for _ in 0..self.random.usize(1..8) {
            round.control.push(self.order(turns));
        }
        if turns && !connected {
            let clean_session = self.random.bool();
            let at = self.random.usize(0..round.control.len());
            round.control.insert(at, Order::Connect { clean_session });
        }
        for _ in 0..self.random.usize(0..12) {
            round.inbound.push(Inbound {
                number: next(&mut self.number),
                topic: TOPICS[self.random.usize(0..TOPICS.len())],
                qos: draw_qos(&mut self.random),
            });
        }
        round
    }

    /// The modem is closed while everybody is at it.
    pub(crate) fn draw_close(&mut self) -> Round {
        let mut round = self.draw(true);
        let at = self.random.usize(0..=round.control.len());
        round.control.truncate(at);
        round.control.push(Order::Close);
        round
    }

    /// Nothing but a connection.
    pub(crate) fn draw_connect(&mut self) -> Round {
        let clean_session = self.random.bool();
        Round {
            control: vec![Order::Connect { clean_session }],
            ..Round::default()
        }
    }

    fn action(random: &mut fastrand::Rng, number: &mut usize, rough: bool) -> Action {
        match random.u8(0..100) {
            0..70 => Action::Publish {
                number: next(number),
                qos: draw_qos(random),
                way: [
                    Way::Blocking,
                    Way::InSlices,
                    Way::Delivery,
                    Way::Callback,
                    Way::Forgotten,
                    Way::GivenUp,
                ][random.usize(0..6)],
            },
            70..75 => Action::PublishBadly {
                topic: BAD_TOPICS[random.usize(0..BAD_TOPICS.len())],
            },
            75..90 => Action::Command {
                line: COMMANDS[random.usize(0..COMMANDS.len())],
                hasty: rough && random.u8(0..8) == 0,
            },
            90..92 if rough => Action::Cancel,
            _ => Action::Look,
        }
    }

    fn order(&mut self, turns: bool) -> Order {
        let random = &mut self.random;
        let filter = FILTERS[random.usize(0..FILTERS.len())];
        match random.u8(0..100) {
            0..10 if turns => Order::Connect {
                clean_session: random.bool(),
            },
            10..25 if turns => Order::Disconnect,
            25..30 if turns => Order::Delete,
            0..45 => Order::Subscribe {
                filter,
                qos: draw_qos(random),
            },
            45..65 => Order::Unsubscribe { filter },
            65..70 => Order::SubscribeBadly {
                filter: BAD_FILTERS[random.usize(0..BAD_FILTERS.len())],
            },
            70..80 => Order::Status,
            80..85 => Order::Config,
            85..90 => Order::Signal,
            90..92 => Order::AckTimeout(random.u16(10..30)),
            _ => Order::Command {
                line: COMMANDS[random.usize(0..COMMANDS.len())],
            },
        }
    }
}

fn next(number: &mut usize) -> usize {
    *number += 1;
    *number
}
