//! Lines: no parser panics, and what was understood can be said again.

use m531x_at::command::{Command, Grammar};
use m531x_at::command_line::Line;
use m531x_at::hex;
use m531x_at::profile::Model;
use m531x_at::redact::redact;
use m531x_at::response::{
    AddressLine, AttachLine, ClockLine, ConfigReadback, ErrorReportLine, FinalResult,
    FunctionalityLine, IccidLine, ImeiLine, ImsiLine, MqttStat, PinLine, PsmReportLine,
    RadioConnectionLine, RegistrationLine, SignalLine, SubscriptionLine,
};
use m531x_at::topic::{FilterSet, matches, validate_filter, validate_name};
use m531x_at::urc::Urc;

/// One line, without its end.
pub fn lines(line: &[u8]) {
    command(line);
    urc(line);
    response(line);
    topics(line);
    let _ = (redact(line), hex::decode(line));
    if let Ok(text) = std::str::from_utf8(line) {
        let _ = Line::raw(text, 100);
        let _ = Grammar::for_line(text).accepts(line);
        let _ = (text.parse::<Model>(), Model::from_identification(text));
    }
}

/// What a module understands and a host can say means the same when the host has said it.
fn command(line: &[u8]) {
    let Ok(command) = Command::decode(line) else {
        return;
    };
    let _ = command.accepts(line);
    for model in Model::ALL {
        if let Ok(said) = command.encode(model.profile()) {
            let bytes = said.as_bytes();
            assert!(!bytes.contains(&b'\r'), "{said}");
            assert_eq!(Command::decode(bytes).as_ref(), Ok(&command), "{said}");
        }
    }
}

fn urc(line: &[u8]) {
    let Some(urc) = Urc::parse(line) else {
        return;
    };
    for model in Model::ALL {
        let mut said = Vec::new();
        urc.encode(model.profile(), &mut said);
        assert_eq!(
            Urc::parse(&said[..said.len() - 2]),
            Some(urc),
            "{}",
            said.escape_ascii()
        );
    }
}

fn response(line: &[u8]) {
    let result = FinalResult::parse(line);
    if let Some(result) = &result {
        assert_eq!(
            FinalResult::parse(result.encode().as_bytes()).as_ref(),
            Some(result)
        );
    }
    let _ = (AddressLine::parse(line), AttachLine::parse(line));
    let _ = (ClockLine::parse(line), ConfigReadback::parse(line));
    let _ = (ErrorReportLine::parse(line), FunctionalityLine::parse(line));
    let _ = (
        IccidLine::parse(line),
        ImeiLine::parse(line),
        ImsiLine::parse(line),
    );
    let _ = (
        MqttStat::parse(line),
        PinLine::parse(line),
        PsmReportLine::parse(line),
    );
    let _ = (
        RadioConnectionLine::parse(line),
        RegistrationLine::parse(line),
    );
    let _ = (SignalLine::parse(line), SubscriptionLine::parse(line));
}

/// A filter matches one by one as it does in a set.
fn topics(line: &[u8]) {
    let (filter, name) = crate::script::pair(line);
    let valid = validate_filter(filter, 100).is_ok() && validate_name(name, 100).is_ok();
    let (one, set) = (
        matches(filter, name),
        FilterSet::new([filter]).matches(name),
    );
    if valid {
        assert_eq!(one, set, "{}", line.escape_ascii());
    }
}
