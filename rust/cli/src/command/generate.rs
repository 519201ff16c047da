//! `m531x generate`: manual pages and completions, made of the command line itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use clap_complete::Shell;

use crate::failure::Failure;

#[derive(Args)]
#[command(after_help = "Example:\n  m531x generate target/m531x\n\n\
    It writes man/*.1 and completions/ for bash, zsh, fish and PowerShell; `make install` calls it.")]
pub(crate) struct Arguments {
    /// The folder to write into
    folder: PathBuf,
}

impl Arguments {
    pub(crate) fn run(self, whole: clap::Command) -> Result<(), Failure> {
        write(&self.folder, whole).map_err(|error| {
            Failure::Failed(format!(
                "{} cannot be written: {error}",
                self.folder.display()
            ))
        })
    }
}

fn write(folder: &Path, mut whole: clap::Command) -> io::Result<()> {
    let manual = folder.join("man");
    fs::create_dir_all(&manual)?;
    clap_mangen::generate_to(whole.clone(), &manual)?;
    let completions = folder.join("completions");
    fs::create_dir_all(&completions)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell] {
        clap_complete::generate_to(shell, &mut whole, "m531x", &completions)?;
    }
    Ok(())
}
