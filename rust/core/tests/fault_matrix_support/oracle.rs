//! Whether what the session said is what broker and module did.

use m531x_core::session::{OperationId, Outcome, RequestKind};
use m531x_core::{Error, Message, QoS};

use super::fault::Harm;
use m531x_test_support::simulation::{CLIENT, Simulation};

/// A message that somebody published to the module.
pub(crate) struct Sent {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: QoS,
}

/// Something the application asked for.
pub(crate) struct Asked {
    pub(crate) id: OperationId,
    pub(crate) kind: RequestKind,
    /// Whether its end has been looked at.
    pub(crate) judged: bool,
    pub(crate) result: Option<Result<Outcome, Error>>,
}

/// Looks at an operation in the moment in which it ends.
pub(crate) fn judge_end(
    simulation: &Simulation,
    kind: &RequestKind,
    result: &Result<Outcome, Error>,
) -> Result<(), String> {
    let online = simulation.broker.is_online(CLIENT);
    let listed = |filter: &String| simulation.session.subscriptions().contains(filter);
    match (kind, result) {
        // It may be gone again, as the next events will tell.
        (RequestKind::Connect(_), Ok(_)) => ensure(
            simulation.was_online,
            "connect succeeded, and the broker has never seen the module",
        ),
        (RequestKind::Publish { topic, qos, .. }, Ok(_)) => ensure(
            *qos == QoS::AtMostOnce || simulation.observer.copies(topic) > 0,
            "a publish was called complete that the broker does not have",
        ),
        (RequestKind::Subscribe { filter, .. }, Ok(Outcome::Granted(granted))) => {
            let returned = Some(u8::from(*granted));
            ensure(
                !online || simulation.broker.granted(CLIENT, filter) == returned,
                "subscribe told another QoS than the broker granted",
            )?;
            ensure(listed(filter), "a granted subscription is not listed")
        }
        (RequestKind::Subscribe { filter, .. }, Err(_)) => {
            ensure(!listed(filter), "a subscription that failed is listed")
        }
        (RequestKind::Unsubscribe { filter }, Ok(_)) => {
            ensure(
                simulation.broker.granted(CLIENT, filter).is_none(),
                "unsubscribe succeeded, and the broker still has the subscription",
            )?;
            ensure(!listed(filter), "an ended subscription is listed")
        }
        (RequestKind::Disconnect, Ok(_)) => ensure(
            !simulation.is_connected(),
            "disconnected, and still connected",
        ),
        _ => Ok(()),
    }
}

/// Looks at everything that was published, after the end.
pub(crate) fn judge_outbound(
    simulation: &Simulation,
    asked: &[Asked],
    harm: Harm,
) -> Result<(), String> {
    for arrival in &simulation.observer.arrived {
        let known = asked.iter().any(|asked| match &asked.kind {
            RequestKind::Publish { topic, payload, .. } => {
                *topic == arrival.topic && *payload == arrival.payload
            }
            _ => false,
        });
        ensure(
            known || harm.fails && arrival.topic.starts_with("out/probe"),
            &format!("the broker got what nobody published: {arrival:?}"),
        )?;
    }
    for asked in asked {
        let RequestKind::Publish { topic, qos, .. } = &asked.kind else {
            continue;
        };
        let copies = simulation.observer.copies(topic);
        let sendings = simulation.sendings(&format!("AT+MQTTPUB=\"{topic}\""));
        let done = matches!(asked.result, Some(Ok(_)));
        ensure(
            copies <= sendings,
            &format!("{copies} copies of {topic} after {sendings} sendings"),
        )?;
        ensure(
            sendings <= 1 || harm.repeats && *qos != QoS::AtMostOnce,
            &format!("{topic} at {qos:?} was sent {sendings} times"),
        )?;
        let arrives = *qos != QoS::AtMostOnce || !harm.fails;
        ensure(
            !(done && arrives) || copies > 0,
            &format!("{topic} was lost"),
        )?;
    }
    Ok(())
}

/// Looks at everything that was received, after the end.
pub(crate) fn judge_inbound(
    simulation: &Simulation,
    sent: &[Sent],
    harm: Harm,
) -> Result<(), String> {
    for message in &simulation.messages {
        let flagged = message.truncated || message.ambiguous;
        ensure(
            !flagged || harm.flags,
            &format!("flagged without need: {message:?}"),
        )?;
        let known = sent.iter().any(|sent| {
            is_copy(message, sent) || harm.overruns && message.payload.starts_with(&sent.payload)
        });
        ensure(
            known || flagged || harm.damages,
            &format!("delivered what nobody sent: {message:?}"),
        )?;
    }
    for sent in sent {
        let copies = simulation
            .messages
            .iter()
            .filter(|m| is_copy(m, sent))
            .count();
        let flagged = simulation
            .messages
            .iter()
            .filter(|m| m.truncated || m.ambiguous)
            .count();
        ensure(
            copies + flagged > 0 || harm.loses,
            &format!("{} was not delivered", sent.topic),
        )?;
        ensure(
            copies <= 1 || harm.repeats && sent.qos != QoS::AtMostOnce,
            &format!("{} was delivered {copies} times", sent.topic),
        )?;
    }
    Ok(())
}

fn is_copy(message: &Message, sent: &Sent) -> bool {
    message.topic == sent.topic && message.payload == sent.payload
}

pub(crate) fn ensure(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(otherwise.to_owned())
    }
}
