//! Lines for the console itself.

/// What the lines with a colon do.
pub(super) const HELP: &str = "\
AT...           goes to the module; Tab completes
:record FILE    records into a file, :record ends that
:hex            shows payloads and lines in hex, and back
:help           this
:quit           ends, as Ctrl-D does";

/// A line for the console.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Help,
    Quit,
    Hex,
    /// Into this file, or no longer.
    Record(Option<String>),
}

/// The names, for completion.
#[cfg(feature = "line-editing")]
pub(super) const NAMES: [&str; 4] = [":help", ":hex", ":quit", ":record"];

impl Directive {
    /// `None` for a line that goes to the module; an error for an unknown one.
    pub(super) fn read(line: &str) -> Option<Result<Self, String>> {
        let words = line.strip_prefix(':')?;
        let (name, rest) = words.split_once(' ').unwrap_or((words, ""));
        let rest = rest.trim();
        Some(match (name, rest) {
            ("help" | "h" | "?", "") => Ok(Self::Help),
            ("quit" | "q" | "exit", "") => Ok(Self::Quit),
            ("hex", "") => Ok(Self::Hex),
            ("record", "" | "off") => Ok(Self::Record(None)),
            ("record", file) => Ok(Self::Record(Some(file.to_owned()))),
            _ => Err(format!(
                "{line} is nothing the console knows; :help lists what there is"
            )),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_a_colon_are_for_the_console() {
        assert_eq!(Directive::read("AT+CSQ"), None);
        assert_eq!(Directive::read(":q"), Some(Ok(Directive::Quit)));
        let file = Some("a b.rec".to_owned());
        assert_eq!(
            Directive::read(":record  a b.rec "),
            Some(Ok(Directive::Record(file)))
        );
        assert_eq!(
            Directive::read(":record"),
            Some(Ok(Directive::Record(None)))
        );
        assert!(Directive::read(":dance").unwrap().is_err());
    }
}
