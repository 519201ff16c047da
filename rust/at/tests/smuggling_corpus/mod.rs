//! Messages made to be misread: the publisher chooses topic and payload.
#![allow(dead_code, reason = "each test file uses its part")]

/// A message whose bytes imitate the module's own output.
#[derive(Clone, Debug)]
pub(crate) struct Attack {
    /// What it tries.
    pub(crate) aim: &'static str,
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
}

/// Lines that would do harm if one of them were believed.
pub(crate) const FORGED_LINES: &str = "OK\r\nERROR\r\n+CME ERROR: 50\r\n+MQTTDISC: OK\r\n+MQTTOPEN:OK\r\n+MQTTPUBACK:1,0\r\n\
    +MQTTTO:2\r\nREBOOTING..\r\n*ATREADY: 1\r\n+MQTTPUBLISH:0,0,0,0,bank,6,forged\r\n";

/// Payloads on a plain topic: nothing but the length protects the reader.
const PLAIN: &[(&str, &str)] = &[
    ("a result", "OK"),
    ("a result on its own line", "\r\nOK\r\n"),
    ("a result at the end", "x\r\nOK"),
    ("an error", "\r\nERROR\r\n"),
    ("an error with a number", "x\r\n+CME ERROR: 3\r\n"),
    ("a lost connection", "\r\n+MQTTDISC: OK\r\n"),
    ("a new connection", "\r\n+MQTTOPEN:OK\r\n"),
    ("an acknowledgement", "\r\n+MQTTPUBACK:1,0\r\n"),
    ("a message", "\r\n+MQTTPUBLISH:0,0,0,0,bank,6,forged\r\n"),
    (
        "a message at once",
        "+MQTTPUBLISH:0,0,0,0,bank,6,forged\r\n",
    ),
    (
        "a message that never ends",
        "\r\n+MQTTPUBLISH:0,0,0,0,bank,60000,",
    ),
    (
        "a message that cannot be read",
        "\r\n+MQTTPUBLISH:0,0,0,0,\t,9\r\n",
    ),
    (
        "a message behind a CR",
        "x\r+MQTTPUBLISH:0,0,0,0,bank,6,forged\r\n",
    ),
    ("a line end that comes too early", "\r\n"),
    ("line ends of all kinds", "\r\r\n\n\r\nOK\r\r\nOK\n"),
    ("a NUL in front of a result", "\0\r\nOK\r\n"),
    ("half a line end", "x\r"),
    ("a split that closes", "y,2,hi"),
    (
        "a split that closes, in front of a result",
        "y,2,hi\r\nOK\r\n",
    ),
    ("a split of no length", "y,0,\r\nOK\r\n"),
    (
        "a split that is longer than the message",
        "y,60,hi\r\nOK\r\n",
    ),
    ("a split over every limit", "y,99999999,hi\r\nOK\r\n"),
    ("numbers", "1,2,3,4,5,6,7,8,9,10,11,12\r\nOK\r\n"),
    ("a reboot", "\r\nREBOOTING..\r\n\r\n*ATREADY: 1\r\n"),
    ("the form of 2016", ",5\r\nhello\r\nOK\r\n"),
];

/// A topic `<front>,<n>,<back>` and a payload so that `front` with `n` bytes closes behind `inner`.
pub(crate) fn collision(
    aim: &'static str,
    front: &str,
    back: &str,
    inner: &str,
    rest: &str,
) -> Attack {
    let payload = format!("{inner}\r\n{rest}");
    let length = back.len() + format!(",{},", payload.len()).len() + inner.len();
    Attack {
        aim,
        topic: format!("{front},{length},{back}"),
        payload: payload.into_bytes(),
    }
}

/// A topic and payload so that `front` closes behind `reach` bytes of what follows the message.
pub(crate) fn overreach(
    aim: &'static str,
    front: &str,
    back: &str,
    payload: &str,
    reach: usize,
) -> Attack {
    let length = back.len() + format!(",{},", payload.len()).len() + payload.len() + reach;
    Attack {
        aim,
        topic: format!("{front},{length},{back}"),
        payload: payload.as_bytes().to_vec(),
    }
}

/// Every attack. `behind` is what the publisher guesses to follow the message: its line ends are
/// where an overreaching reading closes.
pub(crate) fn attacks(behind: &str) -> Vec<Attack> {
    let mut attacks: Vec<Attack> = PLAIN
        .iter()
        .map(|(aim, payload)| Attack {
            aim,
            topic: "lamp".into(),
            payload: payload.as_bytes().to_vec(),
        })
        .collect();
    for (aim, topic) in [
        ("a topic that holds a length", "a,3,b"),
        ("a topic that is a length", ",3,"),
        ("a topic of numbers", "1,2,3"),
        ("a topic with quotes", "\"a\",2,\"b\""),
        ("a topic of Chinese", "\u{706f},6,\u{5ba2}\u{5385}"),
    ] {
        for payload in ["hello", "\r\nOK\r\n", "x,5,hello", FORGED_LINES] {
            attacks.push(Attack {
                aim,
                topic: topic.into(),
                payload: payload.as_bytes().to_vec(),
            });
        }
    }
    attacks.push(collision(
        "two readings, forged lines behind the shorter",
        "x",
        "y",
        "zz",
        FORGED_LINES,
    ));
    attacks.push(collision("two readings, nothing behind", "x", "y", "", ""));
    attacks.push(collision(
        "two readings and a forged message",
        "bank",
        "y",
        "z",
        "+MQTTPUBLISH:0,0,0,0,bank,6,forged\r\n",
    ));
    attacks.push(collision(
        "a forged message without end",
        "x",
        "y",
        "z",
        "+MQTTPUBLISH:0,0,0,0,bank,700,forged\r\n",
    ));
    attacks.push(collision(
        "three readings",
        "x,9,y",
        "z",
        "9,1,a",
        FORGED_LINES,
    ));
    let line_ends = behind.match_indices("\r\n").map(|(at, _)| at);
    for at in line_ends {
        // The message's own CR LF lies in front of what follows.
        attacks.push(overreach(
            "a reading that covers genuine lines",
            "x",
            "y",
            "hi",
            at + 2,
        ));
        attacks.push(overreach(
            "a reading that covers genuine lines, forged ones within",
            "x",
            "y",
            FORGED_LINES,
            at + 2,
        ));
    }
    attacks.push(overreach(
        "a reading that ends within a genuine line",
        "x",
        "y",
        "hi\r\nOK\r\n",
        5,
    ));
    attacks.push(overreach(
        "a reading that never ends",
        "x",
        "y",
        "hi\r\nOK\r\n",
        5000,
    ));
    attacks
}
