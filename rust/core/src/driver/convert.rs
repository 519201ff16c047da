//! What each kind of operation gives.

use crate::session::Outcome;
use crate::{ConfigReadback, Error, ErrorCode, ModemInfo, MqttState, QoS, Receipt, Signal};

pub(super) fn done(outcome: Outcome) -> Result<(), Error> {
    match outcome {
        Outcome::Done => Ok(()),
        other => Err(unexpected(&other)),
    }
}

pub(super) fn lines(outcome: Outcome) -> Result<Vec<String>, Error> {
    match outcome {
        Outcome::Lines(lines) => Ok(lines),
        other => Err(unexpected(&other)),
    }
}

pub(super) fn receipt(outcome: Outcome) -> Result<Receipt, Error> {
    match outcome {
        Outcome::Receipt(receipt) => Ok(receipt),
        other => Err(unexpected(&other)),
    }
}

pub(super) fn granted(outcome: Outcome) -> Result<QoS, Error> {
    match outcome {
        Outcome::Granted(qos) => Ok(qos),
        other => Err(unexpected(&other)),
    }
}

pub(super) fn state(outcome: Outcome) -> Result<MqttState, Error> {
    match outcome {
        Outcome::State(state) => Ok(state),
        other => Err(unexpected(&other)),
    }
}

pub(super) fn config(outcome: Outcome) -> Result<ConfigReadback, Error> {
    match outcome {
        Outcome::Config(config) => Ok(config),
        other => Err(unexpected(&other)),
    }
}

pub(super) fn info(outcome: Outcome) -> Result<ModemInfo, Error> {
    match outcome {
        Outcome::Info(info) => Ok(info),
        other => Err(unexpected(&other)),
    }
}

pub(super) fn signal(outcome: Outcome) -> Result<Signal, Error> {
    match outcome {
        Outcome::Signal(signal) => Ok(signal),
        other => Err(unexpected(&other)),
    }
}

fn unexpected(outcome: &Outcome) -> Error {
    Error::new(
        ErrorCode::Internal,
        format!("an operation ended with the wrong kind of outcome: {outcome:?}"),
    )
}
