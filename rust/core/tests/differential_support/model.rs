//! The obvious invariants: what is wanted, what is subscribed, what may be delivered, which results are
//! permitted. It knows nothing of the wire.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use m531x_at::topic;
use m531x_core::session::{OperationId, Outcome, RequestKind};
use m531x_core::{Error, ErrorCode, QoS};

use m531x_test_support::simulation::{CLIENT, Simulation};
use m531x_test_support::words::{FILTERS, ensure, is_answer};

/// How long a message may be on its way when nothing is wrong.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// What is known of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Subscribed(QoS),
    Not,
    Maybe,
}

struct Under {
    id: OperationId,
    kind: RequestKind,
    begun: Instant,
    limit: Option<Duration>,
    /// Nothing but a failure of ours can make it fail.
    sure: bool,
}

struct Inbound {
    topic: String,
    payload: Vec<u8>,
    qos: QoS,
    at: Instant,
    /// Somebody listens, and nothing has gone wrong since.
    sure: bool,
    delivered: usize,
}

#[derive(Default)]
pub(crate) struct Model {
    /// The application wants the connection that it has had.
    wanted: bool,
    /// It does not want one, and has been told that there is none.
    ended: bool,
    filters: BTreeMap<&'static str, Known>,
    /// The last operation on each filter, given up or not: only its end tells what is so.
    last: BTreeMap<String, OperationId>,
    under_way: BTreeMap<OperationId, Under>,
    published: Vec<(String, QoS)>,
    inbound: Vec<Inbound>,
    seen: usize,
    /// Something is wrong with the line, the module, the network or the broker.
    pub(crate) troubled: bool,
}

impl Model {
    /// Whether the application wants the connection that it has had.
    pub(crate) fn wanted(&self) -> bool {
        self.wanted
    }

    /// The operations under way, oldest first.
    pub(crate) fn under_way(&self) -> Vec<OperationId> {
        self.under_way.keys().copied().collect()
    }

    pub(crate) fn begun(
        &mut self,
        now: Instant,
        id: OperationId,
        kind: RequestKind,
        limit: Option<Duration>,
    ) {
        self.note_begin(&kind);
        if let Some(filter) = filter_of(&kind) {
            self.last.insert(filter, id);
        }
        let sure = self.wanted && limit.is_none() && waits_for_a_connection(&kind);
        self.under_way.insert(
            id,
            Under {
                id,
                kind,
                begun: now,
                limit,
                sure,
            },
        );
    }

    /// One that was refused before anything was sent.
    pub(crate) fn refused(&mut self, kind: &RequestKind, error: &Error) -> Result<(), String> {
        self.note_begin(kind);
        match error.code() {
            ErrorCode::Port => Ok(()),
            _ => Err(format!("{kind:?} was refused at once: {error}")),
        }
    }

    fn note_begin(&mut self, kind: &RequestKind) {
        match kind {
            RequestKind::Publish { topic, qos, .. } => self.published.push((topic.clone(), *qos)),
            RequestKind::Connect(_) | RequestKind::Disconnect | RequestKind::Delete => {
                self.wanted = false;
                self.ended = false;
                self.disturb();
                for under in self.under_way.values_mut() {
                    under.sure = false;
                }
            }
            RequestKind::Subscribe { filter, .. } | RequestKind::Unsubscribe { filter } => {
                self.know(filter, Known::Maybe);
                self.disturb();
            }
            _ => {}
        }
    }

    pub(crate) fn abandoned(&mut self, id: OperationId) {
        self.under_way.remove(&id);
    }

    pub(crate) fn inbound(
        &mut self,
        simulation: &Simulation,
        topic: &str,
        payload: &[u8],
        qos: QoS,
    ) {
        let listens = self.filters.iter().any(|(filter, known)| {
            matches!(known, Known::Subscribed(_))
                && topic::matches(filter.as_bytes(), topic.as_bytes())
        });
        let calm = !self.troubled
            && self.wanted
            && simulation.is_connected()
            && simulation.broker.is_online(CLIENT)
            && self.agrees_on_filters(simulation).is_ok();
        self.inbound.push(Inbound {
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            qos,
            at: simulation.now,
            sure: calm && listens,
            delivered: 0,
        });
    }

