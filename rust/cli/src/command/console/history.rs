//! The lines of earlier sessions, for their owner only.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use m531x_at::redact::redact;

/// How many lines are kept.
const LIMIT: usize = 1000;

/// Whether a line may be kept: not one with a password or a PIN, nor one that begins with a space.
pub(super) fn may_be_kept(line: &str) -> bool {
    let redacted = redact(line.as_bytes());
    !line.starts_with(' ') && redacted.as_ref() == line.as_bytes()
}

/// `$XDG_STATE_HOME/m531x/history`; `None` without a home.
pub(super) fn path() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("m531x").join("history"))
}

/// The lines, oldest first; a history that cannot be read is empty.
pub(super) fn load(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LIMIT);
    lines[from..].iter().map(|&line| line.to_owned()).collect()
}

/// Adds a line; a history that cannot be written is no reason to disturb.
pub(super) fn append(path: &Path, line: &str) {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    if let Some(folder) = path.parent() {
        let _ = fs::create_dir_all(folder);
    }
    if let Ok(mut file) = options.open(path) {
        let _ = writeln!(file, "{line}");
    }
}

/// Forgets what is more than the limit; to be called once, at the beginning.
pub(super) fn trim(path: &Path, lines: &[String]) {
    let kept = fs::read_to_string(path).map_or(0, |text| text.lines().count());
    if kept > LIMIT {
        // The file keeps its rights: it is written anew, not replaced.
        let _ = fs::write(path, lines.join("\n") + "\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_kept() {
        assert!(may_be_kept("AT+CSQ"));
        assert!(may_be_kept("AT+MQTTCFG?"));
        assert!(!may_be_kept(
            "AT+MQTTCFG=\"h\",1883,\"c\",60,\"u\",\"geheim\",1"
        ));
        assert!(!may_be_kept(
            "at+mqttcfg=\"h\",1883,\"c\",60,\"u\",\"geheim\",1"
        ));
        assert!(!may_be_kept("AT+CPIN=1234"));
        assert!(!may_be_kept(" AT"));
    }

    #[test]
    fn the_last_lines_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m531x/history");
        assert_eq!(load(&path), [""; 0]);
        for number in 0..LIMIT + 5 {
            append(&path, &number.to_string());
        }
        let lines = load(&path);
        assert_eq!((lines.len(), lines[0].as_str()), (LIMIT, "5"));
        trim(&path, &lines);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), LIMIT);
    }
}
