//! From bytes of the host to command lines.

/// Assembles command lines. CR ends one; LF is ignored wherever it stands, so CR LF ends one too.
#[derive(Debug)]
pub(super) struct LineReader {
    buffer: Vec<u8>,
    limit: usize,
    too_long: bool,
}

/// What a CR completed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    Line(Vec<u8>),
    /// The line buffer was too small; the line is gone.
    TooLong,
}

impl LineReader {
    /// `limit` is the longest line in bytes, its CR included.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            limit,
            too_long: false,
        }
    }

    pub(super) fn push(&mut self, byte: u8) -> Option<Input> {
        match byte {
            b'\n' => None,
            b'\r' => {
                let line = std::mem::take(&mut self.buffer);
                if std::mem::take(&mut self.too_long) {
                    Some(Input::TooLong)
                } else {
                    (!line.is_empty()).then_some(Input::Line(line))
                }
            }
            // A person types: 3GPP TS 27.007 takes the line editing character from V.250 (S5).
            0x08 => {
                self.buffer.pop();
                None
            }
            byte => {
                if self.buffer.len() + 1 < self.limit {
                    self.buffer.push(byte);
                } else {
                    self.too_long = true;
                }
                None
            }
        }
    }

    /// Whether a line has begun and not ended.
    pub(super) fn is_partial(&self) -> bool {
        !self.buffer.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.buffer.clear();
        self.too_long = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(limit: usize, bytes: &[u8]) -> Vec<Input> {
        let mut reader = LineReader::new(limit);
        bytes.iter().filter_map(|byte| reader.push(*byte)).collect()
    }

    #[test]
    fn cr_and_cr_lf_end_a_line_and_make_no_empty_one() {
        let expected = vec![Input::Line(b"AT".to_vec()), Input::Line(b"ATI".to_vec())];
        assert_eq!(lines(64, b"AT\rATI\r"), expected);
        assert_eq!(lines(64, b"AT\r\nATI\r\n\r\n"), expected);
    }

    #[test]
    fn a_line_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
        assert_eq!(lines(5, b"ATE0\r"), [Input::Line(b"ATE0".to_vec())]);
        assert_eq!(
            lines(5, b"AT+GG\rAT\r"),
            [Input::TooLong, Input::Line(b"AT".to_vec())]
        );
    }

    #[test]
    fn a_backspace_takes_back_a_byte() {
        assert_eq!(lines(64, b"ATX\x08\r"), [Input::Line(b"AT".to_vec())]);
    }
}
