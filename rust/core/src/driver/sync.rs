//! What threads share state by. Under the model checker (`make test-loom`) these are loom's, which
//! tries every order in which threads can come by.

#[cfg(not(all(test, loom)))]
pub(crate) use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU64},
};

#[cfg(not(all(test, loom)))]
pub(crate) use crossbeam_channel as channel;

#[cfg(all(test, loom))]
pub(crate) use loom::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU64},
};

/// Locks a mutex of the standard library, whose state no panic leaves half changed.
pub(crate) fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The real channels, which nothing in a model waits for; each use is a step between which others come
/// by.
#[cfg(all(test, loom))]
pub(crate) mod channel {
    use std::ops::Deref;
    use std::sync::Arc;

    pub(crate) use crossbeam_channel::{SendError, TryRecvError, TrySendError, select};
    use loom::sync::atomic::{AtomicUsize, Ordering};

    pub(crate) fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
        both(crossbeam_channel::unbounded())
    }

    pub(crate) fn bounded<T>(bound: usize) -> (Sender<T>, Receiver<T>) {
        both(crossbeam_channel::bounded(bound))
    }

    fn both<T>(
        (sender, receiver): (crossbeam_channel::Sender<T>, crossbeam_channel::Receiver<T>),
    ) -> (Sender<T>, Receiver<T>) {
        let steps = Arc::new(AtomicUsize::new(0));
        (
            Stepping {
                real: sender,
                steps: Arc::clone(&steps),
            },
            Stepping {
                real: receiver,
                steps,
            },
        )
    }

    pub(crate) type Sender<T> = Stepping<crossbeam_channel::Sender<T>>;
    pub(crate) type Receiver<T> = Stepping<crossbeam_channel::Receiver<T>>;

    #[derive(Clone)]
    pub(crate) struct Stepping<C> {
        real: C,
        steps: Arc<AtomicUsize>,
    }

    impl<C> Stepping<C> {
        fn step(&self) -> &C {
            self.steps.fetch_add(1, Ordering::SeqCst);
            &self.real
        }
    }

    impl<T> Sender<T> {
        pub(crate) fn send(&self, value: T) -> Result<(), SendError<T>> {
            self.step().send(value)
        }

        pub(crate) fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
            self.step().try_send(value)
        }
    }

    impl<T> Receiver<T> {
        pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
            self.step().try_recv()
        }
    }

    /// For `select!`, which no model uses.
    impl<C> Deref for Stepping<C> {
        type Target = C;

        fn deref(&self) -> &C {
            &self.real
        }
    }
}
