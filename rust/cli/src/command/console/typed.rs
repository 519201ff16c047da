//! What a person or a pipe gave.

/// What was typed.
pub(super) enum Typed {
    Line(String),
    /// Ctrl-C.
    #[cfg_attr(
        not(feature = "line-editing"),
        allow(dead_code, reason = "without the editor it is a signal")
    )]
    Interrupted,
    /// Ctrl-D, or the end of the pipe.
    End,
}
