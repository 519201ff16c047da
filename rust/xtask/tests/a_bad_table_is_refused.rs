//! A table that breaks its own rules is refused with a message that names the row.

use std::fmt::Write as _;

use xtask::table::ApiTable;

const CLASSES: &str = r#"
[[class]]
name = "M531xError"
bases = ["Exception"]
doc = "Base of all."

[[class]]
name = "PortError"
bases = ["M531xError", "OSError"]
doc = "The port failed."
"#;

const PORT: Row = Row {
    number: "-1",
    name: "Port",
    constant: "M531X_ERR_PORT",
    python: "PortError",
    text: "the port failed",
    since: "0.1.0",
};

#[derive(Clone, Copy)]
struct Row {
    number: &'static str,
    name: &'static str,
    constant: &'static str,
    python: &'static str,
    text: &'static str,
    since: &'static str,
}

fn table(rows: &[Row]) -> String {
    let mut text = CLASSES.to_owned();
    for row in rows {
        let Row {
            number,
            name,
            constant,
            python,
            text: sentence,
            since,
        } = row;
        let _ = write!(
            text,
            "[[error]]\nnumber = {number}\nname = \"{name}\"\nconstant = \"{constant}\"\n\
             python = \"{python}\"\ntext = \"{sentence}\"\nsince = \"{since}\"\n"
        );
    }
    text
}

fn refusal(text: &str) -> String {
    match ApiTable::parse(text) {
        Ok(_) => panic!("the table was taken:\n{text}"),
        Err(error) => error.to_string(),
    }
}

fn refusal_of(rows: &[Row]) -> String {
    refusal(&table(rows))
}

#[test]
fn a_good_table_is_taken() {
    assert_eq!(
        ApiTable::parse(&table(&[PORT])).unwrap().errors[0].number,
        -1
    );
}

#[test]
fn a_number_is_given_once() {
    let other = Row {
        name: "Other",
        constant: "M531X_ERR_OTHER",
        ..PORT
    };
    assert_eq!(
        refusal_of(&[PORT, other]),
        "api.toml: the number -1 of Other is given twice"
    );
}

#[test]
fn a_number_is_negative() {
    let message = refusal_of(&[Row {
        number: "0",
        ..PORT
    }]);
    assert_eq!(message, "api.toml: the number 0 of Port is not negative");
}

#[test]
fn a_row_that_was_taken_out_is_missed() {
    let third = Row {
        number: "-3",
        name: "Other",
        constant: "M531X_ERR_OTHER",
        ..PORT
    };
    assert!(refusal_of(&[PORT, third]).contains("the number -2 is missing"));
}

#[test]
fn a_name_stands_once() {
    let other = Row {
        number: "-2",
        ..PORT
    };
    assert!(refusal_of(&[PORT, other]).contains("the name Port"));
}

#[test]
fn a_constant_follows_from_its_name() {
    let message = refusal_of(&[Row {
        constant: "M531X_PORT",
        ..PORT
    }]);
    assert_eq!(
        message,
        "api.toml: the constant of Port is M531X_PORT, not M531X_ERR_PORT"
    );
}

#[test]
fn an_error_raises_a_class_of_the_table() {
    let message = refusal_of(&[Row {
        python: "SerialError",
        ..PORT
    }]);
    assert_eq!(
        message,
        "api.toml: Port raises SerialError, which is not in the table"
    );
}

#[test]
fn a_text_is_one_plain_lower_case_line_without_a_full_stop() {
    let long = "a very long sentence that goes on and on, and would not fit into one line of the Python module";
    for text in [
        "The port failed",
        "the port failed.",
        "a \\\"port\\\"",
        "a\\nport",
        "",
        long,
    ] {
        assert!(
            refusal_of(&[Row { text, ..PORT }]).contains("the text of Port"),
            "{text}"
        );
    }
}

#[test]
fn since_is_a_version() {
    assert!(
        refusal_of(&[Row {
            since: "soon",
            ..PORT
        }])
        .contains("since of Port is \"soon\"")
    );
}

#[test]
fn a_class_that_no_error_raises_is_refused() {
    let unused = table(&[PORT]).replace(
        "[[error]]",
        "[[class]]\nname = \"IdleError\"\nbases = [\"M531xError\"]\ndoc = \"Idle.\"\n[[error]]",
    );
    assert_eq!(
        refusal(&unused),
        "api.toml: no error raises class IdleError"
    );
}

#[test]
fn a_base_stands_above_its_heirs() {
    let message = refusal(&table(&[PORT]).replace("OSError", "SerialError"));
    assert!(
        message.contains("PortError inherits from SerialError, which is neither"),
        "{message}"
    );
}

#[test]
fn every_class_descends_from_the_root() {
    let message = refusal(&table(&[PORT]).replace("\"M531xError\", \"OSError\"", "\"OSError\""));
    assert_eq!(
        message,
        "api.toml: class PortError does not descend from M531xError"
    );
}

#[test]
fn an_unknown_key_is_named() {
    let message = refusal(&table(&[PORT]).replace("since", "sinse"));
    assert!(message.contains("sinse"), "{message}");
}
