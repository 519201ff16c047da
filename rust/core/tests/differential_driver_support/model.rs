//! What must be so whenever everybody rests, whatever the order of the threads was meanwhile.

use std::collections::BTreeMap;

use m531x_at::topic;
use m531x_core::{ErrorCode, Event, EventKind, Message, QoS};

use super::control::Link;
use super::plan::{Inbound, Order, Round};
use super::watcher::Arrival;
use super::workers::{ECHOING, Ending, number_in, payload_of, topic_of};
use m531x_test_support::words::{ensure, inbound_payload};

/// How often something may be there that a broken connection can repeat.
const OFTEN: usize = usize::MAX;

/// Whether there is a connection while a round lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connected {
    Always,
    Never,
    Sometimes,
}

/// What can make a publish fail.
#[derive(Clone, Debug)]
struct Weather {
    connected: Connected,
    ends: Vec<ErrorCode>,
}

impl Weather {
    fn of(round: &Round, before: &Link) -> Self {
        let connects = |order: &Order| matches!(order, Order::Connect { .. });
        let connected = if before.is_up() {
            if round.control.iter().any(Order::changes_connection) {
                Connected::Sometimes
            } else {
                Connected::Always
            }
        } else if round.control.iter().any(connects) {
            Connected::Sometimes
        } else {
            Connected::Never
        };
        Self {
            connected,
            ends: round.ends(),
        }
    }
}

struct Published {
    worker: usize,
    number: usize,
    qos: QoS,
    least: usize,
    most: usize,
    arrived: usize,
}

#[derive(Debug)]
struct Sent {
    topic: &'static str,
    qos: QoS,
    /// What the subscriptions make of it, where they did not change meanwhile.
    granted: Option<QoS>,
    least: usize,
    most: usize,
    received: usize,
}

/// `+CME ERROR: 3`.
const NOT_ALLOWED: u16 = 3;

#[derive(Default)]
pub(crate) struct Model {
    weather: Option<Weather>,
    published: BTreeMap<String, Published>,
    early: Vec<Arrival>,
    last_arrived: [usize; ECHOING + 1],
    sent: BTreeMap<usize, Sent>,
    last_received: usize,
    pub(crate) connections: usize,
    /// Answers that nobody waits for any more are told.
    impatient: bool,
}

impl Model {
    /// The threads have done all this, beginning with that.
    pub(crate) fn passed(&mut self, round: &Round, before: &Link) {
        let weather = Weather::of(round, before);
        self.impatient |= round.is_impatient();
        self.disturb(round, weather.connected);
        for inbound in &round.inbound {
            let sent = expect(round, before, weather.connected, inbound);
            self.sent.insert(inbound.number, sent);
        }
        self.weather = Some(weather);
    }

    /// What waits at the broker, which keeps it for one connection only.
    fn disturb(&mut self, round: &Round, connected: Connected) {
        let changes: Vec<&Order> = round
            .control
            .iter()
            .filter(|order| order.changes_connection())
            .collect();
        let undisturbed = matches!(
            changes[..],
            [] | [Order::Connect {
                clean_session: false
            }]
        );
        if undisturbed || connected != Connected::Sometimes {
            return;
        }
        for sent in self
            .sent
            .values_mut()
            .filter(|sent| sent.received < sent.most)
        {
            sent.least = 0;
            sent.most = if sent.qos == QoS::AtMostOnce {
                1
            } else {
                OFTEN
            };
        }
    }

    /// A publish has ended.
    pub(crate) fn ended(
        &mut self,
        worker: usize,
        number: usize,
        qos: QoS,
        ending: &Ending,
    ) -> Result<(), String> {
        let topic = topic_of(worker, number);
        let Weather { connected, ends } = self.weather.as_ref().expect("somebody has published");
        let connected = *connected;
        let possible = usize::from(connected != Connected::Never);
        let (least, most) = match ending {
            Ending::Known(Ok(receipt)) => {
                // A kept session on which too many of QoS 2 were never finished gets QoS 1.
                let lowered = receipt.qos < qos;
                let right = (receipt.qos == qos || lowered && receipt.qos == QoS::AtLeastOnce)
                    && receipt.packet_id.is_some() == (qos != QoS::AtMostOnce)
                    && connected != Connected::Never;
                ensure(right, || {
                    format!("{topic} while {connected:?} connected: {receipt:?}")
                })?;
                (1, 1)
            }
            Ending::Known(Err(error)) => {
                let right = match error.code() {
                    ErrorCode::NotConnected => connected != Connected::Always,
                    // The vendor's module refuses until it has reported the end of a connection.
                    ErrorCode::Command if error.modem_code() == Some(NOT_ALLOWED) => {
                        connected == Connected::Sometimes
                    }
                    code => ends.contains(&code),
                };
                ensure(right, || {
                    format!("{topic} while {connected:?} connected: {error}")
                })?;
                (0, possible)
            }
            Ending::Forgotten if connected == Connected::Always => (1, 1),
            Ending::Forgotten | Ending::GivenUp => (0, possible),
        };
        // What the module has taken of QoS 0 may go with a connection that ends right after it.
        let lossy = qos == QoS::AtMostOnce && connected == Connected::Sometimes;
        let least = if lossy { 0 } else { least };
        // On a kept session what was not finished of QoS 2 goes with QoS 1 the next time.
        let again = qos == QoS::ExactlyOnce && connected != Connected::Never;
        let one = Published {
            worker,
            number,
            qos,
            least,
            most: if again { OFTEN } else { most },
            arrived: 0,
        };
        let twice = self.published.insert(topic.clone(), one);
        ensure(twice.is_none(), || format!("{topic} has ended twice"))
    }

