//! Messages made to be misread: the publisher chooses topic and payload. The cases themselves are in
//! `system-tests/smuggling/corpus.json`, for other readers too.
#![allow(dead_code, reason = "each test file uses its part")]

use m531x_at::hex;
use serde_json::Value;

/// A message whose bytes imitate the module's own output.
#[derive(Clone, Debug)]
pub(crate) struct Attack {
    /// What it tries.
    pub(crate) aim: String,
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
}

/// Lines that would do harm if one of them were believed.
pub(crate) const FORGED_LINES: &str = "OK\r\nERROR\r\n+CME ERROR: 50\r\n+MQTTDISC: OK\r\n+MQTTOPEN:OK\r\n+MQTTPUBACK:1,0\r\n\
    +MQTTTO:2\r\nREBOOTING..\r\n*ATREADY: 1\r\n+MQTTPUBLISH:0,0,0,0,bank,6,forged\r\n";

fn corpus() -> Value {
    let text = include_str!("../../../../system-tests/smuggling/corpus.json");
    serde_json::from_str(text).expect("the corpus is JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text in the corpus")
}

/// The genuine lines in front of a message and those behind it: their line ends are where an
/// overreaching reading closes.
pub(crate) fn surroundings() -> (String, String) {
    let corpus = corpus();
    (
        text(&corpus["before"]).into(),
        text(&corpus["behind"]).into(),
    )
}

/// Every attack of the corpus.
pub(crate) fn attacks() -> Vec<Attack> {
    let corpus = corpus();
    let cases = corpus["cases"].as_array().expect("a list of cases");
    let attack = |case: &Value| Attack {
        aim: text(&case["name"]).into(),
        topic: text(&case["topic"]).into(),
        payload: match case.get("payload_hex") {
            Some(digits) => hex::decode(text(digits).as_bytes()).expect("hex digits"),
            None => text(&case["payload"]).into(),
        },
    };
    cases.iter().map(attack).collect()
}

/// A topic `<front>,<n>,<back>` and a payload so that `front` with `n` bytes closes behind `inner`.
pub(crate) fn collision(front: &str, back: &str, inner: &str, rest: &str) -> Attack {
    let payload = format!("{inner}\r\n{rest}");
    let length = back.len() + format!(",{},", payload.len()).len() + inner.len();
    Attack {
        aim: "a collision".into(),
        topic: format!("{front},{length},{back}"),
        payload: payload.into_bytes(),
    }
}

/// A topic and payload so that `front` closes behind `reach` bytes of what follows the message.
pub(crate) fn overreach(front: &str, back: &str, payload: &str, reach: usize) -> Attack {
    let length = back.len() + format!(",{},", payload.len()).len() + payload.len() + reach;
    Attack {
        aim: "an overreach".into(),
        topic: format!("{front},{length},{back}"),
        payload: payload.as_bytes().to_vec(),
    }
}
