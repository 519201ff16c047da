//! Text to entries.

use std::fmt;
use std::time::Duration;

use super::{Entry, EntryKind, EscapedBytes, Header, TITLE, VERSION};

/// A recording that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// What stands ahead of the entries.
    pub header: Header,
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// The number of each entry's line in the text, counted from 1.
    pub lines: Vec<usize>,
}

/// Why a text is no recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The number of the line, counted from 1.
    pub line: usize,
    what: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for ParseError {}

/// Reads a recording.
///
/// A last line that has no end is taken for one that was cut off when the recording process died, and
/// is left out if it cannot be read.
///
/// # Errors
///
/// The first line that is not of the format, and why; a version that is newer than this library.
pub fn parse(text: &str) -> Result<Recording, ParseError> {
    let mut recording = Recording::default();
    let mut lines = text.lines().enumerate();
    check_title(lines.next().map_or("", |(_, line)| line))?;
    let count = text.lines().count();
    for (index, line) in lines {
        let number = index + 1;
        if let Some(comment) = line.strip_prefix('#') {
            take_header(&mut recording.header, comment);
        } else if !line.trim().is_empty() {
            match entry(line) {
                Ok(entry) => {
                    recording.entries.push(entry);
                    recording.lines.push(number);
                }
                Err(_) if number == count && !text.ends_with('\n') => {}
                Err(what) => return Err(ParseError { line: number, what }),
            }
        }
    }
    Ok(recording)
}

fn check_title(line: &str) -> Result<(), ParseError> {
    let refused = |what: String| Err(ParseError { line: 1, what });
    let Some(version) = line.strip_prefix(TITLE) else {
        return refused(format!("not a recording: it does not begin with {TITLE:?}"));
    };
    match version.trim().parse::<u32>() {
        Ok(1..=VERSION) => Ok(()),
        Ok(newer) => refused(format!(
            "version {newer} of the format is not known here, only up to {VERSION}; use a newer m531x"
        )),
        Err(_) => refused(format!("{version:?} is no version number")),
    }
}

fn take_header(header: &mut Header, comment: &str) {
    let Some((name, value)) = comment.split_once(':') else {
        return;
    };
    let value = match value.trim().parse::<EscapedBytes>() {
        Ok(bytes) => String::from_utf8_lossy(bytes.bytes()).into_owned(),
        Err(_) => return,
    };
    match name.trim() {
        "library" => header.library = value,
        "started" => header.started = value,
        "port" => header.port = value,
        "model" => header.model = value,
        "baudrate" => header.baudrate = value,
        _ => {}
    }
}

fn entry(line: &str) -> Result<Entry, String> {
    let line = line.trim_start();
    let (time, rest) = line.split_once(' ').unwrap_or((line, ""));
    let at = seconds(time).ok_or_else(|| format!("{time:?} is no time in seconds"))?;
    let mut signs = rest.chars();
    let sign = signs.next();
    // Only these: other blanks of Unicode are bytes that passed.
    let text = signs.as_str().trim_matches(' ');
    let what = match sign {
        Some('>') => EntryKind::ToModule(text.parse()?),
        Some('<') => EntryKind::FromModule(text.parse()?),
        Some('?') => EntryKind::Request(text.to_owned()),
        Some('=') => EntryKind::Result(text.to_owned()),
        Some('@') => EntryKind::Session(text.to_owned()),
        Some('!') => EntryKind::Note(text.to_owned()),
        _ => return Err("a sign is missing: one of > < ? = @ !".to_owned()),
    };
    Ok(Entry { at, what })
}

/// Reads a time in seconds: digits, and up to nine more after a point. Not by way of a float, which would
/// round.
pub fn seconds(text: &str) -> Option<Duration> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 9 {
        return None;
    }
    let nanos: u32 = format!("{part:0<9}").parse().ok()?;
    let whole: u32 = whole.parse().ok()?;
    Some(Duration::new(whole.into(), nanos))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::EscapedBytes;
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        let header = Header {
            library: "0.1.0".into(),
            started: "2026-11-22T19:08:13.123456Z".into(),
            port: "/dev/a port\n".into(),
            model: "auto".into(),
            baudrate: "9600".into(),
        };
        let whats = [
            EntryKind::ToModule(EscapedBytes::plain(b"AT\r")),
            EntryKind::FromModule(EscapedBytes::plain(b"\r\n \xff\r\n")),
            EntryKind::Request("0 startup".into()),
            EntryKind::Result("0 ok".into()),
            EntryKind::Session("timer".into()),
            EntryKind::Note("3 entries were dropped".into()),
        ];
        let mut text = header.to_string();
        let mut entries = Vec::new();
        for (what, at) in whats.into_iter().zip(0..) {
            let at = Duration::from_micros(at * 1_234_567);
            let entry = Entry { at, what };
            writeln!(text, "{entry}").unwrap();
            entries.push(entry);
        }
        let recording = parse(&text).unwrap();
        assert_eq!(recording.header, header);
        assert_eq!(recording.entries, entries);
        assert_eq!(recording.lines, [8, 9, 10, 11, 12, 13]);
    }

    #[test]
    fn a_line_that_was_cut_off_by_the_end_is_left_out() {
        let text = "# m531x recording 1\n0.1 > AT\\r\n0.2 < \\r\\nO\\";
        assert_eq!(parse(text).unwrap().entries.len(), 1);
        let whole = format!("{text}\n");
        assert_eq!(parse(&whole).unwrap_err().line, 3);
    }

    #[test]
    fn what_is_no_recording_is_refused_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("AT\r\nOK\r\n", 1),
            ("# m531x recording x\n", 1),
            ("# m531x recording 2\n", 1),
            ("# m531x recording 0\n", 1),
            ("# m531x recording 1\nnonsense\n", 2),
            ("# m531x recording 1\n\n1.5 AT\n", 3),
            ("# m531x recording 1\n-1 > AT\n", 2),
            ("# m531x recording 1\n1e3 > AT\n", 2),
            ("# m531x recording 1\n99999999999 > AT\n", 2),
        ] {
            assert_eq!(parse(text).unwrap_err().line, line, "{text:?}");
        }
    }
}
