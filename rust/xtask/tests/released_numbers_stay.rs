//! No number and no name of the first release changes. This is the record: a row is added to it with a release, never
//! changed or taken out.

use xtask::table::ApiTable;
use xtask::table::constants::Kind;

fn table() -> ApiTable {
    ApiTable::load(&xtask::repository_root()).expect("our own table is good")
}

fn expect(kind: Kind, released: &[(u32, &str)]) {
    let table = table();
    let rows = table.constants(kind).iter();
    let now: Vec<(u32, &str)> = rows
        .map(|row| (row.number, row.constant.as_str()))
        .take(released.len())
        .collect();
    assert_eq!(now, released);
}

#[test]
fn errors_keep_their_numbers_and_names() {
    let released = [
        (-1, "InvalidArgument", "M531X_ERR_INVALID_ARGUMENT"),
        (-2, "BufferTooSmall", "M531X_ERR_BUFFER_TOO_SMALL"),
        (-3, "Closed", "M531X_ERR_CLOSED"),
        (-4, "StaleHandle", "M531X_ERR_STALE_HANDLE"),
        (-5, "Timeout", "M531X_ERR_TIMEOUT"),
        (-6, "Port", "M531X_ERR_PORT"),
        (-7, "PortInUse", "M531X_ERR_PORT_IN_USE"),
        (-8, "PortNotFound", "M531X_ERR_PORT_NOT_FOUND"),
        (-9, "NoAnswer", "M531X_ERR_NO_ANSWER"),
        (-10, "UnsupportedModel", "M531X_ERR_UNSUPPORTED_MODEL"),
        (-11, "Command", "M531X_ERR_COMMAND"),
        (-12, "NotConnected", "M531X_ERR_NOT_CONNECTED"),
        (-13, "Connect", "M531X_ERR_CONNECT"),
        (-14, "Subscribe", "M531X_ERR_SUBSCRIBE"),
        (-15, "PublishFailed", "M531X_ERR_PUBLISH_FAILED"),
        (-16, "ModemRebooted", "M531X_ERR_MODEM_REBOOTED"),
        (-17, "ResultUnknown", "M531X_ERR_RESULT_UNKNOWN"),
        (-18, "Cancelled", "M531X_ERR_CANCELLED"),
        (-19, "Busy", "M531X_ERR_BUSY"),
        (-20, "Internal", "M531X_ERR_INTERNAL"),
        (-21, "OutboxFull", "M531X_ERR_OUTBOX_FULL"),
        (-22, "OutboxCorrupt", "M531X_ERR_OUTBOX_CORRUPT"),
        (-23, "OutboxInUse", "M531X_ERR_OUTBOX_IN_USE"),
        (-24, "OutboxFailed", "M531X_ERR_OUTBOX_FAILED"),
        (-25, "Recording", "M531X_ERR_RECORDING"),
        (-26, "RepeatedLoss", "M531X_ERR_REPEATED_LOSS"),
        (-27, "QueueFull", "M531X_ERR_QUEUE_FULL"),
        (-28, "OutOfResources", "M531X_ERR_OUT_OF_RESOURCES"),
    ];
    let table = table();
    let errors = table.errors.iter();
    let now: Vec<(i32, &str, &str)> = errors
        .map(|error| (error.number, error.name.as_str(), error.constant.as_str()))
        .take(released.len())
        .collect();
    assert_eq!(now, released);
}

#[test]
fn events_keep_their_numbers_and_names() {
    expect(
        Kind::Event,
        &[
            (1, "M531X_EVENT_CONNECTED"),
            (2, "M531X_EVENT_DISCONNECTED"),
            (3, "M531X_EVENT_STATE_CHANGED"),
            (4, "M531X_EVENT_URC"),
            (5, "M531X_EVENT_UNKNOWN_LINE"),
            (6, "M531X_EVENT_LATE_ANSWER"),
            (7, "M531X_EVENT_STRAY_RESULT"),
            (8, "M531X_EVENT_DROPPED"),
            (9, "M531X_EVENT_OVERSIZE"),
            (10, "M531X_EVENT_AMBIGUOUS"),
            (11, "M531X_EVENT_LINE_TOO_LONG"),
            (12, "M531X_EVENT_REBOOTED"),
            (13, "M531X_EVENT_PORT_LOST"),
            (14, "M531X_EVENT_RESUBSCRIBED"),
            (15, "M531X_EVENT_RECOVERING"),
            (16, "M531X_EVENT_RECOVERY_FAILED"),
            (17, "M531X_EVENT_PORT_BACK"),
            (18, "M531X_EVENT_OUTBOX_DROPPED"),
            (19, "M531X_EVENT_OUTBOX_SET_ASIDE"),
            (20, "M531X_EVENT_OUTBOX_FAILED"),
            (21, "M531X_EVENT_RECORDING_STOPPED"),
            (22, "M531X_EVENT_HEALTH_CHECK"),
            (23, "M531X_EVENT_PASSWORD_WANTED"),
            (24, "M531X_EVENT_LOGIN_REFUSED"),
        ],
    );
}

