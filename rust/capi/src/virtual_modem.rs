//! The virtual modem, to test without hardware.

use std::error::Error as _;
use std::ffi::c_char;
use std::io;
use std::sync::Arc;

use m531x_core::{
    Error, ErrorCode, Model, Modem, ModemOptions, OfThisProcess, Stream, is_exhausted,
};
use m531x_virtual_modem::{LinkChoice, StartError, VirtualModem, VirtualModemOptions};

use crate::constants::m531x_status;
use crate::guard::{guard, guard_opening};
use crate::handle::Table;
use crate::marshal::{Out, TextBuffer, invalid, optional_text, parsed, too_small};

/// Starts a virtual modem: the AT commands of a real one on a pseudo terminal or a TCP port, with a real broker behind.
///
/// If the buffer is too small nothing is started, and the size is returned. Libraries for gateways are built without this
/// function and the next two.
///
/// @param model        [in] "M5310-A", "M5311", "M5312" or "M5313"; NULL is M5310-A.
/// @param broker       [in] "embedded" for a broker of its own on the loopback interface, "cfg" for the one that
///                     AT+MQTTCFG names, or "host:port"; NULL is embedded.
/// @param link         [in] Where to find it: a path for a stable name of the pseudo terminal, or "tcp://host:port" with
///                     port 0 for a free one and loopback if there is no host (an address that others reach lets
///                     them use the modem: it asks for no password); NULL is a pseudo terminal without a stable name.
///                     Windows has no pseudo terminals: a path is refused, and NULL is "tcp://127.0.0.1:0".
/// @param handle       [out] Names it to m531x_virtual_modem_stop; never 0.
/// @param port         [out] Buffer for the NUL-terminated name to pass to m531x_open.
/// @param port_capacity [in] Its size in bytes; 256 is enough for what the library chooses.
/// @param port_needed  [out] The size that the name needs, with its final NUL; may be NULL.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT, M531X_ERR_BUFFER_TOO_SMALL, M531X_ERR_PORT (the link is taken or cannot
///         be made), M531X_ERR_BUSY. m531x_last_error_text with the handle 0 returns the text.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_virtual_modem_start(
    model: *const c_char,
    broker: *const c_char,
    link: *const c_char,
    handle: *mut u32,
    port: *mut c_char,
    port_capacity: u32,
    port_needed: *mut u32,
) -> m531x_status {
    // SAFETY: as this function's.
    unsafe {
        m531x_virtual_modem_start_with(
            model,
            std::ptr::null(),
            broker,
            link,
            std::ptr::null(),
            handle,
            port,
            port_capacity,
            port_needed,
        )
    }
}

/// Starts a virtual modem as m531x_virtual_modem_start does, of a given firmware and with faults.
///
/// @param model        [in] As for m531x_virtual_modem_start.
/// @param firmware     [in] What the module does where its manual is silent: "vendor" as the module vendor's own MQTT
///                     client was measured to do, "manual" the kind way; NULL is the model's own.
/// @param broker       [in] As for m531x_virtual_modem_start.
/// @param link         [in] As for m531x_virtual_modem_start.
/// @param faults       [in] What goes wrong, and which traits of the firmware are other than its lineage has them:
///                     NAME=VALUE, one a line, as m531x virtual-modem --help lists them; NULL is none.
/// @param handle       [out] Names it to m531x_virtual_modem_stop; never 0.
/// @param port         [out] Buffer for the NUL-terminated name to pass to m531x_open.
/// @param port_capacity [in] Its size in bytes; 256 is enough for what the library chooses.
/// @param port_needed  [out] The size that the name needs, with its final NUL; may be NULL.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT, M531X_ERR_BUFFER_TOO_SMALL, M531X_ERR_PORT (the link is taken or cannot
///         be made), M531X_ERR_BUSY. m531x_last_error_text with the handle 0 gives the text.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_virtual_modem_start_with(
    model: *const c_char,
    firmware: *const c_char,
    broker: *const c_char,
    link: *const c_char,
    faults: *const c_char,
    handle: *mut u32,
    port: *mut c_char,
    port_capacity: u32,
    port_needed: *mut u32,
) -> m531x_status {
    guard_opening(|| {
        // SAFETY: the caller passes NULL or strings, a buffer of that capacity, and NULL or places.
        let (options, handle, port) = unsafe {
            (
                options(
                    optional_text(model, "model")?,
                    optional_text(firmware, "firmware")?,
                    optional_text(broker, "broker")?,
                    optional_text(link, "link")?,
                    optional_text(faults, "faults")?,
                )?,
                Out::required(handle, "handle")?,
                TextBuffer::new(port, port_capacity, port_needed, "port")?,
            )
        };
        start(options, &handle, &port)
    })
}

