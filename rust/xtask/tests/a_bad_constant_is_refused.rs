//! An event, state, flag, option or policy that breaks the rules of the table is refused with a message that names it.

use xtask::table::ApiTable;

const ERRORS: &str = r#"
[[class]]
name = "M531xError"
bases = ["Exception"]
doc = "Base of all."

[[error]]
number = -1
name = "Port"
constant = "M531X_ERR_PORT"
python = "M531xError"
text = "the port failed"
since = "0.1.0"
"#;

fn parsed(rows: &str) -> Result<ApiTable, String> {
    ApiTable::parse(&format!("{ERRORS}{rows}")).map_err(|error| error.to_string())
}

fn refusal(rows: &str) -> String {
    parsed(rows).expect_err("the table was taken")
}

/// A row with a good text, and what `more` says.
fn row(kind: &str, number: u32, constant: &str, more: &str) -> String {
    format!(
        "[[{kind}]]\nnumber = {number}\nconstant = \"{constant}\"\nsince = \"0.1.0\"\n{more}\n{}",
        if more.contains("text =") {
            ""
        } else {
            "text = \"Good.\"\n"
        }
    )
}

fn up(more: &str) -> String {
    row("event", 1, "M531X_EVENT_UP", more)
}

#[test]
fn good_rows_are_taken() {
    let rows = up("text = \"As {event:DOWN}, {error:PORT} and M531X_OPTION_A.\"")
        + &row("event", 2, "M531X_EVENT_DOWN", "")
        + &row("option", 1, "M531X_OPTION_A", "type = \"u32\"")
        + &row("state", 0, "M531X_STATE_OFF", "default = true");
    parsed(&rows).unwrap();
}

#[test]
fn a_number_is_given_once() {
    let rows = up("") + &row("event", 1, "M531X_EVENT_DOWN", "");
    assert_eq!(
        refusal(&rows),
        "api.toml: the number of M531X_EVENT_DOWN is 1, not 2: numbers are given once and in order, and a row stays"
    );
}

#[test]
fn a_row_that_was_taken_out_is_missed() {
    let rows = up("") + &row("event", 3, "M531X_EVENT_DOWN", "");
    assert!(refusal(&rows).contains("M531X_EVENT_DOWN is 3, not 2"));
}

#[test]
fn options_and_events_begin_with_1_and_the_others_with_0() {
    assert!(refusal(&row("event", 0, "M531X_EVENT_UP", "")).contains("is 0, not 1"));
    assert!(refusal(&row("option", 0, "M531X_OPTION_A", "type = \"u32\"")).contains("is 0, not 1"));
    assert!(refusal(&row("state", 1, "M531X_STATE_OFF", "default = true")).contains("is 1, not 0"));
}

#[test]
fn a_name_stands_once_and_begins_as_its_kind_does() {
    let twice = up("") + &row("event", 2, "M531X_EVENT_UP", "");
    assert_eq!(
        refusal(&twice),
        "api.toml: M531X_EVENT_UP stands in the table twice"
    );
    for constant in ["M531X_STATE_UP", "M531X_EVENT_", "M531X_EVENT_Up"] {
        assert_eq!(
            refusal(&row("event", 1, constant, "")),
            format!("api.toml: {constant} is not M531X_EVENT_ and a name in UPPER_CASE")
        );
    }
}

#[test]
fn flags_share_no_bit() {
    let rows = row("message_flag", 3, "M531X_MESSAGE_A", "")
        + &row("message_flag", 2, "M531X_MESSAGE_B", "");
    assert!(refusal(&rows).contains("M531X_MESSAGE_B has no bit, or one that another flag has"));
    assert!(refusal(&row("message_flag", 0, "M531X_MESSAGE_A", "")).contains("has no bit"));
}

#[test]
fn an_option_has_a_type_and_nothing_else_has() {
    for rows in [row("option", 1, "M531X_OPTION_A", ""), up("type = \"u32\"")] {
        assert!(refusal(&rows).contains("has a type if and only if it is an option"));
    }
}

#[test]
fn one_state_and_one_policy_are_the_default_and_no_event() {
    let state = row("state", 0, "M531X_STATE_OFF", "");
    assert_eq!(
        refusal(&state),
        "api.toml: 0 of M531X_STATE_... are the default"
    );
    let policies = row("overflow", 0, "M531X_OVERFLOW_A", "default = true")
        + &row("overflow", 1, "M531X_OVERFLOW_B", "default = true");
    assert!(refusal(&policies).contains("2 of M531X_OVERFLOW_... are the default"));
    assert!(refusal(&up("default = true")).contains("1 of M531X_EVENT_... are the default"));
}

#[test]
fn a_text_is_whole_sentences_of_plain_letters() {
    for text in ["", "no full stop", "a | b.", "21 \u{b0}C.", "ends */ here."] {
        assert!(
            refusal(&up(&format!("text = '{text}'"))).contains("a text of M531X_EVENT_UP is not"),
            "{text}"
        );
    }
    assert!(refusal(&up("c = \"no full stop\"")).contains("a text of M531X_EVENT_UP is not"));
}

#[test]
fn a_text_names_rows_of_the_table() {
    for (text, reason) in [
        ("{event:GONE}.", "refers to {event:GONE}, which is not"),
        ("{error:GONE}.", "refers to {error:GONE}, which is not"),
        ("{port}.", "refers to {port}, which is not"),
        ("{event:UP.", "has { without }"),
        (
            "See M531X_OPTION_GONE.",
            "names M531X_OPTION_GONE, which is not",
        ),
    ] {
        let message = refusal(&up(&format!("text = '{text}'")));
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn since_is_a_version() {
    let rows = up("").replace("0.1.0\"\n\ntext", "soon\"\n\ntext");
    assert!(refusal(&rows).contains("since of M531X_EVENT_UP is \"soon\""));
}
