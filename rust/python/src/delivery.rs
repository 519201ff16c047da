//! A publish that goes on by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use m531x_core::{ErrorCode, Receipt};
use pyo3::prelude::*;

use crate::arguments::{Given, timeout};
use crate::errors::OrRaise;
use crate::modem::Ended;
use crate::readouts::ReceiptParts;
use crate::wait::in_slices;

/// The fate of one publish.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct Delivery {
    core: m531x_core::Delivery,
    modem: m531x_core::Modem,
    ended: Arc<Ended>,
    /// By which `recv_batch` tells that it has ended.
    #[pyo3(get)]
    token: u64,
}

impl Delivery {
    pub(crate) fn new(
        core: m531x_core::Delivery,
        modem: m531x_core::Modem,
        ended: Arc<Ended>,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            core,
            modem,
            ended,
            token: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }
}

#[pymethods]
impl Delivery {
    fn done(&self) -> bool {
        self.core.done()
    }

    #[pyo3(signature = (seconds))]
    fn wait(&self, py: Python<'_>, seconds: Given<'_, '_>) -> PyResult<ReceiptParts> {
        let limit = timeout(seconds)?;
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let receipt = in_slices(py, |slice| {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let this_time = match (slice, left) {
                (Some(slice), Some(left)) => Some(slice.min(left)),
                (slice, left) => slice.or(left),
            };
            let result = self.core.wait(this_time);
            let over = self.core.done() || left.is_some_and(|left| left.is_zero());
            match result {
                // The slice elapsed, not the time that the caller gave.
                Err(error) if error.code() == ErrorCode::Timeout && !over => None,
                Err(error) if error.code() == ErrorCode::Timeout && !self.core.done() => {
                    Some(Err(still_under_way(limit)))
                }
                // It may have ended just after the slice.
                Err(error) if error.code() == ErrorCode::Timeout => {
                    Some(self.core.wait(Some(Duration::ZERO)))
                }
                result => Some(result),
            }
        })?
        .or_raise(py)?;
        Ok(parts(receipt))
    }

    /// Has `recv_batch` of the modem give the token when it has ended.
    fn watch(&self, py: Python<'_>) {
        let (ended, modem, token) = (Arc::clone(&self.ended), self.modem.clone(), self.token);
        py.detach(|| {
            self.core.on_done(move |_| {
                ended.push(token);
                modem.wake_receiver();
            });
        });
    }
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
