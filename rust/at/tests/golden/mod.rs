//! The table of golden lines and the words to write it in.

mod captures;
mod manual;

use m531x_at::QoS;
use m531x_at::command::{Command, MqttPub, MqttSub, MqttUnsub};
use m531x_at::profile::Model;
use m531x_at::response::{ConfigReadback, FinalResult, MqttStat, SubscriptionLine};
use m531x_at::urc::{AckNumbers, Publish, Urc};

pub(crate) struct Golden {
    pub(crate) source: &'static str,
    pub(crate) model: Model,
    pub(crate) line: &'static str,
    pub(crate) means: Means,
}

pub(crate) enum Means {
    /// A command of the host, and the line we send for it.
    Command(Command, &'static str),
    Urc(Urc<'static>),
    Final(FinalResult),
    Config(ConfigReadback),
    Stat(MqttStat),
    Subscription(SubscriptionLine<'static>),
    /// A message; the line is what follows up to its CR LF.
    Message(Publish<'static>),
}

pub(crate) fn table() -> Vec<Golden> {
    let mut table = manual::chapter_1();
    table.extend(manual::chapter_2());
    table.extend(captures::captures());
    table
}

pub(crate) fn sent(source: &'static str, line: &'static str, command: Command) -> Golden {
    sent_as(source, line, command, line)
}

pub(crate) fn sent_as(
    source: &'static str,
    line: &'static str,
    command: Command,
    ours: &'static str,
) -> Golden {
    Golden {
        source,
        model: Model::M5310A,
        line,
        means: Means::Command(command, ours),
    }
}

pub(crate) fn urc(source: &'static str, line: &'static str, urc: Urc<'static>) -> Golden {
    Golden {
        source,
        model: Model::M5310A,
        line,
        means: Means::Urc(urc),
    }
}

pub(crate) fn answer(source: &'static str, line: &'static str, means: Means) -> Golden {
    Golden {
        source,
        model: Model::M5310A,
        line,
        means,
    }
}

pub(crate) fn ok(source: &'static str) -> Golden {
    answer(source, "OK", Means::Final(FinalResult::Ok))
}

pub(crate) fn message(
    source: &'static str,
    model: Model,
    line: &'static str,
    publish: Publish<'static>,
) -> Golden {
    Golden {
        source,
        model,
        line,
        means: Means::Message(publish),
    }
}

pub(crate) fn subscribe(filter: &str, qos: QoS) -> Command {
    Command::MqttSub(MqttSub {
        filter: filter.into(),
        qos,
        hex: false,
    })
}

pub(crate) fn unsubscribe(filter: &str) -> Command {
    Command::MqttUnsub(MqttUnsub {
        filter: filter.into(),
    })
}

pub(crate) fn publish(topic: &str, qos: QoS, retain: bool, payload: &[u8]) -> Command {
    Command::MqttPub(MqttPub {
        topic: topic.into(),
        qos,
        retain,
        payload: payload.to_vec(),
    })
}

pub(crate) fn on(topic: &'static str, payload: &'static [u8]) -> Publish<'static> {
    Publish {
        dup: false,
        qos: QoS::AtMostOnce,
        retain: false,
        packet_id: 0,
        topic: topic.as_bytes(),
        payload,
        truncated: false,
        ambiguous: false,
    }
}

pub(crate) fn suback(packet_id: u16, code: u8, filter: &'static str) -> Urc<'static> {
    Urc::SubAck {
        packet_id,
        code,
        filter: Some(filter.as_bytes()),
    }
}

pub(crate) fn unsuback(packet_id: u16, filter: Option<&'static str>) -> Urc<'static> {
    Urc::UnsubAck {
        packet_id,
        filter: filter.map(str::as_bytes),
    }
}

pub(crate) fn numbers(first: u16, second: u16) -> AckNumbers {
    AckNumbers {
        first,
        second: Some(second),
    }
}
