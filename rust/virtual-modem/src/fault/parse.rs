//! `NAME=VALUE` to [`Fault`].

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use m531x_at::QoS;

use super::{Ack, Fault, Moment, Rate, Sim};
use crate::firmware::Trait;

/// Why a text is no fault; says which form is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFaultError {
    text: String,
    remedy: &'static str,
}

impl fmt::Display for ParseFaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault {:?}: {}", self.text, self.remedy)
    }
}

impl std::error::Error for ParseFaultError {}

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, ParseFaultError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        parse(name.trim(), value.map(str::trim)).map_err(|remedy| ParseFaultError {
            text: text.to_owned(),
            remedy,
        })
    }
}

const RATE: &str = "give a probability above 0 and at most 1 (0.25) or every n-th (1/3)";

fn parse(name: &str, value: Option<&str>) -> Result<Fault, &'static str> {
    match name {
        "split-writes" => value
            .map_or(Some(8), |v| v.parse().ok())
            .filter(|most| *most > 0)
            .map(Fault::SplitWrites)
            .ok_or("give the largest piece in bytes, 1 to 65535, such as split-writes=3"),
        "merge-writes" => value
            .map_or(Some(Duration::from_millis(50)), milliseconds)
            .filter(|hold| !hold.is_zero())
            .map(Fault::MergeWrites)
            .ok_or("give milliseconds, such as merge-writes=50"),
        "delay" => value
            .and_then(range)
            .map(|(least, most)| Fault::Delay(least, most))
            .ok_or("give milliseconds or a range of them, such as delay=20-200"),
        "urc-in-response" => rate(value).map(Fault::UrcInResponse),
        "lost-ack" => {
            let (ack, rate) = ack(value.unwrap_or("any"))?;
            Ok(Fault::LostAck(ack, self::rate(rate)?))
        }
        "late-ack" => {
            let (ack, late) = ack(value.ok_or(ACKS)?)?;
            late.and_then(milliseconds)
                .map(|late| Fault::LateAck(ack, late))
                .ok_or("give the ack and milliseconds, such as late-ack=suback:12000")
        }
        "reboot-at" => value.and_then(moment).map(Fault::RebootAt).ok_or(MOMENT),
        "cut-network-at" => value
            .and_then(moment)
            .map(Fault::CutNetworkAt)
            .ok_or(MOMENT),
        "declared-longer" => {
            let (bytes, rate) = split(value.unwrap_or("4"));
            let bytes = bytes
                .parse()
                .ok()
                .filter(|bytes| *bytes > 0)
                .ok_or("give the surplus in bytes, 1 to 65535, such as declared-longer=4")?;
            Ok(Fault::DeclaredLonger(bytes, self::rate(rate)?))
        }
        "no-final-crlf" => rate(value).map(Fault::NoFinalCrlf),
        "garbage" => rate(value).map(Fault::Garbage),
        "drop-bytes" => value
            .ok_or(RATE)
            .and_then(|v| rate(Some(v)))
            .map(Fault::DropBytes),
        "refuse-subscription" => Ok(Fault::RefuseSubscription(
            value.filter(|v| !v.is_empty()).map(str::to_owned),
        )),
        "downgrade-subscription" => value
            .and_then(|v| v.parse::<u8>().ok())
            .and_then(|number| QoS::try_from(number).ok())
            .map(Fault::DowngradeSubscription)
            .ok_or("give the highest QoS granted, 0 to 2"),
        "sleep" => value
            .and_then(seconds)
            .filter(|after| !after.is_zero())
            .map(Fault::Sleep)
            .ok_or("give seconds of silence above 0, such as sleep=10"),
        "sim" => Sim::NAMES
            .iter()
            .find(|(known, _)| Some(*known) == value)
            .map(|(_, sim)| Fault::Sim(*sim))
            .ok_or("give absent, pin or puk"),
        "registration" => value
            .and_then(|v| v.parse().ok())
            .filter(|stat| *stat <= 10)
            .map(Fault::Registration)
            .ok_or("give a state of +CEREG, 0 to 10, such as registration=3"),
        "signal" => value
            .and_then(|v| v.parse().ok())
            .filter(|rssi| matches!(rssi, 0..=31 | 99))
            .map(Fault::Signal)
            .ok_or("give a strength as +CSQ reports it, 0 to 31, or 99"),
        "slow-network" => value
            .map_or(Some(NARROWBAND), range)
            .map(|(least, most)| Fault::SlowNetwork(least, most))
            .ok_or("give milliseconds, such as slow-network=500-4000"),
        "silent" => value
            .is_none()
            .then_some(Fault::Silent)
            .ok_or("it takes no value"),
        _ => Trait::parse(name, value).map_or(Err(UNKNOWN), |one| one.map(Fault::Trait)),
    }
}

