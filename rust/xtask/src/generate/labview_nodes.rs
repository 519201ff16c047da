//! `docs/labview/*.svg`: what to type into the *Call Library Function* node of a function, one picture for each.

use std::fmt::Write as _;

use super::Output;
use super::labview::{self, functions};

/// The nodes of docs/labview.md, and where their pictures stand.
const NODES: [(&str, &str); 15] = [
    ("m531x_open", "docs/labview/open.svg"),
    ("m531x_set_u32", "docs/labview/set_u32.svg"),
    ("m531x_set_string", "docs/labview/set_string.svg"),
    (
        "m531x_wait_for_network",
        "docs/labview/wait_for_network.svg",
    ),
    ("m531x_connect", "docs/labview/connect.svg"),
    ("m531x_subscribe", "docs/labview/subscribe.svg"),
    ("m531x_publish", "docs/labview/publish.svg"),
    ("m531x_wait_message", "docs/labview/wait_message.svg"),
    ("m531x_wait_event", "docs/labview/wait_event.svg"),
    ("m531x_command", "docs/labview/command.svg"),
    ("m531x_last_error_text", "docs/labview/last_error_text.svg"),
    ("m531x_cancel", "docs/labview/cancel.svg"),
    ("m531x_disconnect", "docs/labview/disconnect.svg"),
    ("m531x_close", "docs/labview/close.svg"),
    ("m531x_close_all", "docs/labview/close_all.svg"),
];

const WIDTH: usize = 960;
const ROW: usize = 26;
const BOLD: &str = " font-weight=\"bold\"";
/// Where name, type, data type, pass and wire begin.
const COLUMNS: [usize; 5] = [16, 165, 236, 442, 730];
/// Of the table, below the title, the settings and their captions.
const TABLE: usize = 128;

/// A row of the tab *Parameters*.
#[derive(Debug, PartialEq, Eq)]
struct Parameter {
    name: String,
    /// *Type*, *Data type* and *Pass* or *Format*.
    typed: [String; 3],
    /// What is wired to its terminal.
    wire: String,
}

/// The pictures of the functions that `header` declares.
pub(super) fn render(header: &str) -> Result<Vec<Output>, String> {
    let declared = functions(header);
    let picture = |&(name, path): &(&str, &'static str)| {
        let declaration = declared
            .iter()
            .find(|line| line.contains(&format!("__cdecl {name}(")))
            .ok_or_else(|| {
                format!("{name} is not in the header: docs/labview.md has a picture of it")
            })?;
        let text = drawn(name, &parameters(name, declaration));
        Ok(Output { path, text })
    };
    NODES.iter().map(picture).collect()
}

/// The return value and the parameters, in order.
fn parameters(function: &str, declaration: &str) -> Vec<Parameter> {
    let mut rows = vec![row(
        "status",
        ["Numeric", "Signed 32-bit Integer", "(return type)"],
        "below 0: an error",
    )];
    rows.extend(
        labview::parameters(declaration).map(|(kind, name)| described(function, kind, name)),
    );
    rows
}

fn row(name: &str, typed: [&str; 3], wire: &str) -> Parameter {
    Parameter {
        name: name.to_owned(),
        typed: typed.map(str::to_owned),
        wire: wire.to_owned(),
    }
}