/// Stops a virtual modem; a modem that is open on it loses its port.
///
/// @param handle  [in] What m531x_virtual_modem_start gave; stopping it twice is harmless.
/// @return M531X_OK, M531X_ERR_STALE_HANDLE.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_virtual_modem_stop(handle: u32) -> m531x_status {
    guard(|| {
        virtual_modems().remove(handle)?.close();
        Ok(())
    })
}

/// Starts a virtual modem in memory, for `virtual://`.
pub(crate) fn in_memory(model: Option<Model>) -> Result<VirtualModem, Error> {
    VirtualModem::start(VirtualModemOptions {
        model: model.unwrap_or(Model::M5310A),
        link: LinkChoice::Memory,
        ..VirtualModemOptions::default()
    })
    .map_err(not_started)
}

/// Opens a virtual modem in memory.
pub(crate) fn open(virtual_modem: &VirtualModem, options: ModemOptions) -> Result<Modem, Error> {
    let stream = virtual_modem
        .connect()
        .map_err(|error| Error::new(ErrorCode::Port, error.to_string()))?;
    Modem::open_stream(Stream::from(stream), options)
}

fn virtual_modems() -> &'static Table<VirtualModem> {
    static TABLE: OfThisProcess<Table<VirtualModem>> =
        OfThisProcess::new(|before| Table::after(before, "virtual modem", 2));
    TABLE.get()
}

fn options(
    model: Option<&str>,
    firmware: Option<&str>,
    broker: Option<&str>,
    link: Option<&str>,
    faults: Option<&str>,
) -> Result<VirtualModemOptions, Error> {
    let mut options = VirtualModemOptions::default();
    if let Some(model) = model {
        options.model = parsed(model)?;
    }
    if let Some(firmware) = firmware {
        options.firmware = Some(parsed(firmware)?);
    }
    for fault in faults.into_iter().flat_map(str::lines) {
        options.faults.push(parsed(fault)?);
    }
    if let Some(broker) = broker {
        options.broker = parsed(broker)?;
    }
    options.link = match link.map(|link| (link, link.strip_prefix("tcp://"))) {
        None => LinkChoice::default(),
        Some((path, None)) => LinkChoice::named(Some(path.into())),
        Some((link, Some(address))) => LinkChoice::tcp(address)
            .ok_or_else(|| invalid(format!("{link} is no address: use tcp://127.0.0.1:0")))?,
    };
    Ok(options)
}

fn start(options: VirtualModemOptions, handle: &Out<u32>, port: &TextBuffer) -> Result<(), Error> {
    let virtual_modem = VirtualModem::start(options).map_err(not_started)?;
    let name = virtual_modem.port();
    if !port.announce(&name) {
        return Err(too_small(name.len() + 1));
    }
    handle.set(virtual_modems().insert(Arc::new(virtual_modem))?);
    port.fill(&name);
    Ok(())
}

fn not_started(error: StartError) -> Error {
    let system = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    let exhausted = system.is_some_and(is_exhausted) || matches!(error, StartError::System(_));
    let code = if exhausted {
        ErrorCode::OutOfResources
    } else if matches!(error, StartError::NoPty) {
        ErrorCode::InvalidArgument
    } else {
        ErrorCode::Port
    };
    Error::new(code, error.to_string())
}
