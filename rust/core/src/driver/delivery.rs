//! A publish that goes on by itself.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::callbacks::DoneCallback;
use super::dispatcher::Dispatcher;
use super::engine::Engine;
use super::modem::with_dispatcher;
use super::ticket::Ticket;
use crate::{Error, ErrorCode, Receipt};

/// The fate of a publish begun by [`publish_nowait`](super::Modem::publish_nowait).
///
/// Clones are the same delivery; all of them may be asked, from any thread, any number of times.
/// The publish goes on whether the program asks or not, also when every clone is dropped.
///
/// ```
/// # use m531x_core::{ConnectOptions, Modem, ModemOptions, PublishOptions, QoS, Stream};
/// # use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};
/// # let module = VirtualModem::start(VirtualModemOptions {
/// #     link: LinkChoice::Memory,
/// #     ..VirtualModemOptions::default()
/// # })?;
/// # let modem = Modem::open_stream(Stream::from(module.connect()?), ModemOptions::default())?;
/// # modem.connect(ConnectOptions::new("broker.example", "meter-17"))?;
/// let options = PublishOptions {
///     qos: QoS::AtLeastOnce,
///     ..PublishOptions::default()
/// };
/// let delivery = modem.publish_nowait("meter/17", b"21.5", options)?;
/// delivery.on_done(|result| match result {
///     Ok(receipt) => println!("delivered after {:?}", receipt.elapsed),
///     Err(error) => eprintln!("not delivered: {error}"),
/// });
/// delivery.wait(None)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Delivery {
    tracked: Arc<Tracked>,
}

struct Tracked {
    engine: Arc<Engine>,
    dispatcher: Arc<Mutex<Option<Dispatcher>>>,
    ticket: Ticket,
}

impl Delivery {
    pub(super) fn new(
        engine: Arc<Engine>,
        dispatcher: Arc<Mutex<Option<Dispatcher>>>,
        ticket: Ticket,
    ) -> Self {
        Self {
            tracked: Arc::new(Tracked {
                engine,
                dispatcher,
                ticket,
            }),
        }
    }

    /// Whether it has ended, in success or not; never blocks.
    pub fn done(&self) -> bool {
        self.tracked.engine.is_done(self.tracked.ticket)
    }

    /// Waits for the end; `None` waits for as long as it takes.
    ///
    /// # Errors
    ///
    /// What ended the publish; [`ErrorCode::Timeout`] if `timeout` elapsed first, and
    /// [`ErrorCode::Cancelled`] if another thread cancelled the wait: both leave it going on, and it
    /// may be asked again.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<Receipt, Error> {
        match self.tracked.engine.wait(self.tracked.ticket, timeout) {
            Some(outcome) => outcome.and_then(Receipt::try_from),
            None => Err(Error::new(
                ErrorCode::Timeout,
                format!(
                    "the publish was not complete within {:.3} s; it goes on",
                    timeout.unwrap_or_default().as_secs_f64()
                ),
            )),
        }
    }

    /// Has `signal` called once when it has ended, as that of
    /// [`Pending::on_ready`](super::Pending::on_ready): for event loops. A second signal replaces the
    /// first.
    pub fn on_ready(&self, signal: impl FnOnce() + Send + 'static) {
        let Tracked { engine, ticket, .. } = &*self.tracked;
        engine.on_ready(*ticket, Box::new(signal));
    }

    /// Has `callback` called with the end, on the dispatcher thread; at once if it has ended.
    ///
    /// It is called exactly once, with [`ErrorCode::Closed`] if the modem is closed first. After the
    /// close it is called on the calling thread.
    pub fn on_done(&self, callback: impl FnOnce(Result<Receipt, Error>) + Send + 'static) {
        let Tracked {
            engine,
            dispatcher,
            ticket,
        } = &*self.tracked;
        // Without a dispatcher the callback still gets the end, here and now.
        let callback: DoneCallback = Box::new(callback);
        let refused = match with_dispatcher(engine, dispatcher, |_| ()) {
            Ok(()) => engine.on_done(*ticket, callback).err(),
            Err(error) => Some((callback, Err(error))),
        };
        if let Some((callback, ended)) = refused {
            if catch_unwind(AssertUnwindSafe(|| callback(ended))).is_err() {
                engine.count_callback_panic();
            }
        }
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.engine.detach(self.ticket);
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("ticket", &self.tracked.ticket)
            .field("done", &self.done())
            .finish_non_exhaustive()
    }
}
