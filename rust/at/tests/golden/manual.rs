//! The example lines of the manual, edition 1.4, misprints included.

use m531x_at::QoS;
use m531x_at::command::{Command, MqttCfg, MqttOpen, Will};
use m531x_at::profile::Model;
use m531x_at::response::{CmeError, ConfigReadback, FinalResult, MqttStat, SubscriptionLine};
use m531x_at::urc::{OpenOutcome, Publish, TimeoutKind, Urc};

use super::{
    Golden, Means, answer, message, numbers, ok, on, publish, sent, sent_as, suback, subscribe,
    unsuback, unsubscribe, urc,
};

pub(crate) fn chapter_1() -> Vec<Golden> {
    vec![
        sent_as(
            "manual 1.1",
            "AT+MQTTCFG=\"183.230.40.39”,6002,”4069959”,60,”75829”,”IIOu0oFUg1guk20ornTK1uzAcnM=”,1",
            manual_cfg(60),
            r#"AT+MQTTCFG="183.230.40.39",6002,"4069959",60,"75829","IIOu0oFUg1guk20ornTK1uzAcnM=",1"#,
        ),
        sent("manual 1.1", "AT+MQTTCFG?", Command::MqttCfgRead),
        answer(
            "manual 1.1, example",
            "+MQTTCFG:\"183.230.40.39”,6002,”4069959”,60,”75829”,***,1",
            Means::Config(manual_readback(None)),
        ),
        answer(
            "manual 1.1, syntax",
            r#"AT+MQTTCFG:"183.230.40.39",6002,"4069959",60,"75829","*****",1,0"#,
            Means::Config(manual_readback(Some(false))),
        ),
        sent(
            "manual 1.2",
            r#"AT+MQTTOPEN=1,1,0,0,0,"","""#,
            open_with_credentials(None),
        ),
        ok("manual 1.2"),
        urc(
            "manual 1.2",
            "+MQTTOPEN: OK",
            Urc::Open(OpenOutcome::Accepted),
        ),
        answer(
            "manual 1.3",
            "+MQTTSTAT:0",
            Means::Stat(MqttStat::NotInitialised),
        ),
        answer(
            "manual 1.3",
            "+MQTTSTAT:1",
            Means::Stat(MqttStat::Initialised),
        ),
        answer(
            "manual 1.3",
            "+MQTTSTAT:2",
            Means::Stat(MqttStat::Disconnected),
        ),
        answer(
            "manual 1.3",
            "+MQTTSTAT:3",
            Means::Stat(MqttStat::ConnectSent),
        ),
        answer(
            "manual 1.3",
            "+MQTTSTAT:4",
            Means::Stat(MqttStat::Reconnecting),
        ),
        answer(
            "manual 1.3",
            "+MQTTSTAT:5",
            Means::Stat(MqttStat::Connected),
        ),
        answer(
            "manual 1.3",
            "+MQTTSTAT:6",
            Means::Stat(MqttStat::TcpConnecting),
        ),
        answer(
            "firmware",
            "+MQTTSTAT:7",
            Means::Stat(MqttStat::TcpConnected),
        ),
        sent(
            "manual 1.4",
            r#"AT+MQTTSUB="dev/gsm/u",2"#,
            subscribe("dev/gsm/u", QoS::ExactlyOnce),
        ),
        urc(
            "manual 1.4",
            "+MQTTSUBACK:2,2,dev/gsm/u",
            suback(2, 2, "dev/gsm/u"),
        ),
        sent("manual 1.4", "AT+MQTTSUB?", Command::MqttSubRead),
        answer(
            "manual 1.4",
            "+MQTTSUB:",
            Means::Subscription(SubscriptionLine::Heading),
        ),
        answer(
            "manual 1.4",
            "dev/gsm/u",
            Means::Subscription(SubscriptionLine::Filter(b"dev/gsm/u")),
        ),
        sent(
            "manual 1.5",
            r#"AT+MQTTPUB="dev/gsm/u",2,1,0,0,"update message""#,
            publish("dev/gsm/u", QoS::ExactlyOnce, true, b"update message"),
        ),
        urc(
            "manual 1.5",
            "+MQTTPUBREC:10,0",
            Urc::PubRec(numbers(10, 0)),
        ),
        urc(
            "manual 1.5",
            "+MQTTPUBCOMP:10,0",
            Urc::PubComp(numbers(10, 0)),
        ),
        sent_as(
            "manual 1.5",
            r#"AT+MQTTPUB="dev/gsm/u",2,1,0,2,"1890""#,
            publish("dev/gsm/u", QoS::ExactlyOnce, true, &[0x18, 0x90]),
            r#"AT+MQTTPUB="dev/gsm/u",2,1,0,2,1890"#,
        ),
        urc(
            "manual 1.5",
            "+MQTTPUBREC:11,0",
            Urc::PubRec(numbers(11, 0)),
        ),
        urc(
            "manual 1.5",
            "+MQTTPUBCOMP:11,0",
            Urc::PubComp(numbers(11, 0)),
        ),
        sent(
            "manual 1.6",
            r#"AT+MQTTUNSUB="dev/gsm/u""#,
            unsubscribe("dev/gsm/u"),
        ),
        urc(
            "manual 1.6",
            r#"+MQTTUNSUBACK: 8,"dev/gsm/u""#,
            unsuback(8, Some("dev/gsm/u")),
        ),
        urc(
            "manual 1.3 (edition)",
            "+MQTTUNSUBACK: 8",
            unsuback(8, None),
        ),
        sent("manual 1.7", "AT+MQTTDISC", Command::MqttDisc),
        urc("manual 1.7", "+MQTTDISC: OK", Urc::Disc),
        answer(
            "manual 1.7",
            "+CME ERROR: 3",
            Means::Final(FinalResult::Cme(CmeError::Number(3))),
        ),
        sent("manual 1.8", "AT+MQTTDEL", Command::MqttDel),
        urc("manual 1.10", "+MQTTPINGRSP: OK", Urc::PingResponse),
        urc("manual 1.11", "+MQTTPINGRSP:OK", Urc::PingResponse),
        urc("manual 1.11", "+MQTTDISC:", Urc::Disc),
        urc(
            "manual 1.4, refused",
            "+MQTTSUBACK: 3,0x80,a,b",
            suback(3, 0x80, "a,b"),
        ),
        urc(
            "manual 1.11",
            "+MQTTSUBACK:8,2,dev/gsm/u",
            suback(8, 2, "dev/gsm/u"),
        ),
        sent_as(
            "manual 1.11, five fields",
            r#"AT+MQTTPUB="dev/gsm/u",2,1,0,"update message""#,
            publish("dev/gsm/u", QoS::ExactlyOnce, true, b"update message"),
            r#"AT+MQTTPUB="dev/gsm/u",2,1,0,0,"update message""#,
        ),
        urc(
            "manual 1.11",
            "+MQTTPUBREC: 0,14",
            Urc::PubRec(numbers(0, 14)),
        ),
        urc(
            "manual 1.11",
            "+MQTTPUBCOMP: 0,14",
            Urc::PubComp(numbers(0, 14)),
        ),
        urc(
            "manual 1.11, syntax",
            "+MQTTPUBREL:12,0",
            Urc::PubRel(numbers(12, 0)),
        ),
        message(
            "manual 1.11",
            Model::M5310A,
            "+MQTTPUBLISH: 0,2,0,9,dev/gsm/u,14,update message",
            Publish {
                qos: QoS::ExactlyOnce,
                packet_id: 9,
                ..on("dev/gsm/u", b"update message")
            },
        ),
    ]
}

