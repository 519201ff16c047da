//! From a module that answers to its MQTT state.

use std::time::Duration;

use m531x_at::response::{
    AddressLine, AttachLine, FunctionalityLine, MqttStat, PinLine, RegistrationLine, SignalLine,
};

use super::examination::Examination;
use super::{News, broker};
use crate::{ConnectOptions, Error, ErrorCode, Modem};

/// How long one question may take; some modules think about `AT+CPIN?` for seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// No SIM card, in any words of 3GPP TS 27.007.
const NO_SIM: u16 = 10;

pub(super) fn examine_answer<F: FnMut(News<'_>)>(examination: &mut Examination<F>, modem: &Modem) {
    match modem.command("AT", Some(PATIENCE)) {
        Ok(_) => examination.ok("answer", "the module answers AT"),
        Err(error) => examination.fail(
            "answer",
            error.to_string(),
            "check power and cable; a sleeping module wakes with wake()",
        ),
    }
}

/// Asks one question after the other, until something is wrong.
pub(super) fn examine<F: FnMut(News<'_>)>(
    examination: &mut Examination<F>,
    modem: &Modem,
    broker: Option<&ConnectOptions>,
) {
    let steps: [fn(&mut Examination<F>, &Modem); 8] = [
        identity,
        radio,
        sim,
        signal,
        registration,
        attachment,
        address,
        mqtt,
    ];
    for step in steps {
        if examination.has_failed() {
            return;
        }
        step(examination, modem);
    }
    if let (Some(options), false) = (broker, examination.has_failed()) {
        broker::examine(examination, modem, options);
    }
}

fn identity<F: FnMut(News<'_>)>(examination: &mut Examination<F>, modem: &Modem) {
    examination.trying("model and firmware");
    let info = match modem.info() {
        Ok(info) => info,
        Err(error) => {
            let remedy =
                "ask again; if it fails each time, the line loses bytes: check ground and speed";
            examination.fail("model", error.to_string(), remedy);
            return;
        }
    };
    match info.model {
        Some(model) => examination.ok("model", model.name()),
        None => examination.warn(
            "model",
            format!(
                "it calls itself {:?}, which is no known model",
                info.model_text
            ),
            "give --model if it speaks the dialect of one of them",
        ),
    }
    match info.firmware {
        Some(firmware) => examination.ok("firmware", firmware),
        None => examination.warn(
            "firmware",
            "the module does not report it",
            "nothing: all works without",
        ),
    }
}

fn radio<F: FnMut(News<'_>)>(examination: &mut Examination<F>, modem: &Modem) {
    examination.trying("the radio");
    match ask(modem, "AT+CFUN?", FunctionalityLine::parse) {
        Ok(FunctionalityLine { level: 1 }) => examination.ok("radio", "on (AT+CFUN is 1)"),
        Ok(FunctionalityLine { level }) => examination.fail(
            "radio",
            format!("off (AT+CFUN is {level})"),
            "AT+CFUN=1, which may take 90 s; wait_for_network() does it too",
        ),
        Err(error) => examination.warn("radio", error.to_string(), "AT+CFUN=1, and look again"),
    }
}

fn sim<F: FnMut(News<'_>)>(examination: &mut Examination<F>, modem: &Modem) {
    examination.trying("the SIM card");
    let state = match ask(modem, "AT+CPIN?", PinLine::parse) {
        Ok(pin) => pin.state,
        Err(error) if error.modem_code() == Some(NO_SIM) => {
            let remedy = "insert the SIM card, chip to the contacts, with the power off; then restart the module";
            examination.fail("SIM", "no SIM card (+CME ERROR: 10)", remedy);
            return;
        }
        Err(error) => {
            let remedy = "take the SIM card out, clean it, put it back with the power off; try it in a phone";
            examination.fail("SIM", error.to_string(), remedy);
            return;
        }
    };
    let locked = format!("the SIM card is locked (+CPIN: {state})");
    match state.as_str() {
        "READY" => examination.ok("SIM", "ready"),
        "SIM PIN" => examination.fail(
            "SIM",
            locked,
            "enter the PIN (AT+CPIN=...), or turn the question off with the card in a phone",
        ),
        "SIM PUK" => examination.fail(
            "SIM",
            locked,
            "enter the PUK and a new PIN (AT+CPIN=puk,pin); the operator knows the PUK",
        ),
        _ => examination.fail("SIM", locked, "ask the operator of the card"),
    }
}

fn signal<F: FnMut(News<'_>)>(examination: &mut Examination<F>, modem: &Modem) {
    examination.trying("the signal");
    let line = match ask(modem, "AT+CSQ", SignalLine::parse) {
        Ok(line) => line,
        Err(error) => {
            examination.warn("signal", error.to_string(), "look at it again");
            return;
        }
    };
    let remedy = "check the antenna and its plug; move it to a window or outside, away from metal";
    match line.rssi_dbm() {
        None => examination.warn("signal", "none is measured (+CSQ: 99)", remedy),
        Some(dbm) if dbm >= -85 => examination.ok("signal", format!("{dbm} dBm, good")),
        Some(dbm) if dbm >= -105 => examination.ok("signal", format!("{dbm} dBm, fair")),
        Some(dbm) => examination.warn("signal", format!("{dbm} dBm, weak"), remedy),
    }
}

