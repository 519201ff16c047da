//! Options.

use std::ffi::c_char;
use std::time::Duration;

use m531x_core::{
    Error, ErrorCode, HealthCheck, OutboxOptions, OutboxOverflow, Overflow, Recovery, Secret,
};

use crate::api_constants::m531x_option;
use crate::constants::{m531x_modem, m531x_status};
use crate::guard::guard_modem;
use crate::marshal::{invalid, optional_text};
use crate::open_modem::OpenModem;
use crate::publish::{quality, switch};

/// Sets an option that is a number. Those of the connection take effect with the next m531x_connect, the others at
/// once.
///
/// @param modem   [in] An open modem.
/// @param option  [in] M531X_OPTION_...
/// @param value   [in] The value, in the unit and range that the option names.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT (unknown option, one that is a string, or a value out of range),
///         M531X_ERR_STALE_HANDLE.
/// @note Thread-safe.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_set_u32(modem: m531x_modem, option: i32, value: u32) -> m531x_status {
    guard_modem(modem, |entry| set_number(entry, option, value))
}

/// Sets an option that is a text. It takes effect with the next m531x_connect, that of the outbox at once, and so does a
/// password that an M531X_EVENT_PASSWORD_WANTED has asked for.
///
/// @param modem   [in] An open modem.
/// @param option  [in] M531X_OPTION_...
/// @param text    [in] The text, UTF-8, which is copied; NULL is the option's default.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT (unknown option, one that is a number, or not UTF-8),
///         M531X_ERR_STALE_HANDLE; M531X_OPTION_OUTBOX also M531X_ERR_OUTBOX_IN_USE, M531X_ERR_OUTBOX_CORRUPT,
///         M531X_ERR_OUTBOX_FAILED, M531X_ERR_CLOSED.
/// @note Thread-safe. M531X_OPTION_OUTBOX reads the whole file.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn m531x_set_string(
    modem: m531x_modem,
    option: i32,
    text: *const c_char,
) -> m531x_status {
    guard_modem(modem, |entry| {
        // SAFETY: the caller passes NULL or a string.
        let text = unsafe { optional_text(text, "text") }?.map(str::to_owned);
        set_text(entry, option, text)
    })
}

