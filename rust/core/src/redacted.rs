//! What people may see of a text that may hold a password or a PIN.

use std::borrow::Cow;

use m531x_at::redact::redact;

/// The text without the passwords and PINs that it may hold.
pub(crate) fn redacted(text: String) -> String {
    shown(text, redact)
}

/// The text as `show` leaves it.
pub(crate) fn shown(text: String, show: impl FnOnce(&[u8]) -> Cow<'_, [u8]>) -> String {
    let shown = match show(text.as_bytes()) {
        Cow::Borrowed(_) => return text,
        Cow::Owned(shown) => shown,
    };
    String::from_utf8_lossy(&shown).into_owned()
}
