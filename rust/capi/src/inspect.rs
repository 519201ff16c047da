//! What a modem and this library know without asking the module.

use std::ffi::{c_char, c_void};

use m531x_core::{Error, Stats, ports, topic};

use crate::constants::{m531x_modem, m531x_status};
use crate::guard::{guard, guard_modem, guard_opening, guard_question};
use crate::handle;
use crate::marshal::{Out, TextBuffer, invalid, text};

/// Lists the serial ports of this computer; nothing is opened.
///
/// @param text      [out] Buffer for the NUL-terminated lines: name, description and serial number of the adapter, divided
///                  by TAB, each line ended by LF; may be NULL if capacity is 0.
/// @param capacity  [in] Its size in bytes.
/// @param needed    [out] The size that the lines need, with their final NUL; may be NULL.
/// @return M531X_OK, M531X_ERR_BUFFER_TOO_SMALL, M531X_ERR_PORT, M531X_ERR_OUT_OF_RESOURCES, M531X_ERR_INVALID_ARGUMENT.
///         m531x_last_error_text with the handle 0 returns the text.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_list_ports(
    text: *mut c_char,
    capacity: u32,
    needed: *mut u32,
) -> m531x_status {
    guard_opening(|| {
        // SAFETY: the caller passes NULL or a buffer of that capacity, and NULL or a place.
        let buffer = unsafe { TextBuffer::new(text, capacity, needed, "text") }?;
        let line = |port: m531x_core::PortInfo| {
            let words = [
                port.name,
                port.description,
                port.serial_number.unwrap_or_default(),
            ];
            words.map(|word| word.replace(['\t', '\n'], " ")).join("\t") + "\n"
        };
        buffer.write(&ports()?.into_iter().map(line).collect::<String>())
    })
}

/// Returns a counter of a modem.
///
/// @param modem  [in] An open modem.
/// @param stat   [in] M531X_STAT_...
/// @param value  [out] The counter modulo 2^32; may be NULL.
/// @param high   [out] The counter divided by 2^32; may be NULL.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT (unknown number), M531X_ERR_STALE_HANDLE.
/// @note Thread-safe. Does not block.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_stats(
    modem: m531x_modem,
    stat: i32,
    value: *mut u32,
    high: *mut u32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or places that may be written.
        let (value, high) = unsafe { (Out::optional(value), Out::optional(high)) };
        let counter = usize::try_from(stat)
            .ok()
            .and_then(|stat| {
                counters(&entry.modem.stats())
                    .get(stat.checked_sub(1)?)
                    .copied()
            })
            .ok_or_else(|| invalid(format!("there is no counter {stat}")))?;
        let half = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
        value.set(half(counter));
        high.set(half(counter >> 32));
        Ok(())
    })
}

/// In the order of M531X_STAT_...
fn counters(stats: &Stats) -> [u64; 28] {
    let session = &stats.session;
    let outbox = stats.outbox.unwrap_or_default();
    [
        session.bytes_received,
        session.bytes_sent,
        session.lines,
        session.commands,
        session.timeouts,
        session.late_answers,
        session.stray_results,
        session.unknown_lines,
        session.messages,
        session.truncated,
        session.ambiguous,
        session.oversize,
        session.reboots,
        session.published,
        session.health_checks,
        session.probes,
        session.recoveries.total(),
        stats.queued as u64,
        stats.queued_events as u64,
        stats.dropped,
        stats.dropped_events,
        stats.reader_wakeups,
        outbox.messages,
        outbox.bytes,
        outbox.set_aside,
        outbox.stored,
        outbox.sent,
        outbox.dropped,
    ]
}

/// Lists the topic filters that are subscribed, oldest first; nothing is sent.
///
/// @param modem     [in] An open modem.
/// @param text      [out] Buffer for the NUL-terminated filters, each ended by LF; may be NULL if capacity is 0.
/// @param capacity  [in] Its size in bytes.
/// @param needed    [out] The size that they need, with their final NUL; may be NULL.
/// @return M531X_OK, M531X_ERR_BUFFER_TOO_SMALL, M531X_ERR_STALE_HANDLE, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe. Does not block.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_subscriptions(
    modem: m531x_modem,
    text: *mut c_char,
    capacity: u32,
    needed: *mut u32,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a buffer of that capacity, and NULL or a place.
        let buffer = unsafe { TextBuffer::new(text, capacity, needed, "text") }?;
        let filters = entry.modem.subscriptions();
        buffer.write(
            &filters
                .into_iter()
                .map(|filter| filter + "\n")
                .collect::<String>(),
        )
    })
}

/// Whether a topic name matches a topic filter, as MQTT defines it.
///
/// @param filter  [in] The filter, UTF-8; + and # are wildcards.
/// @param topic   [in] The topic name, UTF-8.
/// @return 1 if it does, 0 if not, M531X_ERR_INVALID_ARGUMENT (NULL, or not UTF-8). A wildcard where MQTT allows none is an
///         ordinary character here.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_topic_matches(
    filter: *const c_char,
    topic: *const c_char,
) -> m531x_status {
    guard_question(|| {
        // SAFETY: the caller passes NULL or strings.
        let (filter, name) = unsafe { (text(filter, "filter")?, text(topic, "topic")?) };
        Ok(topic::matches(filter.as_bytes(), name.as_bytes()))
    })
}

/// Whether the library was built with a feature.
///
/// @param name  [in] "outbox" or "virtual-modem".
/// @return 1 if it was, 0 if not or if this version does not know the name, M531X_ERR_INVALID_ARGUMENT.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_has_feature(name: *const c_char) -> m531x_status {
    guard_question(|| {
        // SAFETY: the caller passes NULL or a string.
        let name = unsafe { text(name, "name") }?;
        let features = [
            ("outbox", cfg!(feature = "outbox")),
            ("virtual-modem", cfg!(feature = "virtual-modem")),
        ];
        Ok(features.contains(&(name, true)))
    })
}

/// Keeps a pointer with a modem, for m531x_user_data.
///
/// @param modem      [in] An open modem.
/// @param user_data  [in] Anything; the library does nothing with it.
/// @return M531X_OK, M531X_ERR_STALE_HANDLE.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_set_user_data(modem: m531x_modem, user_data: *mut c_void) -> m531x_status {
    guard_modem(modem, |entry| {
        entry.set_user_data(user_data);
        Ok(())
    })
}

/// Returns the pointer of m531x_set_user_data.
///
/// @param modem  [in] An open modem.
/// @return The pointer; NULL if none was set, or the modem is not open.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_user_data(modem: m531x_modem) -> *mut c_void {
    let mut user_data = std::ptr::null_mut();
    let _ = guard(|| {
        user_data = handle::modems().get(modem)?.user_data();
        Ok::<(), Error>(())
    });
    user_data
}
