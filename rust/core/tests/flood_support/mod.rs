//! What a flood is measured by, and who pours it.

pub(crate) mod broker;
pub(crate) mod module;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Everything that is read or written in a case may take so long together.
pub(crate) const LONGEST_CASE: Duration = Duration::from_secs(120);

/// How much is poured into each input.
pub(crate) fn flood_bytes() -> u64 {
    let megabytes = std::env::var("M531X_FLOOD_MB").ok();
    let megabytes: u64 = megabytes.map_or(1, |text| text.parse().unwrap());
    megabytes * 1_000_000
}

/// How one input held out.
pub(crate) struct Row {
    pub(crate) input: &'static str,
    /// Bytes that were taken.
    pub(crate) bytes: u64,
    /// By how many bytes the process grew at most.
    pub(crate) growth: u64,
    /// The longest that a command, or what stands for it, took meanwhile.
    pub(crate) command: Duration,
    pub(crate) close: Duration,
}

/// Measures a case: `flood` gives the bytes that were taken and the longest command, and returns what is
/// to be closed.
pub(crate) fn measure<T>(
    input: &'static str,
    flood: impl FnOnce(&mut Meter) -> T,
    close: impl FnOnce(T),
) -> Row {
    let mut meter = Meter::new();
    let flooded = flood(&mut meter);
    meter.look();
    let began = Instant::now();
    close(flooded);
    let row = Row {
        input,
        bytes: meter.bytes,
        growth: meter.most.saturating_sub(meter.before),
        command: meter.command,
        close: began.elapsed(),
    };
    println!("{}", row.line());
    row
}

impl Row {
    fn line(&self) -> String {
        format!(
            "| {} | {} | {:.1} | {} | {} |",
            self.input,
            self.bytes / 1_000_000,
            self.growth as f64 / f64::from(1 << 20),
            self.command.as_millis(),
            self.close.as_millis(),
        )
    }
}

pub(crate) struct Meter {
    before: u64,
    most: u64,
    pub(crate) bytes: u64,
    command: Duration,
    began: Instant,
}

impl Meter {
    fn new() -> Self {
        // What earlier cases have left to the allocator would hide what this one takes.
        // SAFETY: it only gives memory back to the system.
        unsafe { libc::malloc_trim(0) };
        let before = resident();
        Self {
            before,
            most: before,
            bytes: 0,
            command: Duration::ZERO,
            began: Instant::now(),
        }
    }

    pub(crate) fn look(&mut self) {
        self.most = self.most.max(resident());
    }

    pub(crate) fn is_over_time(&self) -> bool {
        self.began.elapsed() > LONGEST_CASE
    }

    /// Times one command.
    pub(crate) fn time<T>(&mut self, command: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = command();
        self.command = self.command.max(began.elapsed());
        self.look();
        result
    }
}

/// Bytes of the process that are in memory.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Compares nothing: times differ from run to run. Writes the table into the page if asked to.
pub(crate) fn write_page(rows: &[Row]) {
    const BEGIN: &str = "<!-- flood -->\n";
    const END: &str = "<!-- /flood -->";
    if std::env::var_os("WRITE_FLOOD").is_none() {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/security.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let mut table = String::from(
        "\n| input | taken, MB | growth, MiB | longest command, ms | close, ms |\n|---|--:|--:|--:|--:|\n",
    );
    for row in rows {
        writeln!(table, "{}", row.line()).unwrap();
    }
    fs::write(&path, format!("{before}{BEGIN}{table}\n{END}{after}")).unwrap();
}