    /// Something happens by which messages under way may be lost.
    pub(crate) fn disturb(&mut self) {
        for inbound in &mut self.inbound {
            inbound.sure = false;
        }
    }

    /// Takes note of what has ended and arrived, and says what cannot be.
    pub(crate) fn look(&mut self, simulation: &Simulation) -> Result<(), String> {
        let ids = self.under_way();
        for id in ids {
            let Some((at, result)) = simulation.end_of(id) else {
                continue;
            };
            if let Some(under) = self.under_way.remove(&id) {
                self.judge_end(simulation, &under, *at, result)?;
            }
        }
        for filter in &simulation.refused_again {
            self.know(filter, Known::Maybe);
        }
        self.judge_messages(simulation)
    }

    fn judge_end(
        &mut self,
        simulation: &Simulation,
        under: &Under,
        at: Instant,
        result: &Result<Outcome, Error>,
    ) -> Result<(), String> {
        let kind = &under.kind;
        let in_time = under.limit.is_none_or(|limit| at <= under.begun + limit);
        ensure(in_time, || format!("{kind:?} ended after its limit"))?;
        if let Err(error) = result {
            ensure(!under.sure, || format!("{kind:?} failed for good: {error}"))?;
        }
        let mut connecting = self.under_way.values().map(|under| &under.kind);
        let last = !connecting.any(|kind| {
            matches!(
                kind,
                RequestKind::Connect(_) | RequestKind::Disconnect | RequestKind::Delete
            )
        });
        match (kind, result) {
            (RequestKind::Connect(_), Ok(_)) => {
                self.wanted = last;
                self.filters.clear();
                // What was asked for meanwhile was asked for after it.
                let under_way = self.under_way.values();
                let pending: Vec<String> = under_way.filter_map(|u| filter_of(&u.kind)).collect();
                for filter in pending {
                    self.know(&filter, Known::Maybe);
                }
            }
            (RequestKind::Disconnect | RequestKind::Delete, Ok(_)) => self.ended = last,
            (RequestKind::Publish { topic, qos, .. }, Ok(_)) => {
                let arrived = *qos == QoS::AtMostOnce || simulation.observer.copies(topic) > 0;
                ensure(arrived, || {
                    format!("{topic} was called complete, and is not there")
                })?;
            }
            (RequestKind::Subscribe { filter, .. }, Ok(Outcome::Granted(qos))) => {
                self.know_from(under.id, filter, Known::Subscribed(*qos));
            }
            (RequestKind::Unsubscribe { filter }, Ok(_)) => {
                self.know_from(under.id, filter, Known::Not);
            }
            (RequestKind::Command(line), Ok(Outcome::Lines(lines))) => {
                ensure(
                    is_answer(simulation.module.profile().model.name(), line, lines),
                    || format!("{line} was given the answer {lines:?}"),
                )?;
            }
            _ => {}
        }
        Ok(())
    }

    fn judge_messages(&mut self, simulation: &Simulation) -> Result<(), String> {
        for message in &simulation.messages[self.seen..] {
            if self.troubled && message.truncated && message.ambiguous {
                // Cut short by a restart, and it says so: nobody can know where its topic ended.
                continue;
            }
            let sent = self
                .inbound
                .iter_mut()
                .find(|inbound| inbound.payload == message.payload);
            let Some(sent) = sent.filter(|sent| sent.topic == message.topic) else {
                return Err(format!("nobody sent {message:?}"));
            };
            sent.delivered += 1;
            ensure(message.qos <= sent.qos, || format!("{message:?} has grown"))?;
            ensure(
                sent.delivered == 1 || message.qos != QoS::AtMostOnce,
                || format!("{message:?} came twice"),
            )?;
            ensure(sent.delivered == 1 || !sent.sure, || {
                format!("{message:?} came twice without a cause")
            })?;
        }
        self.seen = simulation.messages.len();
        let late = self.inbound.iter().find(|inbound| {
            inbound.sure && inbound.delivered == 0 && inbound.at + ON_ITS_WAY < simulation.now
        });
        match late {
            Some(late) => Err(format!("{} was not delivered", late.topic)),
            None => Ok(()),
        }
    }