fn registration<F: FnMut(News<'_>)>(examination: &mut Examination<F>, modem: &Modem) {
    examination.trying("the registration");
    let stat = match ask(modem, "AT+CEREG?", RegistrationLine::parse) {
        Ok(line) => line.stat,
        Err(error) => {
            examination.fail(
                "registration",
                error.to_string(),
                "restart the module, and look again",
            );
            return;
        }
    };
    let text = |meaning: &str| format!("{meaning} (+CEREG state {stat})");
    match stat {
        1 => examination.ok("registration", text("registered at home")),
        5 => examination.ok("registration", text("registered, roaming")),
        0 => examination.fail(
            "registration",
            text("not registered, and not searching"),
            "AT+COPS=0 has the module search; then wait a minute, and look again",
        ),
        2 => examination.fail(
            "registration",
            text("not registered, searching"),
            "wait two minutes, and look again; then check antenna, and that there is NB-IoT of the card's \
             operator at this place",
        ),
        3 => examination.fail(
            "registration",
            text("the network refuses it"),
            "ask the operator whether the SIM card is active, paid, made for NB-IoT, and not tied to \
             another IMEI",
        ),
        4 => examination.fail(
            "registration",
            text("not known, out of coverage it may be"),
            "check the antenna; move the module, and look again",
        ),
        8 => examination.fail(
            "registration",
            text("for emergency calls only"),
            "ask the operator whether the SIM card is active",
        ),
        _ => examination.fail("registration", text("not registered"), "ask the operator"),
    }
}

fn attachment<F: FnMut(News<'_>)>(examination: &mut Examination<F>, modem: &Modem) {
    examination.trying("the attachment");
    match ask(modem, "AT+CGATT?", AttachLine::parse) {
        Ok(AttachLine { attached: true }) => examination.ok("attachment", "attached (+CGATT: 1)"),
        Ok(_) => examination.fail(
            "attachment",
            "registered, but not attached (+CGATT: 0)",
            "AT+CGATT=1; if it stays 0, ask the operator about data on this SIM card",
        ),
        Err(error) => examination.fail(
            "attachment",
            error.to_string(),
            "AT+CGATT=1, and look again",
        ),
    }
}

fn address<F: FnMut(News<'_>)>(examination: &mut Examination<F>, modem: &Modem) {
    examination.trying("the address");
    let found = ask(modem, "AT+CGPADDR", |line| {
        AddressLine::parse(line).map(|line| line.address)
    });
    let address = found.map(|address| address.filter(|a| !a.is_empty() && a != "0.0.0.0"));
    match address {
        Ok(Some(address)) => examination.ok("address", address),
        Ok(None) => examination.fail(
            "address",
            "attached, but without an address (AT+CGPADDR)",
            "AT+CGATT=0, then AT+CGATT=1; if none comes, ask the operator for the right APN",
        ),
        Err(error) => examination.fail("address", error.to_string(), "look again in a minute"),
    }
}

fn mqtt<F: FnMut(News<'_>)>(examination: &mut Examination<F>, modem: &Modem) {
    examination.trying("the MQTT client");
    let text = match ask(modem, "AT+MQTTSTAT?", MqttStat::parse) {
        Ok(MqttStat::NotInitialised) => "no client is configured; connect() does that",
        Ok(MqttStat::Initialised) => "a client is configured and not connected",
        Ok(MqttStat::Disconnected) => "a client is configured and was disconnected",
        Ok(MqttStat::Connected) => "connected",
        Ok(MqttStat::Reconnecting) => {
            let remedy = "wait a minute; if it gives up, look at the broker with --broker";
            examination.warn(
                "MQTT",
                "the module is making a lost connection again",
                remedy,
            );
            return;
        }
        Ok(MqttStat::ConnectSent | MqttStat::TcpConnecting | MqttStat::TcpConnected) => {
            "a connection is being made"
        }
        Ok(MqttStat::Other(number)) => {
            let text = format!("state {number}, which is unknown");
            examination.warn("MQTT", text, "nothing, if it works");
            return;
        }
        Err(error) => {
            let remedy =
                "see that the firmware has the MQTT commands; ask the seller for a newer one";
            examination.fail("MQTT", error.to_string(), remedy);
            return;
        }
    };
    examination.ok("MQTT", text);
}

/// Sends a question, and reads the line that answers it.
fn ask<T>(modem: &Modem, line: &str, parse: fn(&[u8]) -> Option<T>) -> Result<T, Error> {
    let lines = modem.command(line, Some(PATIENCE))?;
    lines
        .iter()
        .find_map(|line| parse(line.as_bytes()))
        .ok_or_else(|| {
            Error::new(
                ErrorCode::Command,
                format!("{line}: the answer {:?} is not understood", lines.join(" ")),
            )
        })
}
