//! The command `m531x`, as the wheel brings it.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command line, the program's name first; gives the exit code.
#[pyfunction]
pub(crate) fn command_line(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| m531x_cli::run(arguments))
}
