//! What is committed is what the generators write.

use std::fs;
use std::path::Path;

use crate::generate;
use crate::table::ApiTable;

/// A problem for each generated file that is missing or differs.
pub fn problems(root: &Path) -> Vec<String> {
    let table = match ApiTable::load(root) {
        Ok(table) => table,
        Err(error) => return vec![error.to_string()],
    };
    let headers = match generate::headers(root, &table) {
        Ok(headers) => headers,
        Err(reason) => return vec![reason],
    };
    let readme = match generate::package_readme(root) {
        Ok(readme) => readme,
        Err(reason) => return vec![reason],
    };
    generate::outputs(&table)
        .into_iter()
        .chain(headers)
        .chain([readme])
        .filter_map(|output| {
            match fs::read_to_string(root.join(output.path)) {
                Ok(committed) if committed == output.text => None,
                Ok(_) => Some("differs from what is generated"),
                Err(_) => Some("is missing"),
            }
            .map(|what| {
                format!(
                    "{} {what}; run `cargo xtask generate` and commit it",
                    output.path
                )
            })
        })
        .collect()
}
