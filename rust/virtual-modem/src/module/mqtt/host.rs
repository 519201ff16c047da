//! Which hosts can be a name at all.

use std::net::IpAddr;

/// Whether this is an address or could be the name of one. What is neither (`mqtt://h`, `h:1883`, nothing)
/// is what a resolver does not find.
pub(super) fn can_be_found(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    if bare.parse::<IpAddr>().is_ok() {
        return true;
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_can_be_found() {
        for host in [
            "broker",
            "broker.example",
            "broker.example.",
            "a_b-c.d",
            "10.0.0.1",
            "::1",
            "[fe80::1]",
        ] {
            assert!(can_be_found(host), "{host}");
        }
    }

    #[test]
    fn urls_ports_and_nothing_cannot() {
        for host in [
            "",
            ".",
            "mqtt://broker",
            "broker:1883",
            "a..b",
            "a b",
            "[::1",
            "10.0.0.1:1883",
        ] {
            assert!(!can_be_found(host), "{host}");
        }
    }
}
