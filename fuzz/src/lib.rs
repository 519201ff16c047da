//! What is fuzzed: one function for each target in `fuzz_targets/`.
//!
//! A target takes any bytes and panics if a promise is broken. Without a fuzzer around it, its
//! program replays files: `cargo run --manifest-path fuzz/Cargo.toml --bin framer -- FILE...`.

// Kept where it is tested itself; each target uses its part of it.
#[path = "../../rust/at/tests/framer_support/mod.rs"]
mod framer_support;

mod c_arguments;
mod framer;
mod lines;
mod module_commands;
mod recording;
mod replay;
mod request;
mod script;
mod session;
mod session_with_module;
mod simulation;
mod telnet;

pub use c_arguments::c_arguments;
pub use framer::framer;
pub use lines::lines;
pub use module_commands::module_commands;
pub use recording::recording;
pub use replay::replay;
pub use session::session;
pub use session_with_module::session_with_module;
pub use telnet::telnet;

/// The program of a target: under the fuzzer, or by itself to replay inputs.
#[macro_export]
macro_rules! target {
    ($target:path) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $target(input));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            m531x_fuzz::replay($target)
        }
    };
}
