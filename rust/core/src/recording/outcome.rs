//! How an operation ended, as one line for people.

use super::fields::Writer;
use crate::session::Outcome;
use crate::{Error, Model};

/// The line of a result.
pub(crate) fn result(result: &Result<Outcome, Error>) -> String {
    let fields = match result {
        Err(error) => Writer::new(&format!("{:?}", error.code())).text("text", error.to_string()),
        Ok(Outcome::Lines(lines)) => lines
            .iter()
            .fold(Writer::new("ok"), |fields, line| fields.text("line", line)),
        Ok(Outcome::Receipt(receipt)) => Writer::new("ok").value_if("packet_id", receipt.packet_id),
        Ok(Outcome::Granted(qos)) => Writer::new("ok").value("granted", u8::from(*qos)),
        Ok(Outcome::State(state)) => Writer::new("ok").text("state", state.name()),
        Ok(Outcome::Signal(signal)) => Writer::new("ok").value_if("rssi_dbm", signal.rssi_dbm),
        Ok(Outcome::Info(info)) => Writer::new("ok").value_if("model", info.model.map(Model::name)),
        Ok(Outcome::Done | Outcome::Config(_)) => Writer::new("ok"),
    };
    fields.line()
}
