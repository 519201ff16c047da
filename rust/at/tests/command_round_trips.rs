//! What the host encodes, the module decodes to the same command, for every model.

use m531x_at::QoS;
use m531x_at::command::{
    Command, General, MqttCfg, MqttOpen, MqttPing, MqttPub, MqttRec, MqttSub, MqttTo, MqttUnsub,
    RebootForm, Secret, SleepMode, Will,
};
use m531x_at::command_line::ArgumentError;
use m531x_at::profile::{IccidForm, Model, PubFields};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_command_survives_encoding_and_decoding(command in command(), model in model()) {
        match command.encode(model.profile()) {
            Ok(line) => {
                prop_assert!(line.as_bytes().iter().all(|byte| !byte.is_ascii_control()));
                prop_assert_eq!(Command::decode(line.as_bytes()), Ok(command));
            }
            Err(error) => prop_assert!(is_a_limit_of_the_model(&error), "{error}"),
        }
    }

    #[test]
    fn any_payload_of_any_bytes_arrives(
        payload in prop::collection::vec(any::<u8>(), 0..450),
        topic in topic_name(),
        qos in qos(),
        model in model(),
    ) {
        prop_assume!(model.profile().pub_fields == PubFields::Six);
        let command = Command::MqttPub(MqttPub { topic, qos, retain: false, payload });
        let line = command.encode(model.profile()).expect("450 bytes fit as hex");
        prop_assert_eq!(Command::decode(line.as_bytes()), Ok(command));
    }

    #[test]
    fn the_case_of_the_name_does_not_matter(command in command(), upper in any::<bool>()) {
        // Names are what may differ in case; arguments hold topics, which may not.
        let Ok(line) = command.encode(Model::M5311.profile()) else { return Ok(()) };
        let mut bytes = line.as_bytes().to_vec();
        let name = bytes.iter().position(|&b| b == b'=').unwrap_or(bytes.len());
        if upper {
            bytes[..name].make_ascii_uppercase();
        } else {
            bytes[..name].make_ascii_lowercase();
        }
        let expected = match command {
            Command::General(General::Other(_)) => return Ok(()),
            other => other,
        };
        prop_assert_eq!(Command::decode(&bytes), Ok(expected));
    }
}

#[test]
fn all_256_byte_values_fit_into_one_publish() {
    let payload: Vec<u8> = (0..=255).collect();
    let command = Command::MqttPub(MqttPub {
        topic: "bytes".into(),
        qos: QoS::ExactlyOnce,
        retain: true,
        payload,
    });
    for model in [
        Model::M5310A,
        Model::M5311,
        Model::M5312,
        Model::M5313,
        Model::Mn316,
    ] {
        let line = command
            .encode(model.profile())
            .expect("binary is sent as hex");
        assert_eq!(Command::decode(line.as_bytes()), Ok(command.clone()));
    }
}