fn described(function: &str, kind: &str, name: &str) -> Parameter {
    let size = capacity(name);
    let minimum = format!("C String Pointer, Minimum size {size}");
    let array = format!("Array Data Pointer, Minimum size {size}");
    let typed = match kind {
        "const char *" => ["String", "", "C String Pointer"],
        "char *" => ["String", "", &minimum],
        "const unsigned char *" => ["Array", "Unsigned 8-bit, 1 dimension", "Array Data Pointer"],
        "unsigned char *" => ["Array", "Unsigned 8-bit, 1 dimension", &array],
        "unsigned int *" => ["Numeric", "Unsigned 32-bit Integer", "Pointer to Value"],
        "int *" => ["Numeric", "Signed 32-bit Integer", "Pointer to Value"],
        "unsigned short" => ["Numeric", "Unsigned 16-bit Integer", "Value"],
        "unsigned int" => ["Numeric", "Unsigned 32-bit Integer", "Value"],
        _ => ["Numeric", "Signed 32-bit Integer", "Value"],
    };
    let wire = match (function, name) {
        ("m531x_open", "port") => "\"COM5\" or \"virtual://\"".to_owned(),
        ("m531x_open", "baudrate") => "0: the model's own".to_owned(),
        ("m531x_open", "model") => "\"auto\"".to_owned(),
        ("m531x_connect", "port") => "1883".to_owned(),
        ("m531x_wait_message" | "m531x_wait_event", "timeout_ms") => "500".to_owned(),
        ("m531x_last_error_text", "modem") => "from open; 0 after a failed open".to_owned(),
        (_, "modem") if kind == "unsigned int" => "from open".to_owned(),
        (_, "timeout_ms") => "-1: its own limit".to_owned(),
        (_, "host") => "\"broker.example\"".to_owned(),
        (_, "client_id") => "\"bench-1\"".to_owned(),
        (_, "topic") if kind == "const char *" => "\"meters/17\"".to_owned(),
        (_, "line") => "\"AT+CSQ\"".to_owned(),
        (_, "payload") if kind == "const unsigned char *" => "String To Byte Array".to_owned(),
        (_, "length") if function == "m531x_publish" => "Array Size".to_owned(),
        (_, "qos") => "0, 1 or 2".to_owned(),
        (_, "retain") => "0 or 1".to_owned(),
        (_, "option") => "M531X_OPTION_...".to_owned(),
        (_, "value") if kind == "unsigned int" => "the number".to_owned(),
        (_, "text") if kind == "const char *" => "the text".to_owned(),
        _ if name.ends_with("capacity") => capacity(name).to_string(),
        _ if kind.ends_with('*') && !kind.contains("char") => "0; take the output".to_owned(),
        _ if kind.ends_with('*') => "nothing; take the output".to_owned(),
        _ => String::new(),
    };
    row(name, typed, &wire)
}

/// The size of a buffer, and what its capacity is wired to.
fn capacity(name: &str) -> u32 {
    match name.trim_end_matches("_capacity") {
        "topic" => 512,
        "payload" => 4096,
        _ => 1024,
    }
}

fn drawn(function: &str, rows: &[Parameter]) -> String {
    let height = TABLE + ROW * rows.len() + 12;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"14\">\n\
         <title>Call Library Function node of {function}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"6\" fill=\"#f2f2f2\" stroke=\"#666\"/>\n\
         <rect width=\"{WIDTH}\" height=\"30\" rx=\"6\" fill=\"#33506b\"/>\n"
    );
    let mut text = |x: usize, y: usize, fill: &str, weight: &str, what: &str| {
        let what = what.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{y}\" fill=\"{fill}\"{weight}>{what}</text>"
        );
    };
    text(16, 20, "#fff", BOLD, "Call Library Function");
    for (x, y, name, value) in [
        (16, 56, "Library name or path", "m531x**.dll"),
        (440, 56, "Thread", "Run in any thread"),
        (16, 86, "Function name", function),
        (440, 86, "Calling convention", "C"),
    ] {
        text(x, y, "#555", "", name);
        text(x + 160, y, "#000", BOLD, value);
    }
    let captions = ["Name", "Type", "Data type", "Pass or format", "Wire"];
    for (x, caption) in COLUMNS.into_iter().zip(captions) {
        text(x, TABLE - 8, "#555", "", caption);
    }
    for (number, row) in rows.iter().enumerate() {
        let y = TABLE + ROW * (number + 1) - 8;
        let [kind, data, pass] = &row.typed;
        let cells = [&row.name, kind, data, pass, &row.wire];
        for (x, what) in COLUMNS.into_iter().zip(cells) {
            text(x, y, "#000", if x == COLUMNS[0] { BOLD } else { "" }, what);
        }
    }
    for number in 0..=rows.len() {
        let y = TABLE + ROW * number;
        let _ = writeln!(svg, "<path d=\"M10 {y}H{}\" stroke=\"#ccc\"/>", WIDTH - 10);
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_the_return_type_and_every_parameter_in_order() {
        let line = "int __cdecl m531x_wait_message(unsigned int modem, int timeout_ms, char *topic, \
                    unsigned int topic_capacity, unsigned char *payload, unsigned int *flags);";
        let rows = parameters("m531x_wait_message", line);
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "status",
                "modem",
                "timeout_ms",
                "topic",
                "topic_capacity",
                "payload",
                "flags"
            ]
        );
        let topic = row(
            "topic",
            ["String", "", "C String Pointer, Minimum size 512"],
            "nothing; take the output",
        );
        assert_eq!(rows[3], topic);
        assert_eq!(rows[4].wire, "512");
        assert_eq!(rows[6].typed[2], "Pointer to Value");
    }

    #[test]
    fn a_function_without_parameters_has_its_return_type_alone() {
        assert_eq!(
            parameters("m531x_close_all", "int __cdecl m531x_close_all(void);").len(),
            1
        );
    }

    #[test]
    fn a_picture_of_what_is_not_declared_is_refused() {
        assert!(render("").is_err());
    }
}
