//! Nothing that comes from the wire or from a user makes a parser panic.

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
use proptest::prelude::*;

const STARTS: [&str; 26] = [
    "+MQTTCFG:",
    "AT+MQTTCFG:",
    "AT+MQTTCFG=",
    "AT+MQTTOPEN=",
    "AT+MQTTPUB=",
    "AT+MQTTSUB=",
    "AT+MQTTUNSUB=",
    "AT+MQTTTO=",
    "AT+MQTTPING=",
    "AT+MQTTREC=",
    "+MQTTSTAT:",
    "+MQTTSUBACK:",
    "+MQTTUNSUBACK:",
    "+MQTTPUBACK:",
    "+MQTTOPEN:",
    "+MQTTTO:",
    "+CEREG:",
    "+CSQ:",
    "+CME ERROR:",
    "+CGPADDR:",
    "+NCCID:",
    "+CGSN:",
    "*ATREADY:",
    "AT+",
    "AT",
    "+NPSMR:",
];

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        feed(&bytes);
    }

    #[test]
    fn known_starts_with_arbitrary_ends(
        start in prop::sample::select(STARTS.to_vec()),
        end in prop::collection::vec(wire_byte(), 0..80),
    ) {
        let mut bytes = start.as_bytes().to_vec();
        bytes.extend_from_slice(&end);
        feed(&bytes);
    }

    #[test]
    fn arbitrary_text_typed_by_a_user(text in any::<String>(), limit in 0usize..100) {
        let _ = Line::raw(&text, limit);
        let _ = Grammar::for_line(&text);
        let _ = Grammar::for_line(&format!("AT{text}"));
        let _ = text.parse::<Model>();
        let _ = Model::from_identification(&text);
    }
}

fn feed(bytes: &[u8]) {
    let _ = Command::decode(bytes);
    let _ = redact(bytes);
    let _ = hex::decode(bytes);
    let _ = ConfigReadback::parse(bytes);
    let _ = (
        AddressLine::parse(bytes),
        AttachLine::parse(bytes),
        ClockLine::parse(bytes),
    );
    let _ = (
        ErrorReportLine::parse(bytes),
        FinalResult::parse(bytes),
        IccidLine::parse(bytes),
    );
    let _ = (
        FunctionalityLine::parse(bytes),
        ImeiLine::parse(bytes),
        ImsiLine::parse(bytes),
    );
    let _ = (
        MqttStat::parse(bytes),
        PinLine::parse(bytes),
        PsmReportLine::parse(bytes),
    );
    let _ = (
        RadioConnectionLine::parse(bytes),
        RegistrationLine::parse(bytes),
    );
    let _ = (SignalLine::parse(bytes), SubscriptionLine::parse(bytes));
    let _ = (validate_name(bytes, 50), validate_filter(bytes, 50));
    let middle = bytes.len() / 2;
    let _ = matches(&bytes[..middle], &bytes[middle..]);
    let _ = FilterSet::new([&bytes[..middle]]).matches(&bytes[middle..]);
    for command in [
        "AT+MQTTSUB?",
        "AT+CEREG?",
        "AT+XYZ",
        "ATI",
        "AT+NPSMR?",
        "AT+CSQ;+XYZ=\"a;b\"",
    ] {
        let _ = Grammar::for_line(command).accepts(bytes);
    }
    if let Some(urc) = Urc::parse(bytes) {
        // What was understood can be printed and is understood again.
        for model in Model::ALL {
            let mut printed = Vec::new();
            urc.encode(model.profile(), &mut printed);
            assert_eq!(Urc::parse(&printed[..printed.len() - 2]), Some(urc));
        }
    }
}

/// The bytes that mean something to a parser, more often than others.
fn wire_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        prop::sample::select(b"\"\",,,0123456789 \t:?=xX;OK\r\n".to_vec()),
        prop::sample::select("”“".as_bytes().to_vec()),
        any::<u8>(),
    ]
}
