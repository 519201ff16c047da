//! Options of `pub` and `sub` from a file.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Command;

use crate::failure::Failure;

/// The commands that read options from a file.
const READERS: [&str; 2] = ["pub", "sub"];

/// Puts the options of the user's file in front of those on the command line, which so prevail; the file
/// is returned too, if there is one.
pub(crate) fn with_file(
    arguments: Vec<OsString>,
    command_line: &Command,
) -> Result<(Vec<OsString>, Option<PathBuf>), Failure> {
    let Some(name) = READERS
        .into_iter()
        .find(|name| arguments.get(1).is_some_and(|given| given == name))
    else {
        return Ok((arguments, None));
    };
    let Some(file) = named(&arguments, command_line, name).or_else(|| usual(name)) else {
        return Ok((arguments, None));
    };
    let text = fs::read(&file).map_err(|error| unreadable(&file, &error))?;
    let options =
        read(&text).map_err(|wrong| Failure::Usage(format!("{}: {wrong}", file.display())))?;
    let (before, after) = arguments.split_at(2);
    Ok(([before, &options, after].concat(), Some(file)))
}

/// The file that `-o` names.
fn named(arguments: &[OsString], command_line: &Command, name: &str) -> Option<PathBuf> {
    let tried = command_line.clone().ignore_errors(true);
    let matches = tried.try_get_matches_from(arguments).ok()?;
    let matches = matches.subcommand_matches(name)?;
    matches.try_get_one::<PathBuf>("options").ok()?.cloned()
}

/// `m531x` in the folder of the user's settings: a file for both commands, or a folder with one
/// for each.
fn usual(name: &str) -> Option<PathBuf> {
    let path = settings_folder()?.join("m531x");
    let file = if path.is_dir() { path.join(name) } else { path };
    file.is_file().then_some(file)
}

fn settings_folder() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    if cfg!(windows) {
        return set("APPDATA").map(PathBuf::from);
    }
    set("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".config")))
}

/// One option on each line, its value behind a space as it stands; `#` begins a comment.
fn read(text: &[u8]) -> Result<Vec<OsString>, String> {
    let mut options = Vec::new();
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_start();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if !line.starts_with(b"-") {
            return Err(format!(
                "line {number} does not begin with an option, such as -h"
            ));
        }
        let words = line.splitn(2, |byte| *byte == b' ');
        for word in words.filter(|word| !word.is_empty()) {
            options.push(argument(word, number)?);
        }
    }
    Ok(options)
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere arguments are text")]
fn argument(bytes: &[u8], _: usize) -> Result<OsString, String> {
    use std::os::unix::ffi::OsStringExt;

    Ok(OsString::from_vec(bytes.to_vec()))
}

#[cfg(not(unix))]
fn argument(bytes: &[u8], line: usize) -> Result<OsString, String> {
    let text = String::from_utf8(bytes.to_vec()).map_err(|_| format!("line {line} is not text"))?;
    Ok(text.into())
}

fn unreadable(file: &Path, error: &io::Error) -> Failure {
    Failure::Usage(format!(
        "the options in {} cannot be read: {error}",
        file.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_line_is_an_option_and_its_value() {
        let text = b"# broker\n-h broker.example\r\n\n  --will-payload gone for now\n-v\n-m -5";
        let expected = [
            "-h",
            "broker.example",
            "--will-payload",
            "gone for now",
            "-v",
            "-m",
            "-5",
        ];
        assert_eq!(read(text).unwrap(), expected);
        assert!(read(b"-v\nhost x").unwrap_err().contains("line 2"));
    }
}
