//! What was asked for, as one line, and back.

use std::time::Duration;

use m531x_at::command::{QoS, Secret, Will};
use m531x_at::command_line::shown_host;

use super::fields::{Fields, Writer};
use crate::session::{AskPassword, ConnectOptions, Request, RequestKind};
use crate::{Error, ErrorCode};

/// What a hidden password is taken for; the module's answer does not depend on it.
const HIDDEN: &str = "***";

/// The line of a request, without a password or PIN.
pub(crate) fn request(request: &Request) -> String {
    let name = name(&request.kind);
    let fields = match &request.kind {
        RequestKind::Command(line) => Writer::new(name).text("line", line),
        RequestKind::Connect(options) => connect(Writer::new(name), options),
        RequestKind::Publish {
            topic,
            payload,
            qos,
            retain,
        } => Writer::new(name)
            .text("topic", topic)
            .value("qos", u8::from(*qos))
            .flag("retain", *retain)
            .payload("payload", payload),
        RequestKind::Subscribe { filter, qos, hex } => Writer::new(name)
            .text("filter", filter)
            .value("qos", u8::from(*qos))
            .flag("hex", *hex),
        RequestKind::Unsubscribe { filter } => Writer::new(name).text("filter", filter),
        RequestKind::SetAckTimeout(seconds) => Writer::new(name).value("seconds", seconds),
        RequestKind::SetPingReport(report) => Writer::new(name).flag("report", *report),
        RequestKind::Startup
        | RequestKind::Disconnect
        | RequestKind::Delete
        | RequestKind::Status
        | RequestKind::Config
        | RequestKind::Info
        | RequestKind::Signal
        | RequestKind::WaitForNetwork
        | RequestKind::Wake
        | RequestKind::Reboot => Writer::new(name),
    };
    fields.time_if("limit", request.timeout).line()
}

/// The request of a line; `fields` has its name at `names[at]`.
pub(crate) fn read_request(fields: &Fields, at: usize) -> Result<Request, String> {
    let name = fields.names.get(at).map_or("", String::as_str);
    let kind = match name {
        "startup" => RequestKind::Startup,
        "command" => RequestKind::Command(fields.text("line")?),
        "connect" => RequestKind::Connect(read_connect(fields)?),
        "publish" => RequestKind::Publish {
            topic: fields.text("topic")?,
            payload: fields.bytes("payload")?,
            qos: read_qos(fields, "qos")?,
            retain: fields.flag("retain")?,
        },
        "subscribe" => RequestKind::Subscribe {
            filter: fields.text("filter")?,
            qos: read_qos(fields, "qos")?,
            hex: fields.flag("hex")?,
        },
        "unsubscribe" => RequestKind::Unsubscribe {
            filter: fields.text("filter")?,
        },
        "disconnect" => RequestKind::Disconnect,
        "delete" => RequestKind::Delete,
        "status" => RequestKind::Status,
        "config" => RequestKind::Config,
        "info" => RequestKind::Info,
        "signal" => RequestKind::Signal,
        "network" => RequestKind::WaitForNetwork,
        "wake" => RequestKind::Wake,
        "reboot" => RequestKind::Reboot,
        "ack_timeout" => RequestKind::SetAckTimeout(fields.value("seconds")?),
        "ping_report" => RequestKind::SetPingReport(fields.flag("report")?),
        other => return Err(format!("{other:?} is no operation")),
    };
    let timeout: Option<Duration> = fields.time_if("limit")?;
    Ok(Request { kind, timeout })
}

fn name(kind: &RequestKind) -> &'static str {
    match kind {
        RequestKind::Startup => "startup",
        RequestKind::Command(_) => "command",
        RequestKind::Connect(_) => "connect",
        RequestKind::Publish { .. } => "publish",
        RequestKind::Subscribe { .. } => "subscribe",
        RequestKind::Unsubscribe { .. } => "unsubscribe",
        RequestKind::Disconnect => "disconnect",
        RequestKind::Delete => "delete",
        RequestKind::Status => "status",
        RequestKind::Config => "config",
        RequestKind::Info => "info",
        RequestKind::Signal => "signal",
        RequestKind::WaitForNetwork => "network",
        RequestKind::Wake => "wake",
        RequestKind::Reboot => "reboot",
        RequestKind::SetAckTimeout(_) => "ack_timeout",
        RequestKind::SetPingReport(_) => "ping_report",
    }
}

