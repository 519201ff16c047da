//! Line editing with history and completion.

use std::path::PathBuf;
use std::sync::Arc;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::{History, MemHistory};
use rustyline::validate::Validator;
use rustyline::{ColorMode, CompletionType, Config, Context, Editor, Helper};

use super::history;
use super::names::completions;
use super::screen::Printer;
use super::typed::Typed;
use super::typed_line::{PROMPT, TypedLine};
use crate::failure::Failure;

pub(super) struct LineEditor {
    editor: Editor<Assistant, MemHistory>,
    line: Arc<TypedLine>,
    /// Where lines are kept.
    kept: Option<PathBuf>,
}

impl LineEditor {
    pub(super) fn new(keeps: bool) -> Result<Self, Failure> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .auto_add_history(false)
            // It asks the assistant about colours only then; there are none in the line.
            .color_mode(ColorMode::Forced)
            .build();
        let mut memory = MemHistory::with_config(&config);
        let kept = if keeps { history::path() } else { None };
        if let Some(path) = &kept {
            let lines = history::load(path);
            history::trim(path, &lines);
            for line in &lines {
                memory.add(line).map_err(failed)?;
            }
        }
        let mut editor = Editor::with_history(config, memory).map_err(failed)?;
        let line = Arc::new(TypedLine::default());
        editor.set_helper(Some(Assistant(Arc::clone(&line))));
        Ok(Self { editor, line, kept })
    }

    pub(super) fn line(&mut self) -> Result<Typed, Failure> {
        self.line.begin();
        let typed = self.editor.readline(PROMPT);
        self.line.end();
        match typed {
            Ok(line) => {
                self.keep(&line)?;
                Ok(Typed::Line(line))
            }
            Err(ReadlineError::Interrupted) => Ok(Typed::Interrupted),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(error) => Err(failed(error)),
        }
    }

    pub(super) fn printer(&self) -> Printer {
        let line = Arc::clone(&self.line);
        Box::new(move |text| line.print_above(text))
    }

    fn keep(&mut self, line: &str) -> Result<(), Failure> {
        let line = line.trim_end();
        if line.is_empty() || !history::may_be_kept(line) {
            return Ok(());
        }
        let is_new = self.editor.history_mut().add(line).map_err(failed)?;
        if let Some(path) = self.kept.as_ref().filter(|_| is_new) {
            history::append(path, line);
        }
        Ok(())
    }
}

/// Completes the first word, and keeps account of what is typed.
///
/// The editor's own way to print beside the line forgets keys that come together (pasted, or typed
/// ahead), so the account is kept here.
struct Assistant(Arc<TypedLine>);

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line.get(..at).unwrap_or_default();
        let found = completions(typed).into_iter().map(str::to_owned);
        Ok((0, found.collect()))
    }
}

impl Hinter for Assistant {
    type Hint = String;

    /// Asked after every change; an empty hint has the editor draw the whole line.
    fn hint(&self, line: &str, at: usize, _: &Context<'_>) -> Option<String> {
        self.0.change(line, at);
        Some(String::new())
    }
}

impl Highlighter for Assistant {
    /// Asked after every movement too.
    fn highlight_char(&self, line: &str, at: usize, _: CmdKind) -> bool {
        self.0.change(line, at);
        true
    }
}

impl Validator for Assistant {}
impl Helper for Assistant {}

fn failed(error: ReadlineError) -> Failure {
    Failure::Failed(format!("the terminal: {error}"))
}
