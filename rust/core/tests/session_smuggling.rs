//! No payload of the smuggling corpus answers a command, changes a state or makes another message,
//! and no answer is lost behind one.

#[path = "../../at/tests/smuggling_corpus/mod.rs"]
mod smuggling_corpus;

use m531x_core::session::OperationId;
use m531x_core::{EventKind, MqttState};
use m531x_test_support::session::{Rig, SECOND, command};
use smuggling_corpus::{Attack, attacks, surroundings};

/// AT has no way to write a quote, so such a topic can only be met with a wildcard.
fn filters(attack: &Attack) -> Vec<&str> {
    let exact = (!attack.topic.contains('"')).then_some(attack.topic.as_str());
    exact.into_iter().chain(["#"]).collect()
}

fn printed(attack: &Attack) -> Vec<u8> {
    let header = format!(
        "+MQTTPUBLISH:0,0,0,0,{},{},",
        attack.topic,
        attack.payload.len()
    );
    [header.as_bytes(), &attack.payload, b"\r\n"].concat()
}

/// Answers what the session asks until the command has ended.
fn settle(rig: &mut Rig, id: OperationId) {
    for _ in 0..20 {
        while let Some(line) = rig.next_sent() {
            match line.as_str() {
                "AT+CSQ" => rig.reply("\r\n+CSQ: 20,99\r\n\r\nOK\r\n"),
                "AT+MQTTSTAT?" => rig.reply("\r\n+MQTTSTAT:5\r\n\r\nOK\r\n"),
                "AT+CMEE?" => rig.reply("\r\n+CMEE: 1\r\n\r\nOK\r\n"),
                _ => rig.reply("\r\nOK\r\n"),
            }
        }
        if rig.is_done(id) {
            return;
        }
        rig.advance(SECOND);
    }
}

fn check(rig: &Rig, attack: &Attack, exact: bool, context: &str) {
    assert_eq!(
        rig.session.mqtt_state(),
        MqttState::Connected,
        "a forged state: {context}"
    );
    for kind in [
        EventKind::Disconnected,
        EventKind::Rebooted,
        EventKind::Recovering,
        EventKind::StrayResult,
    ] {
        assert!(rig.events(kind).is_empty(), "a forged {kind}: {context}");
    }
    let urcs = rig.events(EventKind::Urc);
    assert!(
        urcs.iter().all(|line| line.starts_with("+CEREG")),
        "a forged URC: {urcs:?} {context}"
    );
    let messages = rig.messages();
    assert!(!messages.is_empty(), "a lost message: {context}");
    for message in messages {
        let genuine = message.topic == attack.topic && message.payload == attack.payload;
        let flagged = message.ambiguous || message.truncated;
        assert!(
            genuine || (flagged && !exact),
            "a forged message: {context}"
        );
        assert!(!(flagged && exact), "a doubt without reason: {context}");
    }
}

#[test]
fn a_pending_command_gets_its_own_answer() {
    let (_, behind) = surroundings();
    for attack in attacks() {
        for filter in filters(&attack) {
            let message = printed(&attack);
            let bytes = [&message, behind.as_bytes()].concat();
            for split in [5, message.len(), bytes.len()] {
                let context = format!("{} under {filter}, split at {split}", attack.aim);
                let mut rig = Rig::connected();
                rig.subscribe(filter, 1);
                let id = rig.begin(command("AT+CSQ"));
                rig.expect("AT+CSQ");
                let (first, second) = bytes.split_at(split);
                rig.reply(first);
                rig.advance(SECOND / 10);
                let early = split == message.len() && rig.is_done(id);
                assert!(!early, "answered before the answer: {context}");
                rig.reply(second);
                settle(&mut rig, id);
                assert_eq!(rig.lines(id), ["+CSQ: 20,99"], "{context}");
                check(&rig, &attack, filter != "#", &context);
            }
        }
    }
}

#[test]
fn an_idle_modem_believes_nothing_and_answers_the_next_command() {
    for attack in attacks() {
        for filter in filters(&attack) {
            let context = format!("{} under {filter}", attack.aim);
            let mut rig = Rig::connected();
            rig.subscribe(filter, 1);
            rig.reply([b"+CEREG: 1\r\n", &printed(&attack)[..]].concat());
            rig.advance(3 * SECOND);
            let id = rig.begin(command("AT+CSQ"));
            settle(&mut rig, id);
            assert_eq!(rig.lines(id), ["+CSQ: 20,99"], "{context}");
            assert_eq!(rig.events(EventKind::Urc)[0], "+CEREG: 1", "{context}");
            check(&rig, &attack, filter != "#", &context);
        }
    }
}
