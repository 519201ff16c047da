//! The serial port, real or virtual, that a command works on.

use std::io::{Write, stderr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use m531x_core::{Model, Modem, ModemOptions, RecordingOptions, Recovery, Stream};
use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};

use crate::failure::Failure;
use crate::notes::note;

/// Where the module is.
#[derive(Args)]
#[command(next_help_heading = "Module")]
pub(crate) struct PortArguments {
    /// The module's port: /dev/ttyUSB0 or a link to it (/dev/serial/by-path/...), COM5, usb:SERIAL, usb:VID:PID, tcp://HOST:PORT or rfc2217://HOST:PORT (a serial server
    /// without and with control of its port), or virtual:// for a virtual modem with a broker of its
    /// own inside this process
    #[arg(long, env = "M531X_PORT", value_parser = port_name)]
    port: String,
    /// The module's model (M5310-A, M5311, M5312, M5313), or auto to ask it
    #[arg(long, default_value = "auto", value_parser = model_or_auto)]
    model: ModelChoice,
    /// Speed of the line in bits per second [default: the model's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    baudrate: Option<u32>,
    /// The line DTR of the serial port, where it has one, on or off [default: as the system sets it]
    #[arg(long, value_name = "on|off", value_parser = on_off)]
    dtr: Option<bool>,
    /// The line RTS, likewise
    #[arg(long, value_name = "on|off", value_parser = on_off)]
    rts: Option<bool>,
    /// Longest time to open the port and have the module answer, in seconds; 0 tries once
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds_or_none)]
    open_timeout: Duration,
    /// Longest wait for the answer to a command, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    command_timeout: Duration,
}

/// Where the module is, for a command whose session may be recorded.
#[derive(Args)]
pub(crate) struct RecordablePort {
    #[command(flatten)]
    port: PortArguments,
    /// Record the session into this file, to be read or given to replay
    #[arg(long, value_name = "FILE", help_heading = "Module")]
    record: Option<PathBuf>,
}

impl RecordablePort {
    /// Opens the port and has the module answer.
    pub(crate) fn open(&self, recovery: Recovery) -> Result<OpenPort, Failure> {
        self.open_with_trace(recovery, 0)
    }

    /// The same; so many of the last lines on the port are kept.
    pub(crate) fn open_with_trace(
        &self,
        recovery: Recovery,
        trace: usize,
    ) -> Result<OpenPort, Failure> {
        let recording = self.record.as_ref().map(RecordingOptions::new);
        self.port.open(recovery, recording, trace)
    }
}

/// An open modem; with `virtual://` it holds the virtual one too.
pub(crate) struct OpenPort {
    pub(crate) modem: Modem,
    _virtual_modem: Option<VirtualModem>,
}

impl PortArguments {
    /// Opens the port and has the module answer; the session is recorded if a file is named.
    pub(crate) fn open(
        &self,
        recovery: Recovery,
        recording: Option<RecordingOptions>,
        trace: usize,
    ) -> Result<OpenPort, Failure> {
        let options = ModemOptions {
            recording,
            trace,
            ..self.options(recovery)
        };
        let open = if self.port == "virtual://" {
            self.open_virtual(options)?
        } else {
            OpenPort {
                modem: Modem::open(&self.port, options)?,
                _virtual_modem: None,
            }
        };
        if (self.dtr.or(self.rts)).is_some() && !open.modem.inbox().is_serial_line() {
            note(format!(
                "warning: --dtr and --rts have no effect: {} has no such lines",
                self.port
            ));
        }
        Ok(open)
    }

    /// How the port is opened.
    pub(crate) fn options(&self, recovery: Recovery) -> ModemOptions {
        ModemOptions {
            model: self.model.0,
            baudrate: self.baudrate,
            dtr: self.dtr,
            rts: self.rts,
            open_timeout: self.open_timeout,
            command_timeout: self.command_timeout,
            recovery,
            ..ModemOptions::default()
        }
    }

    /// The port's name; of a virtual modem, which it starts, that of its pseudo terminal.
    pub(crate) fn name(&self) -> Result<(String, Option<VirtualModem>), Failure> {
        if self.port != "virtual://" {
            return Ok((self.port.clone(), None));
        }
        let virtual_modem = VirtualModem::start(VirtualModemOptions {
            model: self.model.0.unwrap_or(Model::M5310A),
            ..VirtualModemOptions::default()
        })?;
        Ok((virtual_modem.port(), Some(virtual_modem)))
    }

    fn open_virtual(&self, options: ModemOptions) -> Result<OpenPort, Failure> {
        let virtual_modem = VirtualModem::start(VirtualModemOptions {
            model: self.model.0.unwrap_or(Model::M5310A),
            link: LinkChoice::Memory,
            ..VirtualModemOptions::default()
        })?;
        let stream = Stream::from(virtual_modem.connect()?);
        Ok(OpenPort {
            modem: Modem::open_stream(stream, options)?,
            _virtual_modem: Some(virtual_modem),
        })
    }
}

impl Drop for OpenPort {
    /// The handler of signals holds the modem too, so it does not close by itself.
    fn drop(&mut self) {
        let recording = self.modem.recording();
        // Closing does not fail, and the session is over either way.
        let _ = self.modem.close();
        if let Some(Err(error)) = recording.map(|recording| recording.finish()) {
            // With standard error gone as well there is no one left to notify.
            let _ = writeln!(stderr(), "m531x: {error}");
        }
    }
}

/// Takes any name but a number, which mosquitto's users mean for the broker.
fn port_name(text: &str) -> Result<String, String> {
    match text.parse::<u16>() {
        Ok(number) => Err(format!(
            "this is the module's port; the broker's TCP port is -p {number}"
        )),
        Err(_) => Ok(text.to_owned()),
    }
}

/// A model, or `None` to ask the module.
#[derive(Clone, Copy)]
struct ModelChoice(Option<Model>);

fn model_or_auto(text: &str) -> Result<ModelChoice, String> {
    if text.eq_ignore_ascii_case("auto") {
        return Ok(ModelChoice(None));
    }
    match text.parse() {
        Ok(model) => Ok(ModelChoice(Some(model))),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads a switch.
pub(crate) fn on_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("{text:?} is neither on nor off")),
    }
}

/// Reads a number of seconds, 0 included.
pub(crate) fn seconds_or_none(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(0.0) => Ok(Duration::ZERO),
        _ => seconds(text),
    }
}

/// Reads a positive number of seconds, fractions allowed.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| format!("{text:?} is not a number of seconds above 0"))
}
