//! The findings so far.

use super::{CheckResult, Diagnosis, Finding, News, STEPS};

/// Collects what is found; after a failure nothing more is looked at.
pub(super) struct Examination<F> {
    report: F,
    findings: Vec<Finding>,
    failed: bool,
}

impl<F: FnMut(News<'_>)> Examination<F> {
    pub(super) fn new(report: F) -> Self {
        Self {
            report,
            findings: Vec::new(),
            failed: false,
        }
    }

    pub(super) fn trying(&mut self, what: &str) {
        (self.report)(News::Trying(what));
    }

    pub(super) fn ok(&mut self, step: &'static str, text: impl Into<String>) {
        self.find(step, CheckResult::Ok, text.into(), None);
    }

    pub(super) fn warn(&mut self, step: &'static str, text: impl Into<String>, remedy: &str) {
        self.find(
            step,
            CheckResult::Warning,
            text.into(),
            Some(remedy.to_owned()),
        );
    }

    pub(super) fn fail(
        &mut self,
        step: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.failed = true;
        self.find(step, CheckResult::Failed, text.into(), Some(remedy.into()));
    }

    pub(super) fn skip(&mut self, step: &'static str, text: &str) {
        self.find(step, CheckResult::Skipped, text.to_owned(), None);
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Marks as skipped what was not looked at.
    pub(super) fn finish(mut self) -> Diagnosis {
        if self.failed {
            let from = self.findings.len();
            for step in STEPS.iter().skip(from) {
                self.skip(step, "not looked at");
            }
        }
        Diagnosis {
            findings: self.findings,
        }
    }

    fn find(
        &mut self,
        step: &'static str,
        verdict: CheckResult,
        text: String,
        remedy: Option<String>,
    ) {
        let finding = Finding {
            step,
            verdict,
            text,
            remedy,
        };
        (self.report)(News::Found(&finding));
        self.findings.push(finding);
    }
}
