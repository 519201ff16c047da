//! What was recorded against what comes out now.

use std::collections::{BTreeMap, VecDeque};

use m531x_at::recording::EscapedBytes;

/// What the replay has given and the recording not yet.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    sent: VecDeque<EscapedBytes>,
    results: BTreeMap<u64, String>,
}

impl Comparison {
    pub(super) fn sends(&mut self, bytes: EscapedBytes) {
        self.sent.push_back(bytes);
    }

    pub(super) fn results_in(&mut self, number: u64, text: String) {
        self.results.insert(number, text);
    }

    /// Whether this is what was sent; else what is different.
    pub(super) fn sent(&mut self, recorded: &EscapedBytes) -> Vec<String> {
        match self.sent.iter().position(|sent| is_alike(recorded, sent)) {
            Some(place) => {
                let surplus = self.sent.drain(..=place).take(place);
                surplus
                    .map(|sent| format!("sent now, but not recorded: {sent}"))
                    .collect()
            }
            None => vec![match self.sent.pop_front() {
                Some(sent) => format!("recorded: {recorded}, sent now: {sent}"),
                None => format!("recorded, but not sent now: {recorded}"),
            }],
        }
    }

    /// Whether this is how the operation ended; else what is different.
    pub(super) fn result(&mut self, number: u64, recorded: &str) -> Option<String> {
        match self.results.remove(&number) {
            Some(text) if text == recorded => None,
            Some(text) => Some(format!(
                "operation {number}: recorded: {recorded}, now: {text}"
            )),
            None => Some(format!(
                "operation {number} has not ended now, but so it was recorded: {recorded}"
            )),
        }
    }

    /// What the recording never mentioned.
    pub(super) fn rest(&mut self) -> Vec<String> {
        let sent = self.sent.drain(..);
        sent.map(|sent| format!("sent now, but not recorded: {sent}"))
            .collect()
    }
}

fn is_alike(recorded: &EscapedBytes, sent: &EscapedBytes) -> bool {
    recorded == sent || recorded.is_redacted() && recorded.matches(sent.bytes())
}
