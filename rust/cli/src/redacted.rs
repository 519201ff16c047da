//! Lines of the wire as they may be printed.

use m531x_at::redact::redact;

/// The line without the password of a configuration, typed or read back, that it may hold.
pub(crate) fn without_password(line: &str) -> String {
    String::from_utf8_lossy(&redact(line.as_bytes())).into_owned()
}