fn set_number(entry: &OpenModem, option: i32, value: u32) -> Result<(), Error> {
    use m531x_option as name;
    const KEEPALIVE: i32 = name::M531X_OPTION_KEEPALIVE_S as i32;
    const CLEAN_SESSION: i32 = name::M531X_OPTION_CLEAN_SESSION as i32;
    const TLS: i32 = name::M531X_OPTION_TLS as i32;
    const WILL_QOS: i32 = name::M531X_OPTION_WILL_QOS as i32;
    const WILL_RETAIN: i32 = name::M531X_OPTION_WILL_RETAIN as i32;
    const PORT: i32 = name::M531X_OPTION_PORT as i32;
    const ACK_TIMEOUT: i32 = name::M531X_OPTION_ACK_TIMEOUT_S as i32;
    const COMMAND_TIMEOUT: i32 = name::M531X_OPTION_COMMAND_TIMEOUT_MS as i32;
    const OVERFLOW: i32 = name::M531X_OPTION_OVERFLOW as i32;
    const QUEUE_BYTES: i32 = name::M531X_OPTION_QUEUE_BYTES as i32;
    const QUEUE_SIZE: i32 = name::M531X_OPTION_QUEUE_SIZE as i32;
    const HEX_DELIVERY: i32 = name::M531X_OPTION_HEX_DELIVERY as i32;
    const RECOVERY: i32 = name::M531X_OPTION_RECOVERY as i32;
    const INITIAL_DELAY: i32 = name::M531X_OPTION_RECOVERY_INITIAL_DELAY_MS as i32;
    const MAX_DELAY: i32 = name::M531X_OPTION_RECOVERY_MAX_DELAY_MS as i32;
    const OUTBOX_MAX_MESSAGES: i32 = name::M531X_OPTION_OUTBOX_MAX_MESSAGES as i32;
    const OUTBOX_MAX_BYTES: i32 = name::M531X_OPTION_OUTBOX_MAX_BYTES as i32;
    const OUTBOX_OVERFLOW: i32 = name::M531X_OPTION_OUTBOX_OVERFLOW as i32;
    const OUTBOX_IN_FLIGHT: i32 = name::M531X_OPTION_OUTBOX_IN_FLIGHT as i32;
    const MAX_ATTEMPTS: i32 = name::M531X_OPTION_RECOVERY_MAX_ATTEMPTS as i32;
    const LOSS_BUDGET: i32 = name::M531X_OPTION_RECOVERY_LOSS_BUDGET as i32;
    const ASK_PASSWORD: i32 = name::M531X_OPTION_ASK_PASSWORD as i32;
    const MAX_WAITING: i32 = name::M531X_OPTION_MAX_WAITING as i32;
    const HEALTH_CHECK_FIRST: i32 = name::M531X_OPTION_HEALTH_CHECK_S as i32;
    const HEALTH_CHECK_LAST: i32 = name::M531X_OPTION_HEALTH_CHECK_LOOP_BACK as i32;
    let milliseconds = Duration::from_millis(value.into());
    match option {
        HEALTH_CHECK_FIRST..=HEALTH_CHECK_LAST => return set_health_check(entry, option, value),
        KEEPALIVE => entry.settings().keepalive = short(value, 0, "keep-alive")?,
        CLEAN_SESSION => entry.settings().clean_session = switch(value, "clean session")?,
        TLS => entry.settings().tls = switch(value, "tls")?,
        WILL_QOS => entry.settings().will_qos = quality(value)?,
        WILL_RETAIN => entry.settings().will_retain = switch(value, "will retain")?,
        PORT => entry.settings().port = short(value, 1, "port")?,
        ACK_TIMEOUT => entry.settings().ack_timeout = short(value, 1, "ack timeout")?,
        COMMAND_TIMEOUT => {
            entry.settings().command_timeout = Duration::from_millis(at_least_one(value)?.into());
        }
        OVERFLOW | QUEUE_SIZE | QUEUE_BYTES => {
            let (mut messages, mut bytes, mut policy) = entry.modem.inbox().queue_limits();
            match option {
                OVERFLOW => policy = overflow(value)?,
                QUEUE_SIZE => messages = at_least_one(value)? as usize,
                _ => bytes = at_least_one(value)?.into(),
            }
            entry
                .modem
                .inbox()
                .set_queue_limits(messages, bytes, policy);
        }
        MAX_WAITING => entry.modem.set_max_waiting(at_least_one(value)? as usize),
        ASK_PASSWORD => entry.settings().ask_password = switch(value, "ask password")?,
        HEX_DELIVERY => entry.settings().hex_delivery = switch(value, "hex delivery")?,
        RECOVERY => {
            let enabled = switch(value, "recovery")?;
            recover(entry, |recovery| recovery.enabled = enabled)?;
        }
        INITIAL_DELAY => recover(entry, |recovery| recovery.initial_delay = milliseconds)?,
        MAX_DELAY => recover(entry, |recovery| recovery.max_delay = milliseconds)?,
        MAX_ATTEMPTS => recover(entry, |recovery| {
            recovery.max_attempts = (value != 0).then_some(value);
        })?,
        LOSS_BUDGET => recover(entry, |recovery| recovery.loss_budget = value)?,
        OUTBOX_MAX_MESSAGES => {
            entry.settings().outbox.max_messages = at_least_one(value)?.into();
        }
        OUTBOX_MAX_BYTES => entry.settings().outbox.max_bytes = at_least_one(value)?.into(),
        OUTBOX_OVERFLOW => entry.settings().outbox.overflow = outbox_overflow(value)?,
        OUTBOX_IN_FLIGHT => entry.settings().outbox.in_flight = in_flight(value)?,
        _ => return Err(unknown(option, "number")),
    }
    Ok(())
}

fn recover(entry: &OpenModem, change: impl FnOnce(&mut Recovery)) -> Result<(), Error> {
    let mut settings = entry.settings();
    let mut recovery = settings.recovery.clone();
    change(&mut recovery);
    recovery.check()?;
    settings.recovery = recovery.clone();
    // Nothing of the modem may be waited for with the settings locked.
    drop(settings);
    entry.modem.set_recovery(recovery)
}

fn set_health_check(entry: &OpenModem, option: i32, value: u32) -> Result<(), Error> {
    use m531x_option as name;
    const PERIOD: i32 = name::M531X_OPTION_HEALTH_CHECK_S as i32;
    const TIMEOUT: i32 = name::M531X_OPTION_HEALTH_CHECK_TIMEOUT_S as i32;
    const MISSES: i32 = name::M531X_OPTION_HEALTH_CHECK_MISSES as i32;
    const LOOP_BACK: i32 = name::M531X_OPTION_HEALTH_CHECK_LOOP_BACK as i32;
    let seconds = Duration::from_secs(value.into());
    change_health_check(entry, |check, on| {
        match option {
            PERIOD => {
                *on = value != 0;
                if *on {
                    check.period = seconds;
                }
            }
            TIMEOUT => check.timeout = seconds,
            MISSES => check.misses = value,
            LOOP_BACK => check.loop_back = switch(value, "health check loop-back")?,
            _ => return Err(unknown(option, "number")),
        }
        Ok(())
    })
}