    /// The broker has passed it on.
    pub(crate) fn arrived(&mut self, arrival: Arrival) {
        self.early.push(arrival);
    }

    /// Everything has ended, and `at_rest` if everything has arrived.
    pub(crate) fn judge_arrivals(&mut self, at_rest: bool) -> Result<(), String> {
        for arrival in std::mem::take(&mut self.early) {
            let one = self.published.get_mut(&arrival.topic);
            let one = one.ok_or_else(|| format!("nobody published {arrival:?}"))?;
            one.arrived += 1;
            let right = arrival.payload == payload_of(one.number)
                && (arrival.qos == u8::from(one.qos)
                    || one.qos == QoS::ExactlyOnce && arrival.qos == 1)
                && one.arrived <= one.most;
            ensure(right, || format!("{arrival:?} must not be there"))?;
            let last = self.last_arrived[one.worker];
            self.last_arrived[one.worker] = last.max(one.number);
            ensure(last < one.number || one.arrived > 1, || {
                format!("{arrival:?} came after the {last}th of its thread")
            })?;
        }
        let acknowledged = |one: &&Published| at_rest || one.qos != QoS::AtMostOnce;
        let mut missing = self.published.iter().filter(|(_, one)| acknowledged(one));
        match missing.find(|(_, one)| one.arrived < one.least) {
            Some((topic, _)) => Err(format!("{topic} has not arrived")),
            None => Ok(()),
        }
    }

    /// Whether a publish that ended in success, or goes on, has still to arrive.
    pub(crate) fn awaits_arrivals(&self) -> bool {
        let arrived = |topic: &String| self.early.iter().filter(|a| a.topic == *topic).count();
        let mut all = self.published.iter();
        all.any(|(topic, one)| one.arrived + arrived(topic) < one.least)
    }

    /// A message was received.
    pub(crate) fn received(&mut self, message: &Message) -> Result<(), String> {
        let number = number_in(message).unwrap_or_default();
        let sent = self.sent.get_mut(&number);
        let sent = sent.ok_or_else(|| format!("nobody sent {message:?}"))?;
        sent.received += 1;
        let flawless = message.topic == sent.topic
            && message.payload == inbound_payload(number)
            && !(message.truncated || message.ambiguous || message.retain);
        let qos = sent.granted.is_none_or(|granted| message.qos == granted);
        ensure(flawless && qos && message.qos <= sent.qos, || {
            format!("{message:?} is not what was sent: {sent:?}")
        })?;
        ensure(sent.received <= sent.most, || {
            format!("{message:?}: {sent:?}")
        })?;
        if sent.most == OFTEN {
            return Ok(());
        }
        let last = std::mem::replace(&mut self.last_received, number);
        ensure(last < number, || {
            format!("{message:?} came after number {last}")
        })
    }

    /// Everything that was sent must have been received.
    pub(crate) fn judge_received(&mut self) -> Result<(), String> {
        for (number, sent) in &mut self.sent {
            ensure(sent.received >= sent.least, || {
                format!("number {number} was not received: {sent:?}")
            })?;
            // What comes now has no excuse.
            sent.most = sent.received;
        }
        Ok(())
    }

    /// An event was received.
    pub(crate) fn on_event(&mut self, event: &Event) -> Result<(), String> {
        let expected = match event.kind {
            EventKind::Connected => {
                self.connections += 1;
                true
            }
            EventKind::Disconnected | EventKind::StateChanged => true,
            // The outcome of an operation is nobody else's.
            EventKind::Urc => !["+MQTTPUB", "+MQTTSUB", "+MQTTUNSUB"]
                .iter()
                .any(|name| event.text.starts_with(name)),
            EventKind::LateAnswer => self.impatient,
            _ => false,
        };
        ensure(expected, || format!("{event:?} without a cause"))
    }
}

/// What becomes of what somebody else publishes meanwhile.
fn expect(round: &Round, before: &Link, connected: Connected, inbound: &Inbound) -> Sent {
    let fits = |filter: &str| topic::matches(filter.as_bytes(), inbound.topic.as_bytes());
    let mut orders = round.control.iter();
    let touched = orders.any(|order| {
        matches!(order, Order::Subscribe { filter, .. } | Order::Unsubscribe { filter } if fits(filter))
    });
    let mut orders = round.control.iter();
    let joined =
        orders.any(|order| matches!(order, Order::Subscribe { filter, .. } if fits(filter)));
    let left = |known: &str| {
        let mut orders = round.control.iter();
        orders.any(|order| matches!(order, Order::Unsubscribe { filter } if *filter == known))
    };
    let subscribed = || before.at_broker.iter().filter(|(filter, _)| fits(filter));
    let granted = subscribed().map(|(_, qos)| *qos).max();
    let granted = granted.map(|granted| granted.min(inbound.qos));
    let (least, most, granted) = match connected {
        Connected::Always => {
            let stays = subscribed().any(|(filter, _)| !left(filter));
            let comes = granted.is_some() || joined;
            (
                usize::from(stays),
                usize::from(comes),
                granted.filter(|_| !touched),
            )
        }
        // The broker keeps what was granted at QoS 1 or 2.
        Connected::Never => {
            let kept = before.kept && granted.is_some_and(|qos| qos != QoS::AtMostOnce);
            (usize::from(kept), usize::from(kept), granted)
        }
        Connected::Sometimes if granted.is_none() && !joined => (0, 0, None),
        Connected::Sometimes if inbound.qos == QoS::AtMostOnce => (0, 1, None),
        Connected::Sometimes => (0, OFTEN, None),
    };
    Sent {
        topic: inbound.topic,
        qos: inbound.qos,
        granted,
        least,
        most,
        received: 0,
    }
}