/// Everything but the password, of which the line says only that there is one.
pub(super) fn connect(fields: Writer, options: &ConnectOptions) -> Writer {
    let fields = fields
        .text("host", shown_host(&options.host))
        .value("port", options.port)
        .text("client_id", &options.client_id)
        .text_if("username", options.username.as_ref())
        .value_if("password", options.password.as_ref().map(|_| "hidden"))
        .value_if("ask_password", options.ask_password.as_ref().map(asked_how))
        .value("keepalive", options.keepalive)
        .flag("clean_session", options.clean_session)
        .flag("tls", options.tls)
        .value("ack_timeout", options.ack_timeout)
        .value_if("connect_limit", options.connect_limit)
        .time_if("timeout", options.timeout);
    match &options.will {
        None => fields,
        Some(will) => fields
            .text("will_topic", &will.topic)
            .payload("will_payload", &will.payload)
            .value("will_qos", u8::from(will.qos))
            .flag("will_retain", will.retain),
    }
}

fn asked_how(ask: &AskPassword) -> &'static str {
    if ask.is_function() {
        "function"
    } else {
        "event"
    }
}

/// A function of another process cannot be called; its results are in the recording.
fn not_here() -> Result<Secret, Error> {
    Err(Error::new(ErrorCode::Internal, ""))
}

/// What stands for a password that was given.
pub(crate) fn hidden_password() -> Secret {
    Secret::new(HIDDEN)
}

pub(super) fn read_connect(fields: &Fields) -> Result<ConnectOptions, String> {
    let mut options = ConnectOptions::new(fields.text("host")?, fields.text("client_id")?);
    options.port = fields.value("port")?;
    options.username = fields.text_if("username")?;
    options.password = fields.text_if("password")?.map(|_| Secret::new(HIDDEN));
    options.ask_password = match fields.text_if("ask_password")?.as_deref() {
        None => None,
        Some("function") => Some(AskPassword::with(not_here)),
        Some("event") => Some(AskPassword::by_event()),
        Some(other) => return Err(format!("{other:?} is no way to ask for a password")),
    };
    options.keepalive = fields.value("keepalive")?;
    options.clean_session = fields.flag("clean_session")?;
    options.tls = fields.flag("tls")?;
    options.ack_timeout = fields.value("ack_timeout")?;
    options.connect_limit = fields.value_if("connect_limit")?;
    options.timeout = fields.time_if("timeout")?;
    if let Some(topic) = fields.text_if("will_topic")? {
        options.will = Some(Will {
            topic,
            payload: fields.bytes("will_payload")?,
            qos: read_qos(fields, "will_qos")?,
            retain: fields.flag("will_retain")?,
        });
    }
    Ok(options)
}

pub(super) fn read_qos(fields: &Fields, key: &str) -> Result<QoS, String> {
    let number: u8 = fields.value(key)?;
    QoS::try_from(number).map_err(|_| format!("{key}={number} is no quality of service"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_comes_back_but_for_the_password() {
        let mut options = ConnectOptions::new("broker", "lamp \"1\"");
        options.username = Some("me".into());
        options.password = Some(Secret::new(HIDDEN));
        options.will = Some(Will {
            topic: "w".into(),
            payload: b"\x00gone".to_vec(),
            qos: QoS::ExactlyOnce,
            retain: true,
        });
        options.timeout = Some(Duration::from_millis(2500));
        let kinds = [
            RequestKind::Startup,
            RequestKind::Command("AT+X=\"a b\"".into()),
            RequestKind::Connect(options),
            RequestKind::Publish {
                topic: "t".into(),
                payload: (0..=255).collect(),
                qos: QoS::AtLeastOnce,
                retain: true,
            },
            RequestKind::Subscribe {
                filter: "a/+/#".into(),
                qos: QoS::AtMostOnce,
                hex: true,
            },
            RequestKind::Unsubscribe { filter: "a".into() },
            RequestKind::Disconnect,
            RequestKind::Delete,
            RequestKind::Status,
            RequestKind::Config,
            RequestKind::Info,
            RequestKind::Signal,
            RequestKind::WaitForNetwork,
            RequestKind::Wake,
            RequestKind::Reboot,
            RequestKind::SetAckTimeout(7),
            RequestKind::SetPingReport(true),
        ];
        for kind in kinds {
            let asked = Request::new(kind).with_timeout(Duration::from_secs(3));
            let line = request(&asked);
            let fields = Fields::read(&line).unwrap();
            let read = read_request(&fields, 0).unwrap();
            assert_eq!(format!("{read:?}"), format!("{asked:?}"), "{line}");
        }
    }

    #[test]
    fn no_password_is_written() {
        let mut options = ConnectOptions::new("broker", "lamp");
        options.password = Some(Secret::new("geheim"));
        let line = request(&RequestKind::Connect(options).into());
        assert!(
            line.contains("password=hidden") && !line.contains("geheim"),
            "{line}"
        );
        let raw = "AT+MQTTCFG=\"h\",1,\"c\",60,\"u\",\"geheim\",1".to_owned();
        let line = request(&RequestKind::Command(raw).into());
        assert!(line.contains("\\*") && !line.contains("geheim"), "{line}");
    }
}
