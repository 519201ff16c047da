//! `m531x pub -l`: a run as long as standard input, over losses of the connection.

use std::time::Duration;

use m531x_core::{Error, ErrorCode, MqttState, PublishOptions, operation};

use crate::connection_watch::ConnectionWatch;
use crate::failure::Failure;
use crate::notes::note;
use crate::progress;
use crate::session::Connection;

/// How often the connection is looked at while it is being made again.
const STEP: Duration = Duration::from_millis(100);
/// How often a line is sent whose result is unknown; a loss of the connection does not count.
const ATTEMPTS: u32 = 3;

/// Publishes every line of standard input; a line that cannot be is reported, and the next one follows.
pub(super) fn publish(
    connection: &Connection,
    topic: &str,
    options: PublishOptions,
) -> Result<(), Failure> {
    let watch = ConnectionWatch::begin(connection)?;
    let mut left_out = 0_u64;
    for (number, line) in (1_u64..).zip(connection.interrupt.input_lines()) {
        if let Err(error) = deliver(connection, &watch, topic, &line?, options)? {
            note(format!("line {number} was not published: {error}"));
            left_out += 1;
        }
    }
    match left_out {
        0 => Ok(()),
        1 => Err(Failure::Failed("1 line was not published".to_owned())),
        n => Err(Failure::Failed(format!("{n} lines were not published"))),
    }
}

/// The outer error ends the run, the inner one concerns this line only.
fn deliver(
    connection: &Connection,
    watch: &ConnectionWatch,
    topic: &str,
    line: &[u8],
    options: PublishOptions,
) -> Result<Result<(), Error>, Failure> {
    let mut attempts = 0;
    loop {
        let publish = operation::Publish::new(topic, line, options);
        let done = match connection.modem.start(publish) {
            Ok(pending) => progress::wait("publishing", pending, &connection.interrupt)?,
            Err(error) => Err(error),
        };
        let Err(error) = done else {
            return Ok(Ok(()));
        };
        match error.code() {
            ErrorCode::Closed => return Err(error.into()),
            // Nothing was sent.
            ErrorCode::NotConnected => {}
            // It may have been: nothing that was read is lost, although it may arrive twice.
            ErrorCode::Port
            | ErrorCode::Timeout
            | ErrorCode::ModemRebooted
            | ErrorCode::ResultUnknown => attempts += 1,
            _ => return Ok(Err(error)),
        }
        if attempts == ATTEMPTS {
            return Ok(Err(error));
        }
        wait_for_connection(connection, watch)?;
    }
}

fn wait_for_connection(connection: &Connection, watch: &ConnectionWatch) -> Result<(), Failure> {
    loop {
        // First: the state may lag behind what the publish has just found out.
        connection.interrupt.recv(STEP)?;
        connection.interrupt.check()?;
        if let Some(failure) = watch.failure(connection) {
            return Err(failure);
        }
        if connection.modem.mqtt_state() == MqttState::Connected {
            return Ok(());
        }
    }
}
