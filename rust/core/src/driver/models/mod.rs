//! Models for loom (`make test-loom`): a few threads do what threads of a program do, in every order
//! that is possible, and in each the promises hold.

mod engine;
mod mailbox;
mod waiter;

pub(crate) use waiter::ModelWaiter;

/// Tries every order with up to so many switches away from a thread that could have gone on.
fn check(switches: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(switches);
    builder.max_branches = 100_000;
    builder.check(model);
}