#[test]
fn states_keep_their_numbers_and_names() {
    expect(
        Kind::State,
        &[
            (0, "M531X_STATE_OFF"),
            (1, "M531X_STATE_CONFIGURED"),
            (2, "M531X_STATE_CONNECTING"),
            (3, "M531X_STATE_CONNECTED"),
            (4, "M531X_STATE_MODULE_RECONNECTING"),
            (5, "M531X_STATE_LOST"),
        ],
    );
}

#[test]
fn message_flags_keep_their_numbers_and_names() {
    expect(
        Kind::MessageFlag,
        &[
            (0x03, "M531X_MESSAGE_QOS_MASK"),
            (0x04, "M531X_MESSAGE_RETAIN"),
            (0x08, "M531X_MESSAGE_DUP"),
            (0x10, "M531X_MESSAGE_TRUNCATED"),
            (0x20, "M531X_MESSAGE_AMBIGUOUS"),
        ],
    );
}

#[test]
fn options_keep_their_numbers_and_names() {
    expect(
        Kind::Option,
        &[
            (1, "M531X_OPTION_USERNAME"),
            (2, "M531X_OPTION_PASSWORD"),
            (3, "M531X_OPTION_KEEPALIVE_S"),
            (4, "M531X_OPTION_CLEAN_SESSION"),
            (5, "M531X_OPTION_TLS"),
            (6, "M531X_OPTION_WILL_TOPIC"),
            (7, "M531X_OPTION_WILL_PAYLOAD"),
            (8, "M531X_OPTION_WILL_QOS"),
            (9, "M531X_OPTION_WILL_RETAIN"),
            (10, "M531X_OPTION_PORT"),
            (11, "M531X_OPTION_ACK_TIMEOUT_S"),
            (12, "M531X_OPTION_COMMAND_TIMEOUT_MS"),
            (13, "M531X_OPTION_OVERFLOW"),
            (14, "M531X_OPTION_QUEUE_SIZE"),
            (15, "M531X_OPTION_HEX_DELIVERY"),
            (16, "M531X_OPTION_RECOVERY"),
            (17, "M531X_OPTION_RECOVERY_INITIAL_DELAY_MS"),
            (18, "M531X_OPTION_RECOVERY_MAX_DELAY_MS"),
            (19, "M531X_OPTION_RECOVERY_MAX_ATTEMPTS"),
            (20, "M531X_OPTION_OUTBOX"),
            (21, "M531X_OPTION_OUTBOX_MAX_MESSAGES"),
            (22, "M531X_OPTION_OUTBOX_MAX_BYTES"),
            (23, "M531X_OPTION_OUTBOX_OVERFLOW"),
            (24, "M531X_OPTION_OUTBOX_IN_FLIGHT"),
            (25, "M531X_OPTION_HEALTH_CHECK_S"),
            (26, "M531X_OPTION_HEALTH_CHECK_TOPIC"),
            (27, "M531X_OPTION_HEALTH_CHECK_TIMEOUT_S"),
            (28, "M531X_OPTION_HEALTH_CHECK_MISSES"),
            (29, "M531X_OPTION_HEALTH_CHECK_LOOP_BACK"),
            (30, "M531X_OPTION_RECOVERY_LOSS_BUDGET"),
            (31, "M531X_OPTION_MAX_WAITING"),
            (32, "M531X_OPTION_ASK_PASSWORD"),
            (33, "M531X_OPTION_QUEUE_BYTES"),
        ],
    );
}

#[test]
fn overflow_policies_keep_their_numbers_and_names() {
    expect(
        Kind::Overflow,
        &[
            (0, "M531X_OVERFLOW_BLOCK"),
            (1, "M531X_OVERFLOW_DROP_OLDEST"),
            (2, "M531X_OVERFLOW_DROP_NEWEST"),
        ],
    );
}

#[test]
fn overflow_policies_of_the_outbox_keep_their_numbers_and_names() {
    expect(
        Kind::OutboxOverflow,
        &[
            (0, "M531X_OUTBOX_OVERFLOW_REFUSE"),
            (1, "M531X_OUTBOX_OVERFLOW_DROP_OLDEST"),
        ],
    );
}
