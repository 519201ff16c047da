//! What both runs talk about: filters, topics, commands, and what a command can be answered.

use m531x_core::QoS;

pub const FILTERS: [&str; 5] = ["in/#", "in/a", "in/+/b", "other", "in/a/#"];
/// Some of them hold what could be read as a length.
pub const TOPICS: [&str; 5] = ["in/a", "in/a/b", "other", "in/c,2,d", "nobody"];
pub const COMMANDS: [&str; 6] = [
    "AT",
    "AT+CGMM",
    "AT+CSQ",
    "AT+CEREG?",
    "AT+MQTTSTAT?",
    "AT+CIMI",
];

/// The payload of a message with this number: it looks like lines of the module.
pub fn inbound_payload(number: usize) -> Vec<u8> {
    format!("\r\nOK\r\n{number},2,\r\n").into_bytes()
}

pub fn draw_qos(random: &mut fastrand::Rng) -> QoS {
    [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][random.usize(0..3)]
}

/// Whether these lines can be the answer of this model to this command.
pub fn is_answer(model: &str, line: &str, lines: &[String]) -> bool {
    let name = line.trim_start_matches("AT").trim_end_matches('?');
    match (line, lines) {
        ("AT", lines) => lines.is_empty(),
        ("AT+CGMM", [answer]) => answer == model,
        ("AT+CIMI", [imsi]) => imsi.len() == 15 && imsi.bytes().all(|byte| byte.is_ascii_digit()),
        (_, [answer]) => answer.starts_with(name),
        _ => false,
    }
}

pub fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
