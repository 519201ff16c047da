//! Inputs from files, without a fuzzer.

use std::path::Path;
use std::{env, fs, io};

/// Gives `target` every file that is named as an argument, and those in the folders that are.
pub fn replay(target: fn(&[u8])) -> io::Result<()> {
    let mut count = 0;
    for argument in env::args_os().skip(1) {
        let path = Path::new(&argument);
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                replay_file(target, &entry?.path())?;
                count += 1;
            }
        } else {
            replay_file(target, path)?;
            count += 1;
        }
    }
    println!("{count} inputs replayed");
    Ok(())
}

fn replay_file(target: fn(&[u8]), path: &Path) -> io::Result<()> {
    let input = fs::read(path)?;
    println!("{}: {}", path.display(), input.escape_ascii());
    target(&input);
    Ok(())
}
