//! What is in the outbox.

use crate::constants::{m531x_modem, m531x_status};
use crate::guard::guard_modem;
use crate::marshal::{Out, invalid};

/// Returns how much is in the outbox of M531X_OPTION_OUTBOX.
///
/// @param modem      [in] An open modem.
/// @param messages   [out] Messages that wait to be acknowledged; may be NULL.
/// @param bytes      [out] Bytes of the topics and payloads of all messages, those set aside included; may be NULL.
/// @param set_aside  [out] Messages set aside, see M531X_EVENT_OUTBOX_SET_ASIDE; may be NULL.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT (there is no outbox), M531X_ERR_STALE_HANDLE.
/// @note Thread-safe. Does not block.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_outbox_size(
    modem: m531x_modem,
    messages: *mut u32,
    bytes: *mut u32,
    set_aside: *mut u32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        let outbox = entry.modem.stats().outbox.ok_or_else(|| {
            invalid("there is no outbox: name its file with M531X_OPTION_OUTBOX first")
        })?;
        let short = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        // SAFETY: the caller passes NULL or places that may be written.
        let (messages, bytes, set_aside) = unsafe {
            (
                Out::optional(messages),
                Out::optional(bytes),
                Out::optional(set_aside),
            )
        };
        messages.set(short(outbox.messages));
        bytes.set(short(outbox.bytes));
        set_aside.set(short(outbox.set_aside));
        Ok(())
    })
}
