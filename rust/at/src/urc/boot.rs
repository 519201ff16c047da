//! Boot banners and sleep notices (captured from M5310-A and M5311).

use super::Urc;
use crate::fields::trim_start;

pub(super) fn parse_star(line: &[u8]) -> Option<Urc<'_>> {
    match line.trim_ascii_end() {
        b"*GOTOSLEEP" => Some(Urc::Sleep),
        b"*MATWAKEUP" | b"*WAKEUP" => Some(Urc::Wake),
        other => {
            let value = trim_start(other.strip_prefix(b"*ATREADY:")?);
            (value == b"1").then_some(Urc::Ready)
        }
    }
}

/// The loader, the three images and the cause of an M5310-A's boot, and the notice of an M5311.
pub(super) fn parse_banner(line: &[u8]) -> Option<Urc<'_>> {
    let text = line.trim_ascii_end();
    let is_banner = match line.first()? {
        b'R' => text.starts_with(b"REBOOT_CAUSE_") || text.starts_with(b"REBOOTING"),
        b'B' => text.starts_with(b"Boot: "),
        b'S' => is_verified(text, b"Security "),
        b'P' => is_verified(text, b"Protocol "),
        b'A' => is_verified(text, b"Apps "),
        b'N' => text == b"Neul",
        _ => false,
    };
    is_banner.then_some(Urc::Boot(text))
}

fn is_verified(text: &[u8], image: &[u8]) -> bool {
    text.starts_with(image) && text.ends_with(b"Verified")
}
