//! Bytes as one line of text.

pub(super) use crate::printable::write;

/// A space at either end would be invisible, and lost by an editor.
pub(super) fn mark_spaces(text: &mut String) {
    if text.ends_with(' ') {
        text.pop();
        text.push_str("\\x20");
    }
    if text.starts_with(' ') {
        text.replace_range(..1, "\\x20");
    }
}
