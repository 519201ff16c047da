//! Lines captured from modules, printed by firmware or awaited by host programs.

use m531x_at::QoS;
use m531x_at::profile::Model;
use m531x_at::response::{CmeError, ConfigReadback, FinalResult};
use m531x_at::urc::{OpenOutcome, Publish, Registration, Urc};

use super::{Golden, Means, answer, message, ok, on, publish, suback, urc};

pub(crate) fn captures() -> Vec<Golden> {
    let m5311_payload = b"\x03\x00\x1b{\"1\":134,\"4\":1,\"3\":1,\"2\":1}".as_slice();
    let reply = r#"{"method":"reply","payload":{"status":"success","version":24470},"clientToken":"null","timestamp":1642487387}"#;
    vec![
        Golden {
            source: "captured from an M5311, echoed",
            model: Model::M5311,
            line: "AT+MQTTPUB=$dp,0,1,0,30,03001b7B2231223A3133342C2234223A312C2233223A312C2232223A317D",
            means: Means::Command(
                publish("$dp", QoS::AtMostOnce, true, m5311_payload),
                "AT+MQTTPUB=\"$dp\",0,1,0,30,03001B7B2231223A3133342C2234223A312C2233223A312C2232223A317D",
            ),
        },
        ok("captured from an M5311"),
        message(
            "captured from an M5311",
            Model::M5311,
            r#"+MQTTPUBLISH: 0,0,0,0,$creq/4fc197e6-5033-5d6f-b2c2-a5d0d56c8382,14,{"abc": "efg"}"#,
            on("$creq/4fc197e6-5033-5d6f-b2c2-a5d0d56c8382", br#"{"abc": "efg"}"#),
        ),
        message(
            "captured from an M5310-A, topic and bytes withheld",
            Model::M5310A,
            "+MQTTPUBLISH:0,0,0,0,devices/1/down,146,0123456789,OK,0123456789,ERROR,0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234",
            on(
                "devices/1/down",
                b"0123456789,OK,0123456789,ERROR,0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234",
            ),
        ),
        message(
            "captured from an ML302",
            Model::Ml302,
            r#"+MQTTPUBLISH: 0,1,0,61111,"/shadow/get/<pk>/<dev>",109,{"method":"reply","payload":{"status":"success","version":24470},"clientToken":"null","timestamp":1642487387}"#,
            Publish {
                qos: QoS::AtLeastOnce,
                packet_id: 61_111,
                ..on("/shadow/get/<pk>/<dev>", reply.as_bytes())
            },
        ),
        message(
            "captured from an ML302, quotes are payload",
            Model::Ml302,
            r#"+MQTTPUBLISH: 0,0,0,0,"car-manager/lock",8,"UNLOCK""#,
            on("car-manager/lock", br#""UNLOCK""#),
        ),
        urc("captured from an ML302", "+MQTTOPEN:OK", Urc::Open(OpenOutcome::Accepted)),
        urc("captured from an ML302", "+MQTTPINGRSP: OK", Urc::PingResponse),
        urc(
            "captured from an ML302",
            "+MQTTSUBACK:1,0,car-manager/lock",
            suback(1, 0, "car-manager/lock"),
        ),
        urc("firmware", "+MQTTOPEN:FAIL", Urc::Open(OpenOutcome::Failed)),
        urc("M5311 specification", "+MQTTOPEN: 5,0", Urc::Open(refused(5))),
        urc("M5311 specification", "+MQTTCONACK: FAIL", Urc::Open(OpenOutcome::Failed)),
        urc("M5311 specification", "+MQTTCONACK: 4,0", Urc::Open(refused(4))),
        urc("firmware", "+MQTTDISC", Urc::Disc),
        answer(
            "unsolicited, firmware",
            "+CME ERROR: 615",
            Means::Final(FinalResult::Cme(CmeError::Number(615))),
        ),
        answer(
            "host program of the M5311, unset",
            "+MQTTCFG: null,0,null,0,null,null,0,0",
            Means::Config(ConfigReadback {
                port: Some(0),
                keepalive: Some(0),
                clean_session: Some(false),
                tls: Some(false),
                ..ConfigReadback::default()
            }),
        ),
        answer(
            "host program of the M5311, nothing at all set",
            "+MQTTCFG: null",
            Means::Config(ConfigReadback::default()),
        ),
        answer(
            "firmware, password in clear, nine fields",
            r#"+MQTTCFG: "broker",1883,"(null)",60,"","hunter2",0,1,0"#,
            Means::Config(ConfigReadback {
                host: Some("broker".into()),
                port: Some(1883),
                keepalive: Some(60),
                password_set: true,
                clean_session: Some(false),
                tls: Some(true),
                ..ConfigReadback::default()
            }),
        ),
        urc("M5310-A boot", "Boot: Unsigned", Urc::Boot(b"Boot: Unsigned")),
        urc("M5310-A boot", "Security B.. Verified", Urc::Boot(b"Security B.. Verified")),
        urc("M5310-A boot", "Protocol A.. Verified", Urc::Boot(b"Protocol A.. Verified")),
        urc("M5310-A boot", "Apps A...... Verified", Urc::Boot(b"Apps A...... Verified")),
        urc("M5310-A boot", "REBOOT_CAUSE_POWER_ON", Urc::Boot(b"REBOOT_CAUSE_POWER_ON")),
        urc("M5310-A boot", "Neul", Urc::Boot(b"Neul")),
        urc("M5311 boot", "REBOOTING..", Urc::Boot(b"REBOOTING..")),
        urc("M5311 boot", "*ATREADY: 1", Urc::Ready),
        urc("M5311 boot", "+CFUN: 1", Urc::Functionality(1)),
        urc("M5311 boot", "+CPIN: READY", Urc::SimState(b"READY")),
        urc("M5311", "+IP: 10.20.30.40", Urc::Ip(b"10.20.30.40")),
        urc("M5311", "*GOTOSLEEP", Urc::Sleep),
        urc("M5311", "*MATWAKEUP", Urc::Wake),
        urc("M5311", "*WAKEUP", Urc::Wake),
        urc("M5310-A", "+NPSMR:1", Urc::PowerSaving { mode: 1 }),
        urc("M5310-A", "+CSCON:1", Urc::RadioConnection { mode: 1 }),
        urc("M5310-A", "+CEREG:5", Urc::Registration(Registration {
            stat: 5,
            rest: None,
        })),
    ]
}

fn refused(code: u8) -> OpenOutcome {
    OpenOutcome::ReturnCode {
        code,
        session_present: false,
    }
}
