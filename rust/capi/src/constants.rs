//! Types and numbers of the header. No signature names an enum: the typedefs are plain integers, so
//! that every language can call.

#![allow(non_camel_case_types, dead_code)]

use std::ffi::{c_char, c_void};

use m531x_core::{EventKind, MqttState};

/// 0 is success, below 0 one of M531X_ERR_..., above 0 success with more to say. @since 0.1.0
pub type m531x_status = i32;

/// An open modem; 0 is never one. A handle that was closed is refused, never followed. @since 0.1.0
pub type m531x_modem = u32;

/// Receives a message: topic is NUL-terminated, payload has `length` bytes (and may be NULL if that is 0), flags are
/// M531X_MESSAGE_... with the QoS in M531X_MESSAGE_QOS_MASK. Both are valid until the function returns. @since 0.1.0
pub type m531x_message_callback = Option<
    extern "C" fn(
        modem: m531x_modem,
        topic: *const c_char,
        payload: *const u8,
        length: u32,
        flags: u32,
        user_data: *mut c_void,
    ),
>;

/// Receives an event: kind is M531X_EVENT_..., text is NUL-terminated and valid until the function returns. @since 0.1.0
pub type m531x_event_callback = Option<
    extern "C" fn(
        modem: m531x_modem,
        kind: i32,
        value: i32,
        text: *const c_char,
        user_data: *mut c_void,
    ),
>;

/// Releases user data; called once, after the last callback with that user data has returned. @since 0.1.0
pub type m531x_finalizer = Option<extern "C" fn(user_data: *mut c_void)>;

/// Success.
pub const M531X_OK: m531x_status = 0;

/// The flags of a message. @since 0.1.0
#[repr(C)]
pub enum m531x_message_flag {
    /// The two bits that hold the QoS, 0 to 2.
    M531X_MESSAGE_QOS_MASK = 0x03,
    /// The broker kept it from before the subscription.
    M531X_MESSAGE_RETAIN = 0x04,
    /// The broker sent it again; it may have been received before.
    M531X_MESSAGE_DUP = 0x08,
    /// Fewer bytes arrived than the module announced.
    M531X_MESSAGE_TRUNCATED = 0x10,
    /// Where the topic ends could not be told for sure.
    M531X_MESSAGE_AMBIGUOUS = 0x20,
}

