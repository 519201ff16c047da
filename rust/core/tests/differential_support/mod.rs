//! Random lives of a session, and the few truths that hold in all of them.

pub(crate) mod life;
pub(crate) mod model;
pub(crate) mod shrink;
pub(crate) mod step;
pub(crate) mod words;
