//! The virtual modem.

use std::net::ToSocketAddrs;
use std::path::PathBuf;

use m531x_core::{Error, ErrorCode, Stream};
use m531x_virtual_modem::{
    BrokerChoice, Direction, Fault, LinkChoice, StartError, VirtualModemOptions,
};
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use crate::errors::{OrRaise, invalid};
use crate::options::{baudrate_of, model_of};

/// A module that does not exist.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct VirtualModem {
    module: m531x_virtual_modem::VirtualModem,
}

#[pymethods]
impl VirtualModem {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "the public class has them")]
    #[pyo3(signature = (model, broker, link, tcp, memory, baudrate, faults, seed, echo))]
    fn new(
        py: Python<'_>,
        model: &str,
        broker: &str,
        link: Option<PathBuf>,
        tcp: Option<&str>,
        memory: bool,
        baudrate: Option<i64>,
        faults: Vec<String>,
        seed: Option<&Bound<'_, PyAny>>,
        echo: Option<bool>,
    ) -> PyResult<Self> {
        let broker: BrokerChoice = broker
            .parse()
            .map_err(|error| invalid(py, format!("{error}")))?;
        let faults = faults
            .iter()
            .map(|fault| fault.parse::<Fault>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| invalid(py, format!("{error}")))?;
        let options = VirtualModemOptions {
            model: model_of(py, model)?,
            broker,
            link: link_choice(py, link, tcp, memory)?,
            baudrate: baudrate_of(py, baudrate)?,
            faults,
            seed: seed.map(|seed| seed_of(py, seed)).transpose()?,
            echo,
        };
        let module = py
            .detach(|| m531x_virtual_modem::VirtualModem::start(options))
            .map_err(|error| start_error(&error))
            .or_raise(py)?;
        Ok(Self { module })
    }

    #[getter]
    fn port(&self) -> String {
        self.module.port()
    }

    #[getter]
    fn broker(&self) -> String {
        self.module.broker()
    }

    /// Seconds, whether it went to the module, text.
    fn transcript(&self, py: Python<'_>) -> Vec<(f64, bool, String)> {
        py.detach(|| self.module.transcript())
            .into_iter()
            .map(|entry| {
                (
                    entry.at.as_secs_f64(),
                    entry.direction == Direction::ToModule,
                    entry.text,
                )
            })
            .collect()
    }

    fn inject(&self, py: Python<'_>, data: &[u8]) {
        py.detach(|| self.module.inject(data));
    }

    fn reboot(&self, py: Python<'_>) {
        py.detach(|| self.module.reboot());
    }

    fn cut_network(&self, py: Python<'_>) {
        py.detach(|| self.module.cut_network());
    }

    fn restore_network(&self, py: Python<'_>) {
        py.detach(|| self.module.restore_network());
    }

    fn sleep(&self, py: Python<'_>) {
        py.detach(|| self.module.sleep());
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.module.close());
    }
}

impl VirtualModem {
    /// The host's end of a link in memory.
    pub(crate) fn connect(&self, py: Python<'_>) -> PyResult<Stream> {
        py.detach(|| self.module.connect())
            .map(Stream::from)
            .map_err(|error| {
                Error::new(
                    ErrorCode::Port,
                    format!("the virtual modem cannot be reached: {error}"),
                )
            })
            .or_raise(py)
    }
}

fn seed_of(py: Python<'_>, seed: &Bound<'_, PyAny>) -> PyResult<u64> {
    seed.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(py) {
            invalid(py, format!("seed is {seed}: give 0 to {}", u64::MAX))
        } else {
            error
        }
    })
}

fn link_choice(
    py: Python<'_>,
    link: Option<PathBuf>,
    tcp: Option<&str>,
    memory: bool,
) -> PyResult<LinkChoice> {
    match (link, tcp) {
        (Some(_), Some(_)) => Err(invalid(
            py,
            "link and tcp are both given: a virtual modem has one port, give one of them",
        )),
        (_, Some(address)) => address
            .to_socket_addrs()
            .ok()
            .and_then(|mut addresses| addresses.next())
            .map(LinkChoice::Tcp)
            .ok_or_else(|| {
                invalid(
                    py,
                    format!("tcp is {address:?}: give HOST:PORT, such as 127.0.0.1:0"),
                )
            }),
        (None, None) if memory => Ok(LinkChoice::Memory),
        (symlink, None) => Ok(LinkChoice::Pty { symlink }),
    }
}

fn start_error(error: &StartError) -> Error {
    let code = match error {
        StartError::BrokerAddress(_) | StartError::Baudrate => ErrorCode::InvalidArgument,
        StartError::LinkTaken(_) | StartError::AddressInUse(_) => ErrorCode::PortInUse,
        _ => ErrorCode::Port,
    };
    Error::new(code, error.to_string())
}