/// Changes one part of the health check, which may be off, and has it take effect.
fn change_health_check(
    entry: &OpenModem,
    change: impl FnOnce(&mut HealthCheck, &mut bool) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut settings = entry.settings();
    let mut check = settings.health_check.clone();
    let mut on = settings.recovery.health_check.is_some();
    change(&mut check, &mut on)?;
    check.check()?;
    settings.health_check = check.clone();
    drop(settings);
    recover(entry, |recovery| {
        recovery.health_check = on.then_some(check);
    })
}

/// Gives the password to the connect that waits for one.
fn answer(entry: &OpenModem, password: Option<Secret>) {
    let none = || Error::new(ErrorCode::Connect, "M531X_OPTION_PASSWORD was set to NULL");
    entry.modem.set_password(None, password.ok_or_else(none));
}

fn set_text(entry: &OpenModem, option: i32, text: Option<String>) -> Result<(), Error> {
    use m531x_option as name;
    const USERNAME: i32 = name::M531X_OPTION_USERNAME as i32;
    const PASSWORD: i32 = name::M531X_OPTION_PASSWORD as i32;
    const WILL_TOPIC: i32 = name::M531X_OPTION_WILL_TOPIC as i32;
    const WILL_PAYLOAD: i32 = name::M531X_OPTION_WILL_PAYLOAD as i32;
    const HEALTH_CHECK_TOPIC: i32 = name::M531X_OPTION_HEALTH_CHECK_TOPIC as i32;
    const OUTBOX: i32 = name::M531X_OPTION_OUTBOX as i32;
    if option == OUTBOX {
        let limits = entry.settings().outbox.clone();
        let outbox = text.map(|path| OutboxOptions {
            path: path.into(),
            ..limits
        });
        return entry.modem.set_outbox(outbox);
    }
    if option == HEALTH_CHECK_TOPIC {
        return change_health_check(entry, |check, _| {
            check.topic = text;
            Ok(())
        });
    }
    if option == PASSWORD {
        let password = text.map(Secret::new);
        entry.settings().password.clone_from(&password);
        // Nothing of the modem may be waited for with the settings locked.
        answer(entry, password);
        return Ok(());
    }
    let mut settings = entry.settings();
    match option {
        USERNAME => settings.username = text,
        WILL_TOPIC => settings.will_topic = text,
        WILL_PAYLOAD => settings.will_payload = text.unwrap_or_default(),
        _ => return Err(unknown(option, "string")),
    }
    Ok(())
}

fn overflow(value: u32) -> Result<Overflow, Error> {
    Overflow::ALL
        .iter()
        .copied()
        .find(|policy| *policy as u32 == value)
        .ok_or_else(|| {
            let most = Overflow::ALL.len() - 1;
            invalid(format!(
                "overflow is {value}: use M531X_OVERFLOW_..., 0 to {most}"
            ))
        })
}

fn outbox_overflow(value: u32) -> Result<OutboxOverflow, Error> {
    OutboxOverflow::ALL
        .iter()
        .copied()
        .find(|policy| *policy as u32 == value)
        .ok_or_else(|| {
            let most = OutboxOverflow::ALL.len() - 1;
            invalid(format!(
                "overflow of the outbox is {value}: use M531X_OUTBOX_OVERFLOW_..., 0 to {most}"
            ))
        })
}

fn in_flight(value: u32) -> Result<usize, Error> {
    let most = OutboxOptions::MOST_IN_FLIGHT;
    usize::try_from(value)
        .ok()
        .filter(|count| (1..=most).contains(count))
        .ok_or_else(|| invalid(format!("in flight is {value}: use 1 to {most}")))
}

fn short(value: u32, least: u16, name: &str) -> Result<u16, Error> {
    u16::try_from(value)
        .ok()
        .filter(|number| *number >= least)
        .ok_or_else(|| invalid(format!("{name} is {value}: use {least} to 65535")))
}

fn at_least_one(value: u32) -> Result<u32, Error> {
    match value {
        0 => Err(invalid("the value is 0: use 1 or more")),
        value => Ok(value),
    }
}

fn unknown(option: i32, kind: &str) -> Error {
    invalid(format!("option {option} is not one that is a {kind}"))
}
