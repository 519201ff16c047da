//! The checklist as a table and as JSON.

use std::fmt;

use serde_json::json;

/// What the checklist asks for, as it stands there.
const STEPS: [&str; 12] = [
    "`m531x demo`",
    "start `m531x virtual-modem` in one console; in another `m531x at --port PORT AT+CSQ` with the port it printed",
    "`m531x sub --port virtual:// -h broker.example -t a`, then Ctrl-C",
    "`m531x ports`",
    "`m531x doctor --port COMn`",
    "keep the port open in a terminal program, and run step 5 again",
    "`m531x console --port COMn`, then pull the adapter and plug it in again",
    "`m531x at --port COMn --baudrate 115200 AT` and `... 9600 AT`",
    "`m531x sub --port COMn -h YOUR-BROKER -t test -v`, and `m531x pub` from another computer",
    "the same, and send the computer to sleep for a minute",
    "`pip install m531x-...-win_amd64.whl` into a Python 3.10 or later, `python -m m531x demo`",
    "LabVIEW: import `include\\m531x_labview.h`, open `virtual://`, abort the VI while it waits, run `m531x_close_all`, run again",
];

/// What is known of a step.
pub(super) enum Outcome {
    Passed(String),
    Failed(String),
    /// A person has to do it; the text says how far a program came, or what it lacks.
    ByHand(String),
}

/// What all steps came to, and where.
pub(super) struct Report {
    pub(super) system: String,
    pub(super) adapter: String,
    pub(super) module: String,
    pub(super) outcomes: [Outcome; STEPS.len()],
}

impl Report {
    fn steps(&self) -> impl Iterator<Item = (usize, &'static str, &Outcome)> {
        STEPS
            .iter()
            .zip(&self.outcomes)
            .enumerate()
            .map(|(index, (step, outcome))| (index + 1, *step, outcome))
    }

    /// The steps with this verdict.
    pub(super) fn numbers(&self, verdict: &str) -> String {
        let numbers: Vec<String> = self
            .steps()
            .filter(|(_, _, outcome)| outcome.verdict() == verdict)
            .map(|(number, _, _)| number.to_string())
            .collect();
        numbers.join(", ")
    }

    pub(super) fn object(&self) -> serde_json::Value {
        let steps: Vec<_> = self
            .steps()
            .map(|(number, step, outcome)| {
                json!({ "number": number, "do": step, "verdict": outcome.verdict(), "text": outcome.text() })
            })
            .collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "system": self.system,
            "adapter": self.adapter,
            "module": self.module,
            "steps": steps,
        })
    }
}

impl Outcome {
    fn verdict(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::Failed(_) => "failed",
            Self::ByHand(_) => "by hand",
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Passed(text) | Self::Failed(text) | Self::ByHand(text) => text,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| # | do | result |\n|--:|---|---|")?;
        for (number, step, outcome) in self.steps() {
            let text = cell(outcome.text());
            let colon = if text.is_empty() { "" } else { ": " };
            writeln!(
                f,
                "| {number} | {step} | {}{colon}{text} |",
                outcome.verdict()
            )?;
        }
        writeln!(f, "\n| report | |\n|---|---|")?;
        writeln!(f, "| m531x | {} |", env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "| system | {} |", cell(&self.system))?;
        writeln!(f, "| adapter | {} |", cell(&self.adapter))?;
        writeln!(
            f,
            "| module and firmware (step 5) | {} |",
            cell(&self.module)
        )?;
        for verdict in ["passed", "failed", "by hand"] {
            writeln!(f, "| {verdict} | {} |", self.numbers(verdict))?;
        }
        Ok(())
    }
}

/// Text that does not end a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}
