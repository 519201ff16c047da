//! Opening, closing and cancelling.

use std::convert::Infallible;
use std::ffi::c_char;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc};
use std::time::Duration;

use m531x_core::{Error, Modem, ModemOptions, OfThisProcess, OpenCancel};

use crate::api_constants::m531x_option::{M531X_OPTION_BAUDRATE, M531X_OPTION_MODEL};
use crate::callback::in_callback;
use crate::constants::{m531x_modem, m531x_status};
use crate::guard::{guard, guard_modem, guard_opening};
use crate::handle;
use crate::log::log_events;
#[cfg(not(feature = "virtual-modem"))]
use crate::marshal::invalid;
use crate::marshal::{Out, optional_text, text, time_limit};
use crate::open_modem::OpenModem;
use crate::settings::Settings;

/// How long closing waits for other threads that are leaving.
const GONE: Duration = Duration::from_millis(50);

/// Opens a port and waits until the module at it answers.
///
/// @param port        [in] "/dev/ttyUSB0", "COM5", "usb:SERIAL" (a USB adapter by its serial number), "tcp://host:port",
///                    "rfc2217://host:port", or "virtual://" for a virtual modem with a broker of its own inside the
///                    library (where it was built in).
/// @param baudrate    [in] Bits per second; 0 is the model's own (9600 and 115200 are tried if the model is not given).
/// @param model       [in] "M5310-A", "M5311", "M5312", "M5313", or NULL or "auto" to ask the module.
/// @param timeout_ms  [in] How long the opening may take, regardless of port and model, in milliseconds; -1 is 10 s.
///                    0 asks once: a port on which nothing answers is given up within 100 ms, a module that answers, or
///                    a serial server that is slow to be reached, gets 3 s.
/// @param modem       [out] The handle; written on success only.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT, M531X_ERR_PORT_NOT_FOUND, M531X_ERR_PORT_IN_USE, M531X_ERR_PORT,
///         M531X_ERR_TIMEOUT (the serial server was not reached in time), M531X_ERR_NO_ANSWER,
///         M531X_ERR_UNSUPPORTED_MODEL, M531X_ERR_CANCELLED, M531X_ERR_OUT_OF_RESOURCES, M531X_ERR_BUSY (16384 modems are
///         open). m531x_last_error_text with the handle 0 returns the text.
/// @note Thread-safe. Blocks; m531x_cancel_open wakes it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_open(
    port: *const c_char,
    baudrate: u32,
    model: *const c_char,
    timeout_ms: i32,
    modem: *mut m531x_modem,
) -> m531x_status {
    guard_opening(|| {
        // SAFETY: the caller passes NULL or strings and a place that may be written.
        let (port, model, out) = unsafe {
            (
                text(port, "port")?,
                optional_text(model, "model")?,
                Out::required(modem, "modem")?,
            )
        };
        let mut settings = Settings::default();
        settings.set_number(M531X_OPTION_BAUDRATE as i32, baudrate)?;
        settings.set_text(M531X_OPTION_MODEL as i32, model.map(str::as_bytes), false)?;
        out.set(open(port, settings, timeout_ms)?);
        Ok(())
    })
}

/// Opens a port with options, which take effect before the first byte, and waits until the module at it answers.
///
/// @param port        [in] As for m531x_open.
/// @param options     [in] Options of m531x_options_new, which stay what they are; 0 for the defaults.
/// @param timeout_ms  [in] As for m531x_open.
/// @param modem       [out] The handle; written on success only.
/// @return As m531x_open, and M531X_ERR_STALE_HANDLE (of the options), M531X_ERR_RECORDING; with an outbox
///         M531X_ERR_OUTBOX_IN_USE, M531X_ERR_OUTBOX_CORRUPT, M531X_ERR_OUTBOX_FAILED.
/// @note Thread-safe. Blocks; m531x_cancel_open wakes it.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_open_with(
    port: *const c_char,
    options: u32,
    timeout_ms: i32,
    modem: *mut m531x_modem,
) -> m531x_status {
    guard_opening(|| {
        // SAFETY: the caller passes NULL or a string, and NULL or a place that may be written.
        let (port, out) = unsafe { (text(port, "port")?, Out::required(modem, "modem")?) };
        let settings = match options {
            0 => Settings::default(),
            options => handle::option_sets().get(options)?.settings().clone(),
        };
        out.set(open(port, settings, timeout_ms)?);
        Ok(())
    })
}

