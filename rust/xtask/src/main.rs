//! The command `cargo xtask`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Generators and checks of the m531x workspace.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    after_help = "Example: cargo xtask generate && git diff --stat"
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
    /// The root of the repository; by default the one that xtask was built in.
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
}

#[derive(Clone, Copy, Subcommand)]
enum Task {
    /// Write what comes from api.toml, and the files that documents show.
    Generate,
    /// Write THIRD-PARTY.md from the crates that Cargo.lock names.
    Notices,
    /// Print what is linked into what we ship, as `CycloneDX`.
    Sbom,
    /// Check generated files, layers, purity of the sans-IO code, and the examples in the documentation.
    Check,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let root = arguments.root.unwrap_or_else(xtask::repository_root);
    let done = match arguments.task {
        Task::Generate => xtask::generate::run(&root).map_err(|error| vec![error]),
        Task::Notices => xtask::notices::run(&root).map_err(|error| vec![error]),
        Task::Sbom => xtask::sbom::run(&root).map_err(|error| vec![error]),
        Task::Check => xtask::check::run(&root),
    };
    match done {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(problems) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            ExitCode::FAILURE
        }
    }
}