/// The kinds of events. @since 0.1.0
#[repr(C)]
pub enum m531x_event_kind {
    /// The MQTT connection is up.
    M531X_EVENT_CONNECTED = 1,
    /// The MQTT connection is gone; the text is the cause.
    M531X_EVENT_DISCONNECTED = 2,
    /// The value is the new M531X_STATE_..., the text the cause.
    M531X_EVENT_STATE_CHANGED = 3,
    /// A URC that belongs to no operation; the text is the line.
    M531X_EVENT_URC = 4,
    /// A line that nobody knows; the text is the line.
    M531X_EVENT_UNKNOWN_LINE = 5,
    /// The answer to something that had timed out; the text is the line.
    M531X_EVENT_LATE_ANSWER = 6,
    /// A final result that no command was waiting for; the text is the line.
    M531X_EVENT_STRAY_RESULT = 7,
    /// The queue was full; the value is how many entries were dropped.
    M531X_EVENT_DROPPED = 8,
    /// A message over the limit was skipped; the value is its length in bytes, the text its topic.
    M531X_EVENT_OVERSIZE = 9,
    /// Lines that may be part of a message completed no command; the value is their bytes.
    M531X_EVENT_AMBIGUOUS = 10,
    /// A line over the limit was skipped; the value is its length in bytes.
    M531X_EVENT_LINE_TOO_LONG = 11,
    /// The module restarted; the text is the line that told.
    M531X_EVENT_REBOOTED = 12,
    /// The port is gone; the text is the cause.
    M531X_EVENT_PORT_LOST = 13,
    /// A subscription was made again after a loss of the connection; the text is the filter, the value the granted QoS.
    /// -1: it was refused, or not answered while recovery is off, and has ended. -2: nobody answered on two connections
    /// in a row, or the module refuses it for now; it is kept and asked for on each that follows. -3: as many
    /// connections were lost while it was asked for as the loss budget allows; it has ended.
    M531X_EVENT_RESUBSCRIBED = 14,
    /// The connection is being made again; the value counts the attempts since the loss from 1, the text tells when and
    /// why.
    M531X_EVENT_RECOVERING = 15,
    /// The connection will not be made again; the value is the number of attempts, the text the cause.
    M531X_EVENT_RECOVERY_FAILED = 16,
    /// The port that was gone is back; the text is its name.
    M531X_EVENT_PORT_BACK = 17,
    /// The outbox was full; the value is how many of its oldest messages were dropped.
    M531X_EVENT_OUTBOX_DROPPED = 18,
    /// A message of the outbox was refused for good while others went through, and is set aside; the value is its
    /// number, the text the reason.
    M531X_EVENT_OUTBOX_SET_ASIDE = 19,
    /// The outbox's file could not be read or written; the text is the error. It is tried again.
    M531X_EVENT_OUTBOX_FAILED = 20,
    /// The recording has ended before its time; the text is why.
    M531X_EVENT_RECORDING_STOPPED = 21,
    /// A health check has missed; the value counts the misses in a row, or is -1 if the broker does not allow it, the
    /// text tells what was missing.
    M531X_EVENT_HEALTH_CHECK = 22,
    /// With M531X_OPTION_ASK_PASSWORD: a password is wanted for a connection; the text names the broker. Give it with
    /// m531x_set_string(modem, M531X_OPTION_PASSWORD, ...) within 30 s; NULL ends the attempt.
    M531X_EVENT_PASSWORD_WANTED = 23,
    /// With M531X_OPTION_ASK_PASSWORD: the connection is not made again for now, because the broker refused the password
    /// and the next one; the value is its return code, 4 or 5, or -1 if none was given in time. The next attempt comes
    /// after five times M531X_OPTION_RECOVERY_MAX_DELAY_MS.
    M531X_EVENT_LOGIN_REFUSED = 24,
}

/// The states of the MQTT connection. @since 0.1.0
#[repr(C)]
pub enum m531x_mqtt_state_number {
    /// No client is configured.
    M531X_STATE_OFF = 0,
    /// A client is configured and not connected.
    M531X_STATE_CONFIGURED = 1,
    /// The connection is being made.
    M531X_STATE_CONNECTING = 2,
    /// The broker has accepted the connection.
    M531X_STATE_CONNECTED = 3,
    /// The connection broke and the module is trying to make it again by itself.
    M531X_STATE_MODULE_RECONNECTING = 4,
    /// The connection is gone and nobody is making it again.
    M531X_STATE_LOST = 5,
}

