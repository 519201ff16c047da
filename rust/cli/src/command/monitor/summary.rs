//! What `m531x monitor` prints at its end.

use std::fmt;

use super::{Look, STRONGEST, WEAKEST, level, meaning};

/// The plot's size in characters.
const WIDTH: usize = 72;
const HEIGHT: usize = 8;

/// All looks, oldest first.
#[derive(Default)]
pub(super) struct Summary(Vec<Look>);

impl Summary {
    pub(super) fn add(&mut self, look: Look) {
        self.0.push(look);
    }

    /// The mean signal of each column of the plot; `None` where nothing was measured.
    fn columns(&self) -> Vec<Option<i16>> {
        let width = WIDTH.min(self.0.len());
        (0..width)
            .map(|column| {
                let from = column * self.0.len() / width;
                let to = (column + 1) * self.0.len() / width;
                mean(&measured(&self.0[from..to]))
            })
            .collect()
    }
}

fn measured(looks: &[Look]) -> Vec<i16> {
    looks.iter().filter_map(|look| look.dbm).collect()
}

fn mean(values: &[i16]) -> Option<i16> {
    let count = i64::try_from(values.len())
        .ok()
        .filter(|count| *count > 0)?;
    let sum: i64 = values.iter().copied().map(i64::from).sum();
    i16::try_from(sum / count).ok()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(last) = self.0.last() else {
            return Ok(());
        };
        let mut signals = measured(&self.0);
        signals.sort_unstable();
        writeln!(f)?;
        plot(&self.columns(), f)?;
        writeln!(
            f,
            "      0 s to {:.1} s, {} looks",
            last.at.as_secs_f64(),
            self.0.len()
        )?;
        match (
            signals.first(),
            signals.get(signals.len() / 2),
            signals.last(),
        ) {
            (Some(least), Some(median), Some(most)) => writeln!(
                f,
                "signal: {least} to {most} dBm, median {median}; missing in {} of {} looks",
                self.0.len() - signals.len(),
                self.0.len()
            )?,
            _ => writeln!(f, "signal: never measured")?,
        }
        let registered = |look: &&Look| matches!(look.registration, Some(1 | 5));
        writeln!(
            f,
            "registration: {} of {} looks registered; at the end {}",
            self.0.iter().filter(registered).count(),
            self.0.len(),
            meaning(last.registration)
        )?;
        let mut cells: Vec<&str> = self
            .0
            .iter()
            .filter_map(|look| look.cell.as_deref())
            .collect();
        cells.dedup();
        if !cells.is_empty() {
            writeln!(f, "cells: {}", cells.join(", then "))?;
        }
        Ok(())
    }
}

/// Rows from the strongest signal down; a column is filled up to its value.
fn plot(columns: &[Option<i16>], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for row in (1..=HEIGHT).rev() {
        let range = i32::from(STRONGEST - WEAKEST);
        let height = i32::try_from(row).unwrap_or_default() * range;
        let dbm = i32::from(WEAKEST) + height / i32::try_from(HEIGHT).unwrap_or(1);
        let cells: String = columns
            .iter()
            .map(|value| match value {
                // Every measured signal shows in the lowest row.
                Some(dbm) if level(*dbm, HEIGHT).max(1) >= row => '#',
                None if row == 1 => '?',
                _ => ' ',
            })
            .collect();
        writeln!(f, "{dbm:>5} |{}", cells.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Look, Summary};

    #[test]
    fn the_summary_has_plot_range_registration_and_cells() {
        let mut summary = Summary::default();
        for (second, dbm, stat, cell) in [
            (0, None, 2, None),
            (2, Some(-113), 2, Some("7")),
            (4, Some(-51), 1, Some("7")),
            (6, Some(-83), 1, Some("9")),
        ] {
            summary.add(Look {
                at: Duration::from_secs(second),
                dbm,
                registration: Some(stat),
                cell: cell.map(str::to_owned),
            });
        }
        let shown = summary.to_string();
        let rows: Vec<&str> = shown.lines().collect();
        assert_eq!(rows[1], "  -51 |  #");
        assert_eq!(rows[8], " -106 |?###");
        assert!(
            shown.contains("signal: -113 to -51 dBm, median -83; missing in 1 of 4 looks"),
            "{shown}"
        );
        assert!(
            shown.contains("2 of 4 looks registered; at the end registered"),
            "{shown}"
        );
        assert!(shown.contains("cells: 7, then 9"), "{shown}");
        assert_eq!(Summary::default().to_string(), "");
    }
}
