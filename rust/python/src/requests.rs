//! What an operation is asked for with, checked.

use m531x_core::{AskPassword, PublishOptions, Secret, SubscribeOptions, Will};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arguments::{PyArg, flag, number, optional_text, qos, text, timeout};

/// Topic, payload, QoS, retain.
type WillParts<'py> = (
    Bound<'py, PyAny>,
    Bound<'py, PyBytes>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
);

/// The arguments of `connect`.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct ConnectOptions {
    pub(crate) core: m531x_core::ConnectOptions,
}

#[pymethods]
impl ConnectOptions {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "the public method has them")]
    #[pyo3(signature = (
        host, port, client_id, username, password, keepalive, clean_session, tls, will,
        ack_timeout, seconds, asks_password = false, connect_limit = None
    ))]
    fn new(
        host: PyArg<'_, '_>,
        port: PyArg<'_, '_>,
        client_id: PyArg<'_, '_>,
        username: PyArg<'_, '_>,
        password: PyArg<'_, '_>,
        keepalive: PyArg<'_, '_>,
        clean_session: PyArg<'_, '_>,
        tls: PyArg<'_, '_>,
        will: Option<WillParts<'_>>,
        ack_timeout: PyArg<'_, '_>,
        seconds: PyArg<'_, '_>,
        asks_password: bool,
        connect_limit: Option<PyArg<'_, '_>>,
    ) -> PyResult<Self> {
        let host = text("host", host)?;
        let mut core = m531x_core::ConnectOptions::new(host, text("client_id", client_id)?);
        core.port = number("port", port, "1 to 65535")?;
        core.username = optional_text("username", username)?.map(str::to_owned);
        core.password = optional_text("password", password)?.map(Secret::new);
        core.ask_password = asks_password.then(AskPassword::by_event);
        core.keepalive = number("keepalive", keepalive, "0 to 65535 seconds")?;
        core.clean_session = flag("clean_session", clean_session)?;
        core.tls = flag("tls", tls)?;
        core.ack_timeout = number("ack_timeout", ack_timeout, "1 to 65535 seconds")?;
        core.connect_limit = connect_limit
            .map(|limit| number("connect_limit", limit, "1 or more bytes"))
            .transpose()?;
        core.timeout = timeout(seconds)?;
        if let Some((topic, payload, qos_number, retain)) = will {
            core.will = Some(Will {
                topic: text("the will's topic", &topic)?.to_owned(),
                payload: payload.as_bytes().to_vec(),
                qos: qos(&qos_number)?,
                retain: flag("the will's retain", &retain)?,
            });
        }
        Ok(Self { core })
    }
}

pub(crate) fn publish_options(
    quality: PyArg<'_, '_>,
    retain: PyArg<'_, '_>,
    seconds: PyArg<'_, '_>,
) -> PyResult<PublishOptions> {
    Ok(PublishOptions {
        qos: qos(quality)?,
        retain: flag("retain", retain)?,
        timeout: timeout(seconds)?,
    })
}

pub(crate) fn subscribe_options(
    quality: PyArg<'_, '_>,
    as_hex: PyArg<'_, '_>,
    seconds: PyArg<'_, '_>,
) -> PyResult<SubscribeOptions> {
    Ok(SubscribeOptions {
        qos: qos(quality)?,
        hex: flag("hex", as_hex)?,
        timeout: timeout(seconds)?,
    })
}
