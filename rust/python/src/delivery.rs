//! A publish that goes on by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use m531x_core::{ErrorCode, Receipt};
use pyo3::prelude::*;

use crate::arguments::{PyArg, timeout};
use crate::ended::Ended;
use crate::errors::OrRaise;
use crate::fork::OfThisProcess;
use crate::operation::next_token;
use crate::readouts::ReceiptParts;
use crate::ready::Ready;
use crate::wait::in_slices;

/// The fate of one publish.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct Delivery {
    publish: OfThisProcess<Publish>,
    /// By which `recv_batch`, or `Ready.take`, reports that it has ended.
    token: u64,
}

struct Publish {
    core: m531x_core::Delivery,
    modem: m531x_core::Modem,
    ended: Arc<Ended>,
}

impl Delivery {
    pub(crate) fn new(
        core: m531x_core::Delivery,
        modem: m531x_core::Modem,
        ended: Arc<Ended>,
    ) -> Self {
        Self {
            publish: OfThisProcess::new(Publish { core, modem, ended }),
            token: next_token(),
        }
    }
}

#[pymethods]
impl Delivery {
    #[getter]
    fn token(&self, py: Python<'_>) -> PyResult<u64> {
        self.publish.get(py).map(|_| self.token)
    }

    fn done(&self, py: Python<'_>) -> PyResult<bool> {
        self.publish.get(py).map(|publish| publish.core.done())
    }

    #[pyo3(signature = (seconds))]
    fn wait(&self, py: Python<'_>, seconds: PyArg<'_, '_>) -> PyResult<ReceiptParts> {
        let delivery = &self.publish.get(py)?.core;
        let limit = timeout(seconds)?;
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let receipt = in_slices(py, |slice| {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let this_time = match (slice, left) {
                (Some(slice), Some(left)) => Some(slice.min(left)),
                (slice, left) => slice.or(left),
            };
            let result = delivery.wait(this_time);
            let over = delivery.done() || left.is_some_and(|left| left.is_zero());
            match result {
                // The slice elapsed, not the time that the caller gave.
                Err(error) if error.code() == ErrorCode::Timeout && !over => None,
                Err(error) if error.code() == ErrorCode::Timeout && !delivery.done() => {
                    Some(Err(still_under_way(limit)))
                }
                // It may have ended just after the slice.
                Err(error) if error.code() == ErrorCode::Timeout => {
                    Some(delivery.wait(Some(Duration::ZERO)))
                }
                result => Some(result),
            }
        })?
        .or_raise(py)?;
        Ok(parts(receipt))
    }

    /// Has `recv_batch` of the modem give the token when it has ended.
    fn watch(&self, py: Python<'_>) -> PyResult<()> {
        let publish = self.publish.get(py)?;
        let (ended, modem) = (Arc::clone(&publish.ended), publish.modem.clone());
        let token = self.token;
        py.detach(|| {
            publish.core.on_done(move |_| {
                ended.push(token);
                modem.inbox().wake_receiver();
            });
        });
        Ok(())
    }

    /// Has `Ready.take` give the token when it has ended: what `Operation` calls beginning.
    fn begin(&self, py: Python<'_>, ready: &Ready) -> PyResult<u64> {
        let publish = self.publish.get(py)?;
        let (signal, token) = (Arc::clone(&ready.signal), self.token);
        py.detach(|| publish.core.on_ready(move || signal.end(token)));
        Ok(token)
    }

    /// The receipt, or the exception, once it has ended.
    fn result(&self, py: Python<'_>) -> PyResult<ReceiptParts> {
        let publish = self.publish.get(py)?;
        let receipt = py.detach(|| publish.core.wait(Some(Duration::ZERO)));
        receipt.map(parts).or_raise(py)
    }

    /// Its last waiter is gone; it goes on.
    #[expect(
        clippy::unused_self,
        reason = "Python calls it as it calls that of an operation"
    )]
    fn abandon(&self) {}
}

fn still_under_way(limit: Option<Duration>) -> m531x_core::Error {
    m531x_core::Error::new(
        ErrorCode::Timeout,
        format!(
            "the publish was not complete within {} s; it goes on, wait again or publish with a timeout",
            limit.unwrap_or_default().as_secs_f64()
        ),
    )
}

pub(crate) fn parts(receipt: Receipt) -> ReceiptParts {
    (
        receipt.packet_id,
        receipt.qos.into(),
        receipt.elapsed.as_secs_f64(),
    )
}
