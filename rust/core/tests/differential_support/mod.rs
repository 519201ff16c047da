//! Random scenarios of a session, and the few invariants that hold in all of them.

pub(crate) mod model;
pub(crate) mod scenario;
pub(crate) mod shrink;
pub(crate) mod step;
