//! The log: what happens to the modems of this process, as lines for a function of the program.

use std::ffi::{CString, c_char, c_void};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use m531x_core::{Error, ErrorCode, Event, LogLevel, OfThisProcess, Thread};

use crate::callback::{CallbackCell, Registration, in_callback};
use crate::constants::{m531x_finalizer, m531x_log_callback, m531x_modem, m531x_status};
use crate::guard::guard_opening;
use crate::marshal::invalid;
use crate::open_modem::OpenModem;

/// A line about what does not mend itself: recovery given up, port lost, a subscription that has ended, outbox unusable,
/// password refused. It is syslog's LOG_ERR. @since 0.1.0
pub const M531X_LOG_ERROR: i32 = 3;

/// What costs messages or may soon: connection lost, recovering, reboot, messages dropped or skipped. LOG_WARNING.
/// @since 0.1.0
pub const M531X_LOG_WARNING: i32 = 4;

/// What the program asked for, and what went well: connected, disconnected, state changes. LOG_INFO. @since 0.1.0
pub const M531X_LOG_INFO: i32 = 6;

/// All other events: URCs, unknown lines, late answers, ends of what was begun. LOG_DEBUG. @since 0.1.0
pub const M531X_LOG_DEBUG: i32 = 7;

/// The levels, with their numbers in the header.
const LEVELS: [(LogLevel, i32); 4] = [
    (LogLevel::Error, M531X_LOG_ERROR),
    (LogLevel::Warning, M531X_LOG_WARNING),
    (LogLevel::Info, M531X_LOG_INFO),
    (LogLevel::Debug, M531X_LOG_DEBUG),
];

/// So many lines wait for a slow callback; the others are counted.
const MOST_LINES: usize = 1024;
/// How long the end of the thread is waited for, once no callback runs.
const GONE: Duration = Duration::from_millis(50);

pub(crate) type LogFunction = extern "C-unwind" fn(m531x_modem, i32, *const c_char, *mut c_void);

/// Has a line of text for each event of every modem given to `callback`, those that are open already included.
///
/// Messages and events stay where they are: a log takes nothing from m531x_wait_event and the like. A line says what
/// happened, without a line end, such as "recovering: attempt 1 in 1.0 s: +MQTTDISC"; it holds no password and no PIN, but
/// may hold topics and, at M531X_LOG_DEBUG, lines of the module. All lines come one after the other on one thread of the
/// library, which begins with this function and ends when the callback is removed. No lock is held: the callback
/// may call any function. Lines about a modem may still come after m531x_close of it. If more than 1024 lines wait for
/// a slow callback, the next one says how many were left out.
///
/// @param level      [in] The least important lines to log: M531X_LOG_ERROR, M531X_LOG_WARNING, M531X_LOG_INFO or
///                   M531X_LOG_DEBUG; ignored without a callback.
/// @param callback   [in] The function, in place of the earlier one; NULL for none, and then user_data and finalizer are
///                   not used.
/// @param user_data  [in] Handed to the callback; may be NULL.
/// @param finalizer  [in] Called once with user_data, once no callback can get it; may be NULL. It is not called
///                   if this function fails.
/// @return M531X_OK, M531X_ERR_INVALID_ARGUMENT (unknown level), M531X_ERR_OUT_OF_RESOURCES. m531x_last_error_text with
///         the handle 0 returns the text.
/// @note Thread-safe; the callback is called on a thread of the library. A callback that runs is waited for, unless the
///       caller is a callback itself: do not hold a lock that the callback takes.
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn m531x_set_log_callback(
    level: i32,
    callback: m531x_log_callback,
    user_data: *mut c_void,
    finalizer: m531x_finalizer,
) -> m531x_status {
    guard_opening(|| {
        let log = log();
        let Some(function) = callback else {
            log.level.store(0, Ordering::Relaxed);
            log.callback.replace(None);
            log.end_unused_thread();
            return Ok(());
        };
        if !LEVELS.iter().any(|(_, number)| *number == level) {
            return Err(invalid(format!(
                "level is {level}: it must be one of M531X_LOG_..."
            )));
        }
        log.ensure_thread()?;
        let new = Registration::new(function, user_data, finalizer);
        log.callback.replace(Some(new));
        log.level.store(level, Ordering::Relaxed);
        // Another thread may have removed the callback meanwhile, and the thread with it; this one is set.
        log.ensure_thread()
    })
}

/// Has the events of a modem logged from now on, if there is a callback.
pub(crate) fn log_events(entry: &OpenModem, modem: m531x_modem, port: &str) {
    let port = port.to_owned();
    entry.modem.inbox().on_event_seen(move |event| {
        log().note(modem, &port, event);
    });
}

/// The log of this process.
struct Log {
    /// The number of the least important lines; 0 for none.
    level: AtomicI32,
    callback: CallbackCell<LogFunction>,
    running: Mutex<Option<Running>>,
    /// Lines left out because too many waited.
    missed: AtomicU32,
}

struct Running {
    lines: SyncSender<Line>,
    thread: Thread,
}

struct Line {
    modem: m531x_modem,
    level: i32,
    text: String,
}

fn log() -> &'static Log {
    static LOG: OfThisProcess<Log> = OfThisProcess::new(|_| Log {
        level: AtomicI32::new(0),
        callback: CallbackCell::default(),
        running: Mutex::new(None),
        missed: AtomicU32::new(0),
    });
    LOG.get()
}

impl Log {
    /// Hands an event to the thread; called under the lock of its modem.
    fn note(&self, modem: m531x_modem, port: &str, event: &Event) {
        // Nothing is as important as 0, which stands for no log.
        if event.log_level() as i32 > self.level.load(Ordering::Relaxed) {
            return;
        }
        let (level, text) = event.log_line();
        let line = Line {
            modem,
            level: level as i32,
            text: format!("{port}: {text}"),
        };
        let running = self.running();
        let sent = running
            .as_ref()
            .is_none_or(|running| running.lines.try_send(line).is_ok());
        if !sent {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Calls for each line until no more can come.
    fn write(&self, lines: &Receiver<Line>) {
        while let Ok(line) = lines.recv() {
            let missed = self.missed.swap(0, Ordering::Relaxed);
            if missed > 0 {
                let text = format!("{missed} lines were not logged: the log is too slow");
                self.call(0, M531X_LOG_WARNING, text);
            }
            self.call(line.modem, line.level, line.text);
        }
    }

    fn call(&self, modem: m531x_modem, level: i32, text: String) {
        let text = CString::new(text).unwrap_or_default();
        self.callback.call(|function, user_data| {
            function(modem, level, text.as_ptr(), user_data);
        });
    }

    fn ensure_thread(&'static self) -> Result<(), Error> {
        let mut running = self.running();
        if running.is_none() {
            let (lines, waiting) = sync_channel(MOST_LINES);
            let thread = Thread::spawn("m531x-log", move || self.write(&waiting));
            let thread = thread.map_err(|error| {
                Error::new(
                    ErrorCode::OutOfResources,
                    format!("no thread available for the log: {error}"),
                )
            })?;
            *running = Some(Running { lines, thread });
        }
        Ok(())
    }

    /// Ends the thread, unless a callback was set again.
    fn end_unused_thread(&self) {
        let ended = {
            let mut running = self.running();
            if self.callback.is_set() {
                return;
            }
            running.take()
        };
        let Some(Running { lines, thread }) = ended else {
            return;
        };
        drop(lines);
        if !in_callback() {
            thread.join_until(Instant::now() + GONE);
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_are_those_of_the_core() {
        for (level, number) in LEVELS {
            assert_eq!(level as i32, number);
        }
    }
}
