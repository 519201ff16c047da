//! The virtual modem.

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use m531x_at::topic;
use m531x_core::{Error, ErrorCode, QoS, Stream};
use m531x_virtual_modem::firmware::ParseFirmwareError;
use m531x_virtual_modem::{
    BrokerChoice, Direction, Fault, LinkChoice, StartError, VirtualModemOptions,
};
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use crate::arguments::{PyArg, flag, optional_text, payload_bytes, qos as qos_of, text};
use crate::errors::{OrRaise, invalid, wrong_type};
use crate::message::{Message, message_object};
use crate::options::{baudrate_of, model_of};

const NO_BROKER: &str =
    "the virtual modem has no broker of its own: start it with broker=\"embedded\"";
/// As long as MQTT allows.
const MOST_TOPIC: usize = 65_535;

/// A module that does not exist.
#[pyclass(frozen, module = "m531x._native")]
pub(crate) struct VirtualModem {
    module: m531x_virtual_modem::VirtualModem,
    exposed: bool,
}

#[pymethods]
impl VirtualModem {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "the public class has them")]
    #[pyo3(signature = (model, broker, link, tcp, memory, baudrate, faults, seed, echo, firmware, replay))]
    fn new(
        py: Python<'_>,
        model: PyArg<'_, '_>,
        broker: PyArg<'_, '_>,
        link: Option<PathBuf>,
        tcp: PyArg<'_, '_>,
        memory: bool,
        baudrate: PyArg<'_, '_>,
        faults: Vec<Bound<'_, PyAny>>,
        seed: PyArg<'_, '_>,
        echo: PyArg<'_, '_>,
        firmware: PyArg<'_, '_>,
        replay: Option<PathBuf>,
    ) -> PyResult<Self> {
        let broker: BrokerChoice = text("broker", broker)?
            .parse()
            .map_err(|error| invalid(py, format!("{error}")))?;
        let faults = faults
            .iter()
            .map(|fault| {
                let parsed = text("a fault", fault)?.parse::<Fault>();
                parsed.map_err(|error| invalid(py, format!("{error}")))
            })
            .collect::<PyResult<Vec<_>>>()?;
        let firmware = optional_text("firmware", firmware)?
            .map(str::parse)
            .transpose()
            .map_err(|error: ParseFirmwareError| invalid(py, format!("{error}")))?;
        let options = VirtualModemOptions {
            model: model_of(model)?,
            firmware,
            broker,
            link: link_choice(py, link, optional_text("tcp", tcp)?, memory)?,
            baudrate: baudrate_of(baudrate)?,
            faults,
            seed: seed_of(seed)?,
            echo: if echo.is_none() {
                None
            } else {
                Some(flag("echo", echo)?)
            },
            replay,
        };
        let exposed = options.link.is_exposed();
        let module = py
            .detach(|| m531x_virtual_modem::VirtualModem::start(options))
            .map_err(|error| start_error(&error))
            .or_raise(py)?;
        Ok(Self { module, exposed })
    }

    /// Whether others than this machine can reach it.
    #[getter]
    fn exposed(&self) -> bool {
        self.exposed
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

    fn differences(&self, py: Python<'_>) -> Vec<String> {
        py.detach(|| self.module.differences())
    }

    /// To how many subscribed clients it went.
    #[pyo3(signature = (topic, payload, qos, retain))]
    fn deliver(
        &self,
        py: Python<'_>,
        topic: PyArg<'_, '_>,
        payload: PyArg<'_, '_>,
        qos: PyArg<'_, '_>,
        retain: PyArg<'_, '_>,
    ) -> PyResult<usize> {
        let topic = text("topic", topic)?;
        topic::validate_name(topic.as_bytes(), MOST_TOPIC)
            .map_err(|error| invalid(py, format!("the topic {error}")))?;
        let payload = payload_bytes(payload)?;
        let (bytes, qos, retain) = (payload.as_bytes(), qos_of(qos)?, flag("retain", retain)?);
        py.detach(|| self.module.deliver(topic, bytes, qos.into(), retain))
            .ok_or_else(|| invalid(py, NO_BROKER))
    }

    fn published<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, Message>>> {
        let published = py.detach(|| self.module.published());
        let published = published.ok_or_else(|| invalid(py, NO_BROKER))?;
        let (now, time) = (Instant::now(), SystemTime::now());
        let messages = published.into_iter().map(|message| m531x_core::Message {
            topic: message.topic.to_string(),
            payload: message.payload.to_vec(),
            qos: QoS::try_from(message.qos).unwrap_or_default(),
            retain: message.retain,
            dup: false,
            packet_id: 0,
            timestamp: time - now.saturating_duration_since(message.at),
            truncated: false,
            ambiguous: false,
        });
        messages
            .map(|message| message_object(py, message))
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

fn seed_of(seed: PyArg<'_, '_>) -> PyResult<Option<u64>> {
    let py = seed.py();
    seed.extract().map_err(|error: PyErr| {
        let range = format!("give 0 to {}, or None", u64::MAX);
        if error.is_instance_of::<PyOverflowError>(py) {
            invalid(py, format!("seed is {seed}: {range}"))
        } else {
            wrong_type(py, format!("seed is no whole number: {range}"))
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
        (_, Some(address)) => LinkChoice::tcp(address).ok_or_else(|| {
            invalid(
                py,
                format!("tcp is {address:?}: give HOST:PORT or PORT, such as 127.0.0.1:0"),
            )
        }),
        (None, None) if memory => Ok(LinkChoice::Memory),
        (symlink, None) => Ok(LinkChoice::named(symlink)),
    }
}

fn start_error(error: &StartError) -> Error {
    let code = match error {
        StartError::BrokerAddress(_) | StartError::Baudrate | StartError::NoPty => {
            ErrorCode::InvalidArgument
        }
        StartError::Recording { .. } => ErrorCode::Recording,
        StartError::LinkTaken(_) | StartError::AddressInUse(_) => ErrorCode::PortInUse,
        _ => ErrorCode::Port,
    };
    Error::new(code, error.to_string())
}