pub(crate) fn chapter_2() -> Vec<Golden> {
    let to_pyr = |payload| publish("pyr", QoS::AtLeastOnce, false, payload);
    let from_pyr = |payload| Publish {
        qos: QoS::AtLeastOnce,
        packet_id: 1,
        ..on("pyr", payload)
    };
    vec![
        sent(
            "manual 2.1",
            r#"AT+MQTTCFG="183.230.40.39",6002,"4069959",10,"75829","IIOu0oFUg1guk20ornTK1uzAcnM=",1"#,
            manual_cfg(10),
        ),
        sent(
            "manual 2.2",
            r#"AT+MQTTOPEN=1,1,1,1,1,"mywill","001bye""#,
            open_with_credentials(Some(Will {
                topic: "mywill".into(),
                payload: b"001bye".to_vec(),
                qos: QoS::AtLeastOnce,
                retain: true,
            })),
        ),
        urc(
            "manual 2.2",
            "+MQTTOPEN:OK",
            Urc::Open(OpenOutcome::Accepted),
        ),
        sent(
            "manual 2.2",
            r#"AT+MQTTSUB="pyr",1"#,
            subscribe("pyr", QoS::AtLeastOnce),
        ),
        urc("manual 2.2", "+MQTTSUBACK:1,1,pyr", suback(1, 1, "pyr")),
        sent(
            "manual 2.2",
            r#"AT+MQTTPUB="dev/gsm/u",1,1,0,0,"abc""#,
            publish("dev/gsm/u", QoS::AtLeastOnce, true, b"abc"),
        ),
        urc("manual 2.2", "+MQTTPUBACK:1,0", Urc::PubAck(numbers(1, 0))),
        sent_as(
            "manual 2.2",
            r#"AT+MQTTPUB="pyr",1,0,0,3,"7E7A7A""#,
            to_pyr(b"~zz"),
            r#"AT+MQTTPUB="pyr",1,0,0,0,"~zz""#,
        ),
        urc("manual 2.2", "+MQTTPUBACK:3,0", Urc::PubAck(numbers(3, 0))),
        message(
            "manual 2.2",
            Model::M5310A,
            "+MQTTPUBLISH:0,1,0,1,pyr,3,~zz",
            from_pyr(b"~zz"),
        ),
        sent(
            "manual 2.2",
            r#"AT+MQTTPUB="pyr",1,0,0,0,"abcdef""#,
            to_pyr(b"abcdef"),
        ),
        urc("manual 2.2", "+MQTTPUBACK:4,0", Urc::PubAck(numbers(4, 0))),
        message(
            "manual 2.2",
            Model::M5310A,
            "+MQTTPUBLISH:0,1,0,1,pyr,6,abcdef",
            from_pyr(b"abcdef"),
        ),
        sent("manual 2.2", r#"AT+MQTTUNSUB="pyr""#, unsubscribe("pyr")),
        urc(
            "manual 2.2",
            "+MQTTUNSUBACK:5,pyr",
            unsuback(5, Some("pyr")),
        ),
        urc("manual 2.2", "+MQTTPUBACK:6,0", Urc::PubAck(numbers(6, 0))),
        urc("manual 2.4", "+MQTTPINGRESP:OK", Urc::PingResponse),
        urc("manual 2.4", "+MQTTTO:5", Urc::Timeout(TimeoutKind::Ping)),
        urc("manual 2.4", "+MQTTREC:0", Urc::Rec { attempt: 0 }),
        urc("manual 2.4", "+MQTTREC:1", Urc::Rec { attempt: 1 }),
        urc("manual 2.4", "+MQTTREC:2", Urc::Rec { attempt: 2 }),
        urc("manual 2.4", "+MQTTDISC:OK", Urc::Disc),
    ]
}

fn manual_cfg(keepalive: u16) -> Command {
    Command::MqttCfg(MqttCfg {
        host: "183.230.40.39".into(),
        port: 6002,
        client_id: "4069959".into(),
        keepalive,
        username: Some("75829".into()),
        password: Some("IIOu0oFUg1guk20ornTK1uzAcnM=".into()),
        clean_session: true,
        tls: false,
    })
}

fn manual_readback(tls: Option<bool>) -> ConfigReadback {
    ConfigReadback {
        host: Some("183.230.40.39".into()),
        port: Some(6002),
        client_id: Some("4069959".into()),
        keepalive: Some(60),
        username: Some("75829".into()),
        password_set: true,
        clean_session: Some(true),
        tls,
    }
}

fn open_with_credentials(will: Option<Will>) -> Command {
    Command::MqttOpen(MqttOpen {
        username: true,
        password: true,
        will,
    })
}
