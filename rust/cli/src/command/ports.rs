//! `m531x ports`.

use std::io::{Write, stderr, stdout};

use clap::Args;
use serde_json::json;

use crate::failure::Failure;

#[derive(Args)]
#[command(after_help = "Example:\n  m531x ports")]
pub(crate) struct Arguments {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let ports = m531x_core::ports()?;
        let mut out = stdout().lock();
        if self.json {
            let list: Vec<_> = ports
                .iter()
                .map(|port| {
                    json!({
                        "name": port.name,
                        "description": port.description,
                        "usb": port.usb.map(|(vendor, product)| format!("{vendor:04x}:{product:04x}")),
                        "serial_number": port.serial_number,
                    })
                })
                .collect();
            writeln!(out, "{}", json!(list))?;
        } else if ports.is_empty() {
            writeln!(
                stderr(),
                "no serial port found: is the adapter plugged in? (virtual:// needs none)"
            )?;
        } else {
            for port in ports {
                let adapter = port.serial_number.map(|number| format!("usb:{number}"));
                let known = [Some(port.name), Some(port.description), adapter];
                let columns: Vec<_> = known.into_iter().flatten().collect();
                // What is not known at the end leaves no tab behind.
                writeln!(out, "{}", columns.join("\t").trim_end())?;
            }
        }
        Ok(())
    }
}
