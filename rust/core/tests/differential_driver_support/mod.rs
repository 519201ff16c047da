//! Random scenarios of a modem that several threads use at once, and what must be so whenever they rest.

pub(crate) mod control;
pub(crate) mod model;
pub(crate) mod plan;
pub(crate) mod scenario;
pub(crate) mod watcher;
pub(crate) mod workers;
