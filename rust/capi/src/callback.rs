//! The callbacks of a modem, each with its user data and finalizer.

use std::cell::Cell;
use std::ffi::c_void;
use std::io::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{mem, process};

use m531x_core::{forks, leave_forked_child, topic};

use crate::constants::{m531x_finalizer, m531x_modem};

pub(crate) type MessageFunction =
    extern "C-unwind" fn(m531x_modem, *const std::ffi::c_char, *const u8, u32, u32, *mut c_void);
pub(crate) type EventFunction =
    extern "C-unwind" fn(m531x_modem, i32, i32, *const std::ffi::c_char, *mut c_void);

/// The callbacks of one modem.
#[derive(Default)]
pub(crate) struct Callbacks {
    pub(crate) message: CallbackCell<MessageFunction>,
    /// Those of topic filters, which come before that.
    filters: Mutex<Vec<(String, Arc<CallbackCell<MessageFunction>>)>>,
    pub(crate) event: CallbackCell<EventFunction>,
}

impl Callbacks {
    /// No callback begins after this, and none runs, unless a callback calls it.
    pub(crate) fn clear(&self) {
        self.message.replace(None);
        self.event.replace(None);
        let filters = mem::take(&mut *self.filters());
        for (_, cell) in filters {
            cell.replace(None);
        }
    }

    /// Whether a message may have a callback.
    pub(crate) fn take_messages(&self) -> bool {
        self.message.is_set() || !self.filters().is_empty()
    }

    /// The place for the callback of a topic filter, made if there is none.
    pub(crate) fn of_filter(&self, filter: &str) -> Arc<CallbackCell<MessageFunction>> {
        let mut filters = self.filters();
        if let Some((_, cell)) = filters.iter().find(|(known, _)| known == filter) {
            return Arc::clone(cell);
        }
        let cell = Arc::<CallbackCell<MessageFunction>>::default();
        filters.push((filter.to_owned(), Arc::clone(&cell)));
        cell
    }

    pub(crate) fn forget_filter(&self, filter: &str) {
        self.filters().retain(|(known, _)| known != filter);
    }

    /// The callbacks of the filters that match a topic, in the order in which they were set.
    pub(crate) fn matching(&self, name: &str) -> Vec<Arc<CallbackCell<MessageFunction>>> {
        let filters = self.filters();
        let matching = filters
            .iter()
            .filter(|(filter, _)| topic::matches(filter.as_bytes(), name.as_bytes()));
        matching.map(|(_, cell)| Arc::clone(cell)).collect()
    }

    fn filters(&self) -> MutexGuard<'_, Vec<(String, Arc<CallbackCell<MessageFunction>>)>> {
        self.filters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

thread_local! {
    /// Set on a thread that runs a callback. It waits for no other: two callbacks that close each
    /// other's modem would wait forever.
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// A place for one callback.
pub(crate) struct CallbackCell<F> {
    state: Mutex<CellState<F>>,
    idle: Condvar,
}

struct CellState<F> {
    registration: Option<Arc<Registration<F>>>,
    running: bool,
    /// Threads that wait for its return.
    waiting: usize,
}

impl<F: Copy> CallbackCell<F> {
    /// Calls the callback, if there is one.
    pub(crate) fn call(&self, with: impl FnOnce(F, *mut c_void)) -> bool {
        let before = forks();
        let registration = {
            let mut state = self.lock();
            let Some(registration) = state.registration.clone() else {
                return false;
            };
            state.running = true;
            registration
        };
        IN_CALLBACK.set(true);
        of_the_program("callback", || {
            with(registration.function, registration.user_data.0);
        });
        if forks() != before {
            // It has forked, and returned in the child: this thread's loop is the parent's.
            leave_forked_child();
        }
        // If it was replaced meanwhile, this was the last use of it.
        drop(registration);
        IN_CALLBACK.set(false);
        let mut state = self.lock();
        state.running = false;
        // To notify costs a system call also if no one waits.
        if state.waiting > 0 {
            self.idle.notify_all();
        }
        true
    }

    pub(crate) fn is_set(&self) -> bool {
        self.lock().registration.is_some()
    }

    pub(crate) fn replace(&self, new: Option<Registration<F>>) {
        let mut state = self.lock();
        let old = std::mem::replace(&mut state.registration, new.map(Arc::new));
        while state.running && !IN_CALLBACK.get() {
            state.waiting += 1;
            state = self
                .idle
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        drop(state);
        // Outside the lock: the finalizer may call anything.
        drop(old);
    }

    fn lock(&self) -> MutexGuard<'_, CellState<F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Default for CallbackCell<F> {
    fn default() -> Self {
        Self {
            state: Mutex::new(CellState {
                registration: None,
                running: false,
                waiting: 0,
            }),
            idle: Condvar::new(),
        }
    }
}

/// Whether the calling thread runs a callback.
pub(crate) fn in_callback() -> bool {
    IN_CALLBACK.get()
}

/// Calls a function of the program's that must return. What would unwind out of it, an exception or `pthread_exit`,
/// would leave locks of the library behind: the process ends there, and says why.
fn of_the_program(what: &'static str, call: impl FnOnce()) {
    struct Unwound(&'static str);
    impl Drop for Unwound {
        fn drop(&mut self) {
            let what = self.0;
            let _ = writeln!(
                io::stderr(),
                "m531x: a {what} was left by an exception or by pthread_exit; it has to return"
            );
            process::abort();
        }
    }
    let unwound = Unwound(what);
    call();
    mem::forget(unwound);
}

/// A callback, its user data, and what to do with that in the end.
pub(crate) struct Registration<F> {
    function: F,
    user_data: UserData,
    finalizer: m531x_finalizer,
}

impl<F> Registration<F> {
    pub(crate) fn new(function: F, user_data: *mut c_void, finalizer: m531x_finalizer) -> Self {
        Self {
            function,
            user_data: UserData(user_data),
            finalizer,
        }
    }
}

impl<F> Drop for Registration<F> {
    fn drop(&mut self) {
        if let Some(finalizer) = self.finalizer {
            of_the_program("finalizer", || finalizer(self.user_data.0));
        }
    }
}

struct UserData(*mut c_void);

// SAFETY: the pointer is never followed here, only handed to callback and finalizer, one call at a
// time; the header says that they run on a thread of the library.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}