/// Closes a modem, within 50 ms, and wakes every caller that waits for it with M531X_ERR_CLOSED. Thousands of operations
/// that were begun and have not ended add some microseconds each.
///
/// From now on the handle is stale. When it returns, the port is free, and the modem's threads and descriptors are gone. No
/// callback runs: one that runs is waited for, however long it takes, and an outbox is waited for until its file is written.
/// Only a caller that is a callback itself waits for none, and may finish.
/// The module keeps its MQTT connection: call m531x_disconnect first to notify the broker.
///
/// @param modem  [in] The modem; closing it twice is harmless.
/// @return M531X_OK, M531X_ERR_STALE_HANDLE.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_close(modem: m531x_modem) -> m531x_status {
    guard(|| close(handle::modems().remove(modem)?))
}

/// Closes every open modem of this process, one after the other, as m531x_close does.
///
/// @return M531X_OK.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_close_all() -> m531x_status {
    guard(|| {
        for modem in handle::modems().handles() {
            // Another thread may have closed it meanwhile.
            if let Ok(entry) = handle::modems().remove(modem) {
                close(entry)?;
            }
        }
        Ok(())
    })
}

/// Wakes every thread that waits in a function of this modem; each returns M531X_ERR_CANCELLED.
///
/// Publishes begun by m531x_publish_start go on. The modem stays open.
///
/// @param modem  [in] An open modem.
/// @return M531X_OK, M531X_ERR_STALE_HANDLE.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_cancel(modem: m531x_modem) -> m531x_status {
    guard_modem(modem, |entry| {
        entry.modem.cancel();
        Ok(())
    })
}

/// Ends every m531x_open that is under way in this process, within 50 ms; each returns M531X_ERR_CANCELLED.
///
/// @return M531X_OK.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_cancel_open() -> m531x_status {
    guard(|| {
        for opening in openings().iter().filter_map(Weak::upgrade) {
            opening.cancel();
        }
        Ok(())
    })
}

/// Closes, and waits for what is gone in no time: the threads that were woken and the descriptors.
fn close(entry: Arc<OpenModem>) -> Result<(), Error> {
    let (alive, gone) = mpsc::channel::<Infallible>();
    // The last to go with what the modem consists of.
    entry.modem.inbox().on_readable(move |_| {
        let _ = &alive;
    });
    entry.modem.close()?;
    entry.callbacks.clear();
    drop(entry);
    if !in_callback() {
        let _ = gone.recv_timeout(GONE);
    }
    Ok(())
}

/// What cancels the openings that are under way; of one that is over there is nothing left.
type Openings = Vec<Weak<OpenCancel>>;

fn openings() -> MutexGuard<'static, Openings> {
    static OPENINGS: OfThisProcess<Mutex<Openings>> = OfThisProcess::new(|_| Mutex::default());
    OPENINGS
        .get()
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Adds an opening, for m531x_cancel_open.
fn add_opening(cancel: &Arc<OpenCancel>) {
    let mut openings = openings();
    openings.retain(|opening| opening.strong_count() > 0);
    openings.push(Arc::downgrade(cancel));
}

fn open(port: &str, settings: Settings, timeout_ms: i32) -> Result<m531x_modem, Error> {
    let mut options = settings.modem_options(time_limit(timeout_ms)?)?;
    // It lives as long as the opening is under way.
    let cancel = Arc::new(OpenCancel::default());
    options.open_cancel = Some(OpenCancel::clone(&cancel));
    add_opening(&cancel);
    let entry = Arc::new(open_entry(port, options, settings)?);
    let modem = handle::modems().insert(Arc::clone(&entry))?;
    log_events(&entry, modem, port);
    Ok(modem)
}

#[cfg(feature = "virtual-modem")]
fn open_entry(port: &str, options: ModemOptions, settings: Settings) -> Result<OpenModem, Error> {
    if port != "virtual://" {
        return Ok(OpenModem::new(Modem::open(port, options)?, settings, None));
    }
    let virtual_modem = crate::virtual_modem::in_memory(options.model)?;
    let modem = crate::virtual_modem::open(&virtual_modem, options)?;
    Ok(OpenModem::new(modem, settings, Some(virtual_modem)))
}

#[cfg(not(feature = "virtual-modem"))]
fn open_entry(port: &str, options: ModemOptions, settings: Settings) -> Result<OpenModem, Error> {
    if port == "virtual://" {
        return Err(invalid(
            "this library was built without the virtual modem: open a device, tcp://host:port or rfc2217://host:port",
        ));
    }
    Ok(OpenModem::new(Modem::open(port, options)?, settings))
}