/// The options of m531x_set_u32 and m531x_set_string. @since 0.1.0
#[repr(C)]
pub enum m531x_option {
    /// String: the MQTT user name; NULL is none, which is the default.
    M531X_OPTION_USERNAME = 1,
    /// String: the MQTT password; NULL is none, which is the default. Never logged. It is also the answer to
    /// M531X_EVENT_PASSWORD_WANTED.
    M531X_OPTION_PASSWORD = 2,
    /// u32: keep-alive in seconds, 0 to 65535, more than the ack timeout unless 0; default 60. 0 is not
    /// "off": the broker expects no ping then, but a module may send one every 1.5 s.
    M531X_OPTION_KEEPALIVE_S = 3,
    /// u32: 1 has the broker forget the earlier session (default), 0 keeps it.
    M531X_OPTION_CLEAN_SESSION = 4,
    /// u32: 1 encrypts, where the model can; default 0.
    M531X_OPTION_TLS = 5,
    /// String: topic of the will; NULL is no will, which is the default.
    M531X_OPTION_WILL_TOPIC = 6,
    /// String: payload of the will; default empty.
    M531X_OPTION_WILL_PAYLOAD = 7,
    /// u32: quality of service of the will, 0 to 2; default 0.
    M531X_OPTION_WILL_QOS = 8,
    /// u32: 1 has the broker keep the will; default 0.
    M531X_OPTION_WILL_RETAIN = 9,
    /// u32: the broker's TCP port, 1 to 65535; default 1883. m531x_connect's own port parameter wins unless it is 0.
    M531X_OPTION_PORT = 10,
    /// u32: how long the module waits for an acknowledgement of the broker, in seconds, 1 to 65535; default 10.
    M531X_OPTION_ACK_TIMEOUT_S = 11,
    /// u32: time limit in milliseconds of m531x_command where its own is -1; default 10000.
    M531X_OPTION_COMMAND_TIMEOUT_MS = 12,
    /// u32: M531X_OVERFLOW_...; default M531X_OVERFLOW_DROP_OLDEST.
    M531X_OPTION_OVERFLOW = 13,
    /// u32: how many messages may wait, 1 and more; those for a callback count apart; default 10000.
    M531X_OPTION_QUEUE_SIZE = 14,
    /// u32: 1 has the module print the payloads of later subscriptions as hex (they are decoded here), which leaves no
    /// doubt where a topic ends; only some models can (M5311). Default 0.
    M531X_OPTION_HEX_DELIVERY = 15,
    /// u32: 1 has a lost connection, or a port that vanished, made again (default), 0 only reports it. The four
    /// options of recovery take effect at once.
    M531X_OPTION_RECOVERY = 16,
    /// u32: from the loss to the first attempt, in milliseconds; then twice as long each time; default 1000.
    M531X_OPTION_RECOVERY_INITIAL_DELAY_MS = 17,
    /// u32: the longest pause between two attempts, in milliseconds; default 60000.
    M531X_OPTION_RECOVERY_MAX_DELAY_MS = 18,
    /// u32: how many attempts in a row may fail; 0 never gives up, which is the default.
    M531X_OPTION_RECOVERY_MAX_ATTEMPTS = 19,
    /// String: the file in which publishes of QoS 1 and 2 are kept until the broker has acknowledged them, so that they
    /// survive the process and the power; made if there is none. What is in it is sent from now on. NULL closes it,
    /// which is the default. m531x_set_string then returns M531X_ERR_OUTBOX_IN_USE, _CORRUPT or _FAILED as well.
    M531X_OPTION_OUTBOX = 20,
    /// u32: how many messages may be kept, 1 and more; default 100000. The four options of the outbox take effect with
    /// the next M531X_OPTION_OUTBOX.
    M531X_OPTION_OUTBOX_MAX_MESSAGES = 21,
    /// u32: how many bytes their topics and payloads may have together, 1 and more; default 67108864.
    M531X_OPTION_OUTBOX_MAX_BYTES = 22,
    /// u32: M531X_OUTBOX_OVERFLOW_...; default M531X_OUTBOX_OVERFLOW_REFUSE.
    M531X_OPTION_OUTBOX_OVERFLOW = 23,
    /// u32: how many may be on their way at the same time, 1 to 32; default 1, which keeps their order.
    M531X_OPTION_OUTBOX_IN_FLIGHT = 24,
    /// u32: every so many seconds, 1 to 86400, a connection that looks alive is checked; default 900; 0 does not check.
    /// The options of the health check take effect at once.
    M531X_OPTION_HEALTH_CHECK_S = 25,
    /// string: the topic of the health check, which the broker has to allow in both directions; default (NULL)
    /// "m531x/health/" and the client id.
    M531X_OPTION_HEALTH_CHECK_TOPIC = 26,
    /// u32: how long the bytes may take to come back, in seconds, 1 to 86400; default 30.
    M531X_OPTION_HEALTH_CHECK_TIMEOUT_S = 27,
    /// u32: how many misses in a row end the connection, which is then made again; default 2.
    M531X_OPTION_HEALTH_CHECK_MISSES = 28,
    /// u32: 0 (default) asks the module for its state, which costs no data; 1 publishes a few bytes to a topic that the
    /// check has subscribed to, which have to come back.
    M531X_OPTION_HEALTH_CHECK_LOOP_BACK = 29,
    /// u32: on how many connections one operation may be in flight when they are lost, 1 and more; then it ends with
    /// M531X_ERR_REPEATED_LOSS, and the others go on; default 3. Takes effect at once.
    M531X_OPTION_RECOVERY_LOSS_BUDGET = 30,
    /// u32: how many operations may wait or be under way, those of m531x_publish_start included, 1 and more; default 10000.
    /// Beyond that they are M531X_ERR_QUEUE_FULL; what connects and disconnects is taken all the same.
    M531X_OPTION_MAX_WAITING = 31,
    /// u32: 1 has an M531X_EVENT_PASSWORD_WANTED ask for the password whenever a lost connection is made again, for one
    /// that expires, and for m531x_connect if M531X_OPTION_PASSWORD is not set then; default 0.
    M531X_OPTION_ASK_PASSWORD = 32,
    /// u32: how many bytes of messages and events may wait in all, 1 and more; default 67108864.
    M531X_OPTION_QUEUE_BYTES = 33,
}

