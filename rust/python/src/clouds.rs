//! Logins to clouds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use m531x_core::clouds::{Cloud, Device, Hash, Login};
use pyo3::prelude::*;

use crate::arguments::{
    PyArg, flag, number, optional_number, optional_seconds, optional_text, text,
};
use crate::errors::OrRaise;

/// A login; `m531x.clouds.Login` is the public class.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct CloudLogin {
    core: Login,
}

#[pymethods]
impl CloudLogin {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "the public functions have them")]
    #[pyo3(signature = (
        cloud, product, device, key, method, valid_for, key_of_product, region, client_id, timestamp, now
    ))]
    fn new(
        py: Python<'_>,
        cloud: PyArg<'_, '_>,
        product: PyArg<'_, '_>,
        device: PyArg<'_, '_>,
        key: PyArg<'_, '_>,
        method: PyArg<'_, '_>,
        valid_for: PyArg<'_, '_>,
        key_of_product: PyArg<'_, '_>,
        region: PyArg<'_, '_>,
        client_id: PyArg<'_, '_>,
        timestamp: PyArg<'_, '_>,
        now: PyArg<'_, '_>,
    ) -> PyResult<Self> {
        let cloud: Cloud = text("cloud", cloud)?.parse().or_raise(py)?;
        let product = text("product", product)?;
        let mut device = Device::new(cloud, product, text("device", device)?, text("key", key)?);
        device.hash = text("method", method)?.parse::<Hash>().or_raise(py)?;
        device.valid_for = optional_seconds("valid_for", valid_for)?;
        device.key_of_product = flag("whole_product", key_of_product)?;
        device.region = optional_text("region", region)?.map(str::to_owned);
        device.client_id = optional_text("client_id", client_id)?.map(str::to_owned);
        device.timestamp = optional_number("timestamp", timestamp, "0 or more milliseconds")?;
        let core = device.login_at(time(now)?).or_raise(py)?;
        Ok(Self { core })
    }

    #[getter]
    fn host(&self) -> &str {
        self.core.host()
    }

    #[getter]
    fn client_id(&self) -> &str {
        self.core.client_id()
    }

    #[getter]
    fn username(&self) -> &str {
        self.core.username()
    }

    #[getter]
    fn size(&self) -> usize {
        self.core.size()
    }

    /// Raises if the CONNECT packet is longer than this, or than what the modules take.
    #[pyo3(signature = (limit))]
    fn check_size(&self, py: Python<'_>, limit: PyArg<'_, '_>) -> PyResult<()> {
        let limit = optional_number("connect_limit", limit, "0 or more bytes")?;
        self.core.check_size(limit).or_raise(py)
    }

    /// A password that is fresh at this time, in seconds since 1970.
    #[pyo3(signature = (now))]
    fn password(&self, now: PyArg<'_, '_>) -> PyResult<String> {
        Ok(self.core.password_at(time(now)?).expose().to_owned())
    }
}

fn time(now: PyArg<'_, '_>) -> PyResult<SystemTime> {
    let since = Duration::from_secs(number("now", now, "seconds since 1970")?);
    Ok(UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH))
}
