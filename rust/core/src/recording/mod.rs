//! What a session receives and gives, as the lines of a recording, and back.
//!
//! The format of the lines is [`m531x_at::recording`]'s; here is what stands behind the signs `?`, `=`
//! and `@`.

mod fields;
mod outcome;
mod request;
mod settings;
mod time;

pub(crate) use fields::Fields;
pub(crate) use outcome::result;
pub(crate) use request::{hidden_password, read_request, request};
pub(crate) use settings::{RecordedInput, read_input, session, snapshot};
pub(crate) use time::{read_rfc3339, rfc3339};