const UNKNOWN: &str = "no such fault: choose split-writes, merge-writes, delay, urc-in-response, lost-ack, late-ack, \
     reboot-at, cut-network-at, declared-longer, no-final-crlf, garbage, drop-bytes, \
     refuse-subscription, downgrade-subscription, sleep, sim, registration, signal, slow-network or silent; or a trait: \
     qos0-takes-id, id-zero, ack-order, silent-suback, refused-double-sub, late-disc, fin-without-rec, \
     stray-615, short-message, repeated-qos2 or hex-in-bytes";

/// What an NB-IoT network takes for a round trip in ordinary coverage.
const NARROWBAND: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(4));

const ACKS: &str = "name the ack: puback, pubrec, pubcomp, suback, unsuback or any";
const MOMENT: &str = "give a command (AT+MQTTPUB), a time from the start (5s, 1500ms) or bytes to the host (bytes:500)";

fn rate(value: Option<&str>) -> Result<Rate, &'static str> {
    value.map_or(Ok(Rate::Always), |v| v.parse().map_err(|()| RATE))
}

fn ack(value: &str) -> Result<(Ack, Option<&str>), &'static str> {
    let (name, rest) = split(value);
    Ack::NAMES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, ack)| (*ack, rest))
        .ok_or(ACKS)
}

fn split(value: &str) -> (&str, Option<&str>) {
    match value.split_once(':') {
        Some((first, rest)) => (first, Some(rest)),
        None => (value, None),
    }
}

/// More than this is a slip of the pen, and far more would overflow the clock.
const DAY: Duration = Duration::from_secs(86_400);

fn milliseconds(text: &str) -> Option<Duration> {
    let time = Duration::from_millis(text.parse().ok()?);
    (time <= DAY).then_some(time)
}

fn seconds(text: &str) -> Option<Duration> {
    let time = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    (time <= DAY).then_some(time)
}

fn range(text: &str) -> Option<(Duration, Duration)> {
    let (least, most) = match text.split_once('-') {
        Some((least, most)) => (milliseconds(least)?, milliseconds(most)?),
        None => (milliseconds(text)?, milliseconds(text)?),
    };
    (least <= most).then_some((least, most))
}

fn moment(text: &str) -> Option<Moment> {
    if let Some(bytes) = text.strip_prefix("bytes:") {
        return bytes.parse().ok().map(Moment::Bytes);
    }
    let upper = text.to_ascii_uppercase();
    if upper.starts_with("AT") {
        return Some(Moment::Command(upper));
    }
    let time = if let Some(ms) = text.strip_suffix("ms") {
        milliseconds(ms)?
    } else {
        seconds(text.strip_suffix('s')?)?
    };
    Some(Moment::After(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_of_the_help_is_understood_and_printed_alike() {
        let examples = Fault::HELP
            .lines()
            .take_while(|line| !line.starts_with("ACK"))
            .filter(|line| !line.ends_with(':'))
            .filter_map(|line| line.split_whitespace().next_back());
        let mut count = 0;
        for example in examples {
            let fault: Fault = example.parse().unwrap();
            assert_eq!(fault.to_string().parse(), Ok(fault), "{example}");
            count += 1;
        }
        assert_eq!(count, 31);
    }

    #[test]
    fn values_that_have_a_usual_size_may_be_left_out() {
        for (short, long) in [
            ("split-writes", "split-writes=8"),
            ("merge-writes", "merge-writes=50"),
            ("lost-ack", "lost-ack=any"),
            ("declared-longer", "declared-longer=4"),
            ("garbage", "garbage=1"),
            ("slow-network", "slow-network=500-4000"),
            ("id-zero", "id-zero=on"),
            ("refused-double-sub", "refused-double-sub=606"),
        ] {
            assert_eq!(short.parse::<Fault>(), long.parse(), "{short}");
        }
    }

    #[test]
    fn a_wrong_fault_is_refused_with_the_right_form() {
        for text in [
            "",
            "nonsense",
            "split-writes=0",
            "delay=9-3",
            "lost-ack=pong",
            "lost-ack=any:0",
            "late-ack=suback",
            "reboot-at=soon",
            "reboot-at=-1s",
            "garbage=2",
            "drop-bytes",
            "drop-bytes=1/0",
            "downgrade-subscription=3",
            "sleep=0",
            "sleep=nan",
            "sim",
            "sim=lost",
            "registration=11",
            "signal=32",
            "silent=1",
            "slow-network=9-3",
            "ack-order",
            "late-disc=perhaps",
            "refused-double-sub=70000",
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.starts_with("fault "), "{error}");
        }
    }
}