/// What happens to a publish for which the outbox has no room. @since 0.1.0
#[repr(C)]
pub enum m531x_outbox_overflow {
    /// It is refused: M531X_ERR_OUTBOX_FULL.
    M531X_OUTBOX_OVERFLOW_REFUSE = 0,
    /// The oldest messages make room; an M531X_EVENT_OUTBOX_DROPPED tells how many.
    M531X_OUTBOX_OVERFLOW_DROP_OLDEST = 1,
}

/// What happens to messages beyond the queue's size. @since 0.1.0
#[repr(C)]
pub enum m531x_overflow {
    /// The port is not read until there is room; the operating system keeps some kilobytes. A command whose answer is
    /// more than 256 KiB behind fails with M531X_ERR_QUEUE_FULL. For lines that can wait: a serial line without flow
    /// control loses bytes, and with them parts of messages and answers.
    M531X_OVERFLOW_BLOCK = 0,
    /// The oldest message makes room; an M531X_EVENT_DROPPED tells how many.
    M531X_OVERFLOW_DROP_OLDEST = 1,
    /// The new message is dropped; an M531X_EVENT_DROPPED tells how many.
    M531X_OVERFLOW_DROP_NEWEST = 2,
}

// The numbers of the header are those of the core.
const _: () = {
    assert!(
        m531x_event_kind::M531X_EVENT_RECORDING_STOPPED as i32
            == EventKind::RecordingStopped as i32
    );
    assert!(m531x_event_kind::M531X_EVENT_PORT_BACK as i32 == EventKind::PortBack as i32);
    assert!(m531x_event_kind::M531X_EVENT_OUTBOX_FAILED as i32 == EventKind::OutboxFailed as i32);
    assert!(m531x_event_kind::M531X_EVENT_HEALTH_CHECK as i32 == EventKind::HealthCheck as i32);
    assert!(m531x_event_kind::M531X_EVENT_LOGIN_REFUSED as i32 == EventKind::LoginRefused as i32);
    assert!(m531x_event_kind::M531X_EVENT_RECOVERING as i32 == EventKind::Recovering as i32);
    assert!(m531x_event_kind::M531X_EVENT_RESUBSCRIBED as i32 == EventKind::Resubscribed as i32);
    assert!(m531x_event_kind::M531X_EVENT_CONNECTED as i32 == EventKind::Connected as i32);
    assert!(m531x_event_kind::M531X_EVENT_DROPPED as i32 == EventKind::Dropped as i32);
    assert!(m531x_event_kind::M531X_EVENT_PORT_LOST as i32 == EventKind::PortLost as i32);
    assert!(m531x_mqtt_state_number::M531X_STATE_CONNECTED as i32 == MqttState::Connected as i32);
    assert!(m531x_mqtt_state_number::M531X_STATE_LOST as i32 == MqttState::Lost as i32);
};
