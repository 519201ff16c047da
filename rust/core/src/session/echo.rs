//! The echo of a command.

/// Recognises the echo of one command by the exact text that was sent, once, in one piece or in
/// several (a URC can fall into the middle of an echo).
#[derive(Clone, Debug)]
pub(super) struct Echo {
    text: Vec<u8>,
    seen: usize,
}

impl Echo {
    pub(super) fn new(text: &[u8]) -> Self {
        Self {
            text: text.to_vec(),
            seen: 0,
        }
    }

    /// Whether the line is the echo, or the next piece of it.
    pub(super) fn takes(&mut self, line: &[u8]) -> bool {
        let rest = &self.text[self.seen..];
        // A single first byte is too little to distinguish an echo from noise.
        let long_enough = self.seen > 0 || line.len() > 1;
        if line.is_empty() || !long_enough || !rest.starts_with(line) {
            return false;
        }
        self.seen += line.len();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Echo;

    #[test]
    fn the_exact_text_is_an_echo_once() {
        let mut echo = Echo::new(b"AT+CSQ");
        assert!(echo.takes(b"AT+CSQ"));
        assert!(!echo.takes(b"AT+CSQ"));
    }

    #[test]
    fn an_echo_in_pieces_is_recognised() {
        let mut echo = Echo::new(b"AT+CSQ");
        assert!(echo.takes(b"AT+C"));
        assert!(!echo.takes(b"+MQTTREC:0"));
        assert!(echo.takes(b"SQ"));
        assert!(!echo.takes(b"SQ"));
    }

    #[test]
    fn another_command_is_no_echo() {
        let mut echo = Echo::new(b"AT+CSQ");
        assert!(!echo.takes(b"AT+CSQ?"));
        assert!(!echo.takes(b"A"));
        assert!(!echo.takes(b""));
    }
}
