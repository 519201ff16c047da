//! `usb:SERIAL` and `usb:VID:PID`: a USB adapter under any name.

use super::{PortInfo, ports};
use crate::{Error, ErrorCode};

/// The name that the adapter has now.
pub(super) fn device_of(port: &str, wanted: &str) -> Result<String, Error> {
    choose(port, wanted, ports()?)
}

fn choose(port: &str, wanted: &str, ports: Vec<PortInfo>) -> Result<String, Error> {
    if wanted.is_empty() {
        return Err(Error::new(
            ErrorCode::InvalidArgument,
            format!(
                "port {port:?}: the adapter's serial number is needed, as in usb:A50285BI, or vendor and product, \
                 as in usb:10c4:ea60"
            ),
        ));
    }
    let kind = vendor_and_product(wanted);
    let is_it = |port: &PortInfo| match kind {
        Some(kind) => port.usb == Some(kind),
        None => port.serial_number.as_deref() == Some(wanted),
    };
    let (of_it, others): (Vec<_>, Vec<_>) = ports.into_iter().partition(is_it);
    match of_it.as_slice() {
        [only] => Ok(only.name.clone()),
        [] => Err(missing(wanted, kind.is_some(), &others)),
        several => {
            let names: Vec<_> = several.iter().map(|port| port.name.as_str()).collect();
            Err(Error::new(
                ErrorCode::InvalidArgument,
                format!(
                    "port {port:?} is not one port but {}: open one of them by its name, or by its link in \
                     /dev/serial/by-id or by-path",
                    names.join(", ")
                ),
            ))
        }
    }
}

/// Two numbers of four hex digits: no serial number has a colon.
fn vendor_and_product(wanted: &str) -> Option<(u16, u16)> {
    let number = |digits: &str| {
        let plain = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        plain
            .then(|| u16::from_str_radix(digits, 16).ok())
            .flatten()
    };
    let (vendor, product) = wanted.split_once(':')?;
    Some((number(vendor)?, number(product)?))
}

fn missing(wanted: &str, by_kind: bool, others: &[PortInfo]) -> Error {
    let (what, known): (_, Vec<_>) = if by_kind {
        let kinds = others.iter().filter_map(|port| port.usb);
        let kinds = kinds.map(|(vendor, product)| format!("{vendor:04x}:{product:04x}"));
        ("vendor and product", kinds.collect())
    } else {
        let numbers = others.iter().filter_map(|port| port.serial_number.clone());
        ("the serial number", numbers.collect())
    };
    let there = match known.as_slice() {
        [] if by_kind => "no USB adapter is plugged in".to_owned(),
        [] => "no adapter that is plugged in has one".to_owned(),
        known => format!("there are: {}", known.join(", ")),
    };
    Error::new(
        ErrorCode::PortNotFound,
        format!("there is no USB adapter with {what} {wanted}; {there}"),
    )
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
    fn an_adapter_is_found_by_vendor_and_product_too() {
        let of_kind = |name: &str, usb| PortInfo {
            usb: Some(usb),
            ..port(name, None)
        };
        let ports = || {
            vec![
                of_kind("/dev/ttyUSB1", (0x10c4, 0xea60)),
                of_kind("/dev/ttyUSB2", (0x1a86, 0x7523)),
                of_kind("/dev/ttyUSB3", (0x1a86, 0x7523)),
            ]
        };
        let found = choose("usb:10C4:ea60", "10C4:ea60", ports());
        assert_eq!(found.unwrap(), "/dev/ttyUSB1");
        let error = choose("usb:1a86:7523", "1a86:7523", ports()).unwrap_err();
        assert!(error.to_string().contains("by-path"), "{error}");
        let error = choose("usb:1234:5678", "1234:5678", ports()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PortNotFound);
        assert!(
            error.to_string().contains("10c4:ea60, 1a86:7523"),
            "{error}"
        );
        let error = choose("usb:1234:5678", "1234:5678", Vec::new()).unwrap_err();
        assert!(error.to_string().contains("no USB adapter is"), "{error}");
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
