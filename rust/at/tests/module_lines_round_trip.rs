//! What the module prints, the host reads back to the same values, for every model.

use m531x_at::profile::Model;
use m531x_at::response::{
    AddressLine, AttachLine, ClockLine, ConfigReadback, ErrorReportLine, FunctionalityLine,
    IccidLine, ImeiLine, ImsiLine, MqttStat, PinLine, PsmReportLine, RadioConnectionLine,
    RegistrationLine, SignalLine,
};
use m531x_at::urc::{AckNumbers, OpenOutcome, Registration, TimeoutKind, Urc};
use proptest::prelude::*;

/// Prints a value for a model, reads it back and compares.
macro_rules! assert_reads_back {
    ($type:ty, $value:expr, $model:expr) => {
        let value = $value;
        let line = value.encode($model.profile());
        prop_assert_eq!(<$type>::parse(line.as_bytes()), Some(value), "{}", line);
    };
}

proptest! {
    #[test]
    fn urcs(
        number in any::<u32>(),
        id in any::<u16>(),
        second in prop::option::of(any::<u16>()),
        code in any::<u8>(),
        flag in any::<bool>(),
        filter in prop::option::of("[!#-~中,]{1,20}"),
        model in model(),
    ) {
        let filter = filter.as_ref().map(String::as_bytes);
        let numbers = AckNumbers { first: id, second };
        let urcs = [
            Urc::Open(OpenOutcome::Accepted),
            Urc::Open(OpenOutcome::Failed),
            Urc::Open(OpenOutcome::ReturnCode { code, session_present: flag }),
            Urc::SubAck { packet_id: id, code, filter },
            Urc::UnsubAck { packet_id: id, filter },
            Urc::PubAck(numbers),
            Urc::PubRec(numbers),
            Urc::PubRel(numbers),
            Urc::PubComp(numbers),
            Urc::Disc,
            Urc::Rec { attempt: number },
            Urc::Timeout(TimeoutKind::from(number)),
            Urc::PingResponse,
            Urc::Ready,
            Urc::Registration(Registration { stat: code, rest: None }),
            Urc::Registration(Registration { stat: code, rest: Some(b"\"2D1C\",\"0AB1\",7") }),
            Urc::SimState(b"SIM PIN"),
            Urc::Ip(b"10.0.0.1"),
            Urc::Sleep,
            Urc::Wake,
            Urc::Functionality(code),
            Urc::RadioConnection { mode: code },
            Urc::PowerSaving { mode: code },
        ];
        for urc in urcs {
            let mut printed = Vec::new();
            urc.encode(model.profile(), &mut printed);
            let line = printed.strip_suffix(b"\r\n").expect("a URC ends in CR LF");
            prop_assert_eq!(Urc::parse(line), Some(urc));
        }
    }

    #[test]
    fn answers(a in any::<u8>(), b in any::<u8>(), flag in any::<bool>(), model in model()) {
        assert_reads_back!(MqttStat, MqttStat::from(a), model);
        assert_reads_back!(SignalLine, SignalLine { rssi: a, ber: b }, model);
        let registration = RegistrationLine { reporting: a % 6, stat: b % 11 };
        assert_reads_back!(RegistrationLine, registration, model);
        assert_reads_back!(RadioConnectionLine, RadioConnectionLine { reporting: a, mode: b }, model);
        assert_reads_back!(AttachLine, AttachLine { attached: flag }, model);
        assert_reads_back!(FunctionalityLine, FunctionalityLine { level: a }, model);
        assert_reads_back!(ErrorReportLine, ErrorReportLine { level: a }, model);
        assert_reads_back!(PsmReportLine, PsmReportLine { reporting: flag, mode: Some(b) }, model);
        assert_reads_back!(PsmReportLine, PsmReportLine { reporting: false, mode: None }, model);
        let address = flag.then(|| "10.0.0.1".to_owned());
        assert_reads_back!(AddressLine, AddressLine { cid: a, address }, model);
        assert_reads_back!(PinLine, PinLine { state: "SIM PIN".into() }, model);
        assert_reads_back!(ClockLine, ClockLine { time: "26/11/22,16:30:00+32".into() }, model);
        assert_reads_back!(ImeiLine, ImeiLine { imei: "867725030012345".into() }, model);
        assert_reads_back!(ImsiLine, ImsiLine { imsi: "460040123456789".into() }, model);
        assert_reads_back!(IccidLine, IccidLine { iccid: "8986040310187250123A".into() }, model);
    }

    #[test]
    fn configurations(
        host in prop::option::of("[a-z.]{1,20}"),
        port in any::<u16>(),
        username in prop::option::of("[ !#-~中]{1,20}"),
        password_set in any::<bool>(),
        clean_session in any::<bool>(),
        tls in any::<bool>(),
        model in model(),
    ) {
        prop_assume!(username.as_deref() != Some("(null)"));
        let profile = model.profile();
        let config = ConfigReadback {
            client_id: host.clone(),
            host,
            port: Some(port),
            keepalive: Some(port),
            username,
            password_set,
            clean_session: Some(clean_session),
            tls: profile.encrypt_field.then_some(tls),
        };
        assert_reads_back!(ConfigReadback, config, model);
    }
}

fn model() -> impl Strategy<Value = Model> {
    prop::sample::select(Model::ALL.to_vec())
}
