//! The serial ports of this computer.

use serialport::SerialPortType;

use crate::{Error, ErrorCode};

/// A serial port that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PortInfo {
    /// The name to open it by, such as `/dev/ttyUSB0` or `COM5`.
    pub name: String,
    /// What is behind it, for people; empty if that is not known.
    pub description: String,
    /// Vendor and product id of a USB adapter.
    pub usb: Option<(u16, u16)>,
    /// The USB adapter's own serial number, by which `usb:` opens it under any name; many have
    /// none.
    pub serial_number: Option<String>,
}

/// Lists the serial ports of this computer, sorted by name.
///
/// Pseudo-terminals are not among them. Nothing is opened.
///
/// ```
/// for port in m531x_core::ports()? {
///     println!("{} {}", port.name, port.description);
/// }
/// # Ok::<(), m531x_core::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorCode::Port`] if the operating system does not give the list.
pub fn ports() -> Result<Vec<PortInfo>, Error> {
    const WHAT: &str = "the serial ports cannot be listed";
    // The crate that lists them panics where it cannot.
    #[cfg(target_os = "linux")]
    std::fs::read_dir("/sys/class/tty")
        .map_err(|error| Error::of_system(ErrorCode::Port, WHAT, &error))?;
    let found = serialport::available_ports()
        .map_err(|error| Error::new(ErrorCode::Port, format!("{WHAT}: {error}")))?;
    let mut ports: Vec<PortInfo> = found.into_iter().map(describe).collect();
    ports.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(ports)
}

fn describe(port: serialport::SerialPortInfo) -> PortInfo {
    let (description, usb, serial_number) = match port.port_type {
        SerialPortType::UsbPort(usb) => {
            let words: Vec<String> = [usb.manufacturer, usb.product]
                .into_iter()
                .flatten()
                .collect();
            let description = if words.is_empty() {
                format!("USB {:04x}:{:04x}", usb.vid, usb.pid)
            } else {
                words.join(" ")
            };
            let serial_number = usb.serial_number.filter(|number| !number.is_empty());
            (description, Some((usb.vid, usb.pid)), serial_number)
        }
        SerialPortType::BluetoothPort => ("Bluetooth".to_owned(), None, None),
        SerialPortType::PciPort => ("PCI".to_owned(), None, None),
        SerialPortType::Unknown => (String::new(), None, None),
    };
    PortInfo {
        name: port.port_name,
        description,
        usb,
        serial_number,
    }
}