#[test]
fn quoted_json_of_careless_hosts_is_taken_as_the_module_takes_it() {
    let line = br#"AT+MQTTPUB="t",0,0,0,0,"{"a":1,"b":[2,3]}""#;
    let Ok(Command::MqttPub(publish)) = Command::decode(line) else {
        panic!("not understood");
    };
    assert_eq!(publish.payload, br#"{"a":1,"b":[2,3]}"#);
}

#[test]
fn a_length_that_is_not_the_number_of_bytes_is_refused() {
    // Manual 1.5 calls the field a type, 1 for hex; no module takes it so.
    assert!(Command::decode(br#"AT+MQTTPUB="t",0,0,0,1,"1890""#).is_err());
    assert!(Command::decode(br#"AT+MQTTPUB="t",0,0,0,4,"1890""#).is_err());
    assert!(Command::decode(br#"AT+MQTTPUB="t",0,0,0,2,"xyzw""#).is_err());
}

fn is_a_limit_of_the_model(error: &ArgumentError) -> bool {
    matches!(
        error,
        ArgumentError::NotSupported { .. } | ArgumentError::LineTooLong { .. }
    )
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        cfg().prop_map(Command::MqttCfg),
        open().prop_map(Command::MqttOpen),
        (topic_filter(), qos(), any::<bool>())
            .prop_map(|(filter, qos, hex)| Command::MqttSub(MqttSub { filter, qos, hex })),
        publish().prop_map(Command::MqttPub),
        topic_filter().prop_map(|filter| Command::MqttUnsub(MqttUnsub { filter })),
        (1..=u16::MAX).prop_map(|seconds| Command::MqttTo(MqttTo { seconds })),
        any::<bool>().prop_map(|report| Command::MqttPing(MqttPing { report })),
        any::<bool>().prop_map(|enabled| Command::MqttRec(MqttRec { enabled })),
        prop::sample::select(vec![
            Command::MqttCfgRead,
            Command::MqttStatRead,
            Command::MqttSubRead,
            Command::MqttDisc,
            Command::MqttDel,
        ]),
        general().prop_map(Command::General),
    ]
}

fn cfg() -> impl Strategy<Value = MqttCfg> {
    (
        prop_oneof!["[a-z0-9._-]{1,60}", Just("2001:db8::1".to_owned())],
        1..=u16::MAX,
        text(1..40),
        any::<u16>(),
        prop::option::of(text(1..40)),
        prop::option::of(text(1..40)),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(host, port, client_id, keepalive, username, password, clean_session, tls)| MqttCfg {
                host,
                port,
                client_id,
                keepalive,
                username,
                password: password.map(Secret::new),
                clean_session,
                tls,
            },
        )
}

fn open() -> impl Strategy<Value = MqttOpen> {
    let will = (topic_name(), text(0..60), qos(), any::<bool>()).prop_map(
        |(topic, payload, qos, retain)| Will {
            topic,
            payload: payload.into_bytes(),
            qos,
            retain,
        },
    );
    (any::<bool>(), any::<bool>(), prop::option::of(will)).prop_map(|(username, password, will)| {
        MqttOpen {
            username,
            password,
            will,
        }
    })
}

fn publish() -> impl Strategy<Value = MqttPub> {
    let payload = prop_oneof![
        "[ -~]{0,80}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..80),
    ];
    (topic_name(), qos(), any::<bool>(), payload).prop_map(|(topic, qos, retain, payload)| {
        MqttPub {
            topic,
            qos,
            retain,
            payload,
        }
    })
}

fn general() -> impl Strategy<Value = General> {
    prop::sample::select(vec![
        General::At,
        General::Echo(false),
        General::Echo(true),
        General::CmeeSet(1),
        General::CmeeRead,
        General::Manufacturer,
        General::ModelId,
        General::Identification,
        General::SoftwareVersion,
        General::FirmwareVersion,
        General::Revision,
        General::Imei,
        General::Gsn,
        General::Imsi,
        General::Iccid(IccidForm::Nccid),
        General::Iccid(IccidForm::Iccid),
        General::FunctionalityRead,
        General::FunctionalitySet(1),
        General::PinRead,
        General::SignalQuality,
        General::RegistrationRead,
        General::RegistrationSet(2),
        General::AttachRead,
        General::AttachSet(true),
        General::Address { cid: None },
        General::Address { cid: Some(1) },
        General::Clock,
        General::ConnectionStatusRead,
        General::ConnectionStatusSet(1),
        General::PsmReportRead,
        General::PsmReportSet(1),
        General::SleepMode(SleepMode::Lock),
        General::SleepMode(SleepMode::LockForever),
        General::SleepMode(SleepMode::Unlock),
        General::SleepMode(SleepMode::UnlockForever),
        General::Reboot(RebootForm::Nrb),
        General::Reboot(RebootForm::Cmrb),
        General::Other("+CMSYSCTRL=0,2".into()),
        General::Other("+CLPLMN".into()),
        General::Other("*CMBAND?".into()),
        General::Other("+CEDRXS=0,5".into()),
        General::Other("+NATSPEED=9600,30,0".into()),
        General::Other("+CPSMS=0".into()),
        General::Other("+NUESTATS".into()),
        General::Other("+CSQ=?".into()),
    ])
}

/// Text as users write it: no control byte and no double quote, otherwise anything, full-width
/// quotes and commas on purpose.
fn text(length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => prop::char::range(' ', '~'),
        1 => prop::sample::select(vec![',', '”', '“', '中', '\\', ' ', '#', '+', '/']),
        1 => any::<char>(),
    ];
    let usable = character.prop_filter("a command line carries it", |c| {
        !c.is_ascii_control() && *c != '"'
    });
    prop::collection::vec(usable, length).prop_map(|characters| characters.into_iter().collect())
}

fn topic_name() -> impl Strategy<Value = String> {
    text(1..40).prop_map(|text| {
        let name = text.replace(['+', '#'], "_");
        if name.is_empty() {
            "t".to_owned()
        } else {
            name
        }
    })
}

fn topic_filter() -> impl Strategy<Value = String> {
    let level = prop_oneof![
        Just("+".to_owned()),
        topic_name().prop_map(|name| name.replace('/', "_"))
    ];
    (prop::collection::vec(level, 1..5), any::<bool>()).prop_map(|(mut levels, all)| {
        if all {
            levels.push("#".to_owned());
        }
        levels.join("/")
    })
}

fn qos() -> impl Strategy<Value = QoS> {
    prop::sample::select(vec![QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce])
}

fn model() -> impl Strategy<Value = Model> {
    prop::sample::select(Model::ALL.to_vec())
}
