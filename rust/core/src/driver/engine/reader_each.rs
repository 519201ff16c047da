//! One reader thread for each modem, where a wait for many ports is not to be had.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::Engine;
use m531x_threads::spawn_thread;

/// The reader thread of a modem.
pub(in crate::driver) struct Reader(JoinHandle<()>);

impl Reader {
    pub(in crate::driver) fn start(engine: Arc<Engine>) -> io::Result<Self> {
        spawn_thread("m531x-reader", move || read_on(&engine)).map(Self)
    }

    /// Waits for its end; the engine must have ended.
    pub(in crate::driver) fn stop(self) {
        let _ = self.0.join();
    }
}

pub(in crate::driver) fn read_on(engine: &Arc<Engine>) {
    while engine.serve_as_reader(engine.waiter.wait_as_reader()) {}
}
