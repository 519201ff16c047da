//! Random lives of a modem that several threads use at once, and what must be so whenever they rest.

pub(crate) mod control;
pub(crate) mod crew;
pub(crate) mod life;
pub(crate) mod model;
pub(crate) mod plan;
pub(crate) mod watcher;
