//! `usb:SERIAL`: a USB adapter by its own serial number, under any name.

use super::{PortInfo, ports};
use crate::{Error, ErrorCode};

/// The name that the adapter has now.
pub(super) fn device_of(port: &str, serial_number: &str) -> Result<String, Error> {
    choose(port, serial_number, ports()?)
}

fn choose(port: &str, serial_number: &str, ports: Vec<PortInfo>) -> Result<String, Error> {
    if serial_number.is_empty() {
        return Err(Error::new(
            ErrorCode::InvalidArgument,
            format!("port {port:?}: the adapter's serial number is needed, as in usb:A50285BI"),
        ));
    }
    let (of_it, others): (Vec<_>, Vec<_>) = ports
        .into_iter()
        .partition(|port| port.serial_number.as_deref() == Some(serial_number));
    match of_it.as_slice() {
        [only] => Ok(only.name.clone()),
        [] => {
            let known: Vec<_> = others
                .into_iter()
                .filter_map(|port| port.serial_number)
                .collect();
            let there = match known.as_slice() {
                [] => "no adapter that is plugged in has one".to_owned(),
                known => format!("there are: {}", known.join(", ")),
            };
            Err(Error::new(
                ErrorCode::PortNotFound,
                format!("there is no USB adapter with the serial number {serial_number}; {there}"),
            ))
        }
        several => {
            let names: Vec<_> = several.iter().map(|port| port.name.as_str()).collect();
            Err(Error::new(
                ErrorCode::InvalidArgument,
                format!(
                    "port {port:?} is not one port but {}: open one of them by its name, or by its link in /dev/serial/by-id",
                    names.join(", ")
                ),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str, serial_number: Option<&str>) -> PortInfo {
        PortInfo {
            name: name.to_owned(),
            description: String::new(),
            usb: None,
            serial_number: serial_number.map(str::to_owned),
        }
    }

    fn plugged_in() -> Vec<PortInfo> {
        vec![
            port("/dev/ttyS0", None),
            port("/dev/ttyUSB1", Some("A5")),
            port("/dev/ttyUSB2", Some("B7")),
            port("/dev/ttyUSB3", Some("B7")),
        ]
    }

    #[test]
    fn an_adapter_is_found_under_whatever_name_it_has() {
        assert_eq!(
            choose("usb:A5", "A5", plugged_in()).unwrap(),
            "/dev/ttyUSB1"
        );
        let elsewhere = vec![port("/dev/ttyUSB9", Some("A5"))];
        assert_eq!(choose("usb:A5", "A5", elsewhere).unwrap(), "/dev/ttyUSB9");
    }

    #[test]
    fn one_that_is_missing_names_those_that_are_there() {
        let error = choose("usb:C9", "C9", plugged_in()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PortNotFound);
        assert!(error.to_string().contains("A5, B7"), "{error}");
        let error = choose("usb:C9", "C9", Vec::new()).unwrap_err();
        assert!(error.to_string().contains("no adapter"), "{error}");
    }

    #[test]
    fn an_adapter_with_several_ports_names_them() {
        let error = choose("usb:B7", "B7", plugged_in()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
        assert!(
            error.to_string().contains("/dev/ttyUSB2, /dev/ttyUSB3"),
            "{error}"
        );
        let error = choose("usb:", "", plugged_in()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
    }
}
