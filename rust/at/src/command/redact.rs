//! Hides the password of `MQTTCFG`.

use std::borrow::Cow;

/// The line with the password of `MQTTCFG` replaced by `***`, for logs and transcripts.
pub fn redact(line: &[u8]) -> Cow<'_, [u8]> {
    let _ = line;
    todo!()
}
