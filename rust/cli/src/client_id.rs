//! The client identifier of a command that was given none.

use std::hash::{BuildHasher, RandomState};

/// One that no other process has, on whichever machine or in whichever container: a broker ends the
/// connection of a client when another one comes with its identifier. At most 22 characters after
/// a prefix of six, which every broker takes.
pub(crate) fn unique(prefix: &str) -> String {
    // The only random numbers of the standard library, which come from the operating system.
    let random = RandomState::new().hash_one(std::process::id());
    format!("{prefix}{random:016x}")
}

#[cfg(test)]
mod tests {
    use super::unique;

    #[test]
    fn identifiers_differ_within_a_process_too_and_suit_every_broker() {
        let (one, other) = (unique("m531x-"), unique("m531x-"));
        assert_ne!(one, other);
        assert!(one.len() <= 23 && one.starts_with("m531x-"), "{one}");
    }
}
