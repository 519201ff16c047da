//! The table of docs/labview.md: every function of `include/m531x_labview.h` in LabVIEW's words.

use std::fmt::Write as _;

use super::labview::parameters;

/// The table for the functions that the text of that header declares.
pub(super) fn render(header: &str) -> String {
    let mut table = String::from("| function | parameters in order |\n|---|---|\n");
    for line in header.lines().filter(|line| line.ends_with(");")) {
        let Some((returned, declaration)) = line.split_once("__cdecl ") else {
            continue;
        };
        let Some((name, _)) = declaration.split_once('(') else {
            continue;
        };
        let mut words: Vec<String> = parameters(declaration)
            .map(|(kind, name)| format!("{name} {}", in_words(kind)))
            .collect();
        if words.is_empty() {
            words.push("none".to_owned());
        }
        let words = words.join(" · ");
        let _ = writeln!(table, "| `{name}` | {words}{} |", result(returned.trim()));
    }
    table
}

fn in_words(kind: &str) -> &'static str {
    match kind {
        "const char *" => "String",
        "char *" => "String buffer",
        "const unsigned char *" => "U8 array",
        "unsigned char *" => "U8 array buffer",
        "unsigned int *" => "U32 pointer",
        "int *" => "I32 pointer",
        "unsigned short" => "U16",
        "unsigned int" => "U32",
        _ => "I32",
    }
}

/// What is returned, unless it is a status.
fn result(kind: &str) -> &'static str {
    match kind {
        "unsigned int" => "; returns U32",
        "const char *" => "; returns String, C String Pointer",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_is_a_row_in_labviews_words() {
        let header = "/* m531x_open(text); */\n\
                      int __cdecl m531x_open(const char *port, unsigned int baudrate, int timeout_ms, unsigned int *modem);\n\
                      const char *__cdecl m531x_error_name(int status);\n\
                      unsigned int __cdecl m531x_abi_version(void);\n";
        let rows = render(header);
        assert_eq!(
            rows.lines().skip(2).collect::<Vec<_>>(),
            [
                "| `m531x_open` | port String · baudrate U32 · timeout_ms I32 · modem U32 pointer |",
                "| `m531x_error_name` | status I32; returns String, C String Pointer |",
                "| `m531x_abi_version` | none; returns U32 |",
            ]
        );
    }
}