    /// What holds when nothing is wrong and nothing is under way.
    pub(crate) fn judge_rest(&self, simulation: &Simulation) -> Result<(), String> {
        let open: Vec<_> = self.under_way.values().map(|under| &under.kind).collect();
        ensure(open.is_empty(), || format!("these never end: {open:?}"))?;
        let online = simulation.broker.is_online(CLIENT);
        if self.wanted {
            let state = simulation.session.mqtt_state();
            ensure(simulation.is_connected() && online, || {
                format!("no connection: the session says {state}, the broker {online}")
            })?;
            self.agrees_on_filters(simulation)?;
        }
        ensure(!self.ended || !online, || {
            "disconnected, and still online".to_owned()
        })?;
        for arrival in &simulation.observer.arrived {
            let known = self
                .published
                .iter()
                .any(|(topic, _)| *topic == arrival.topic)
                && arrival.payload == arrival.topic.as_bytes();
            ensure(known, || format!("nobody published {arrival:?}"))?;
        }
        for (topic, qos) in &self.published {
            let copies = simulation.observer.copies(topic);
            let sendings = simulation.sendings(&format!("AT+MQTTPUB=\"{topic}\""));
            ensure(copies <= sendings, || format!("{copies} copies of {topic}"))?;
            ensure(*qos != QoS::AtMostOnce || sendings <= 1, || {
                format!("QoS 0 was sent {sendings} times: {topic}")
            })?;
        }
        Ok(())
    }

    /// Session and broker know the same filters as we do.
    fn agrees_on_filters(&self, simulation: &Simulation) -> Result<(), String> {
        let listed = simulation.session.subscriptions();
        for (filter, known) in &self.filters {
            let granted = simulation.broker.granted(CLIENT, filter);
            let is_listed = listed.iter().any(|one| one == filter);
            let right = match known {
                Known::Subscribed(_) => is_listed && granted.is_some(),
                Known::Not => !is_listed && granted.is_none(),
                Known::Maybe => true,
            };
            ensure(right, || {
                format!("{filter} is {known:?}; listed {is_listed}, at the broker {granted:?}")
            })?;
        }
        let unknown = listed
            .iter()
            .find(|one| !self.filters.contains_key(one.as_str()));
        ensure(unknown.is_none(), || {
            format!("{unknown:?} is listed, and nobody asked for it")
        })
    }

    /// What the end of this operation tells of a filter.
    fn know_from(&mut self, id: OperationId, filter: &str, known: Known) {
        let last = self.last.get(filter) == Some(&id);
        self.know(filter, if last { known } else { Known::Maybe });
    }

    fn know(&mut self, filter: &str, known: Known) {
        let filter = FILTERS.iter().find(|one| **one == filter);
        self.filters.insert(filter.expect("one of ours"), known);
    }
}

fn filter_of(kind: &RequestKind) -> Option<String> {
    match kind {
        RequestKind::Subscribe { filter, .. } | RequestKind::Unsubscribe { filter } => {
            Some(filter.clone())
        }
        _ => None,
    }
}

/// Whether it does not fail while a lost connection is being made again.
fn waits_for_a_connection(kind: &RequestKind) -> bool {
    matches!(kind, RequestKind::Publish { qos, .. } if *qos != QoS::AtMostOnce)
}
