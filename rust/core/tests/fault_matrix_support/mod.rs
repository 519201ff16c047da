//! The matrix of faults and operations: what a fault is, what an operation is, one cell, the page.

pub(crate) mod cell;
pub(crate) mod fault;
pub(crate) mod operation;
pub(crate) mod oracle;
pub(crate) mod page;
