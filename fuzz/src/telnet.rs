//! The Telnet below rfc2217: the same data and signals however the stream is cut, and no endless talk.

#[path = "../../rust/core/src/transport/rfc2217/com_port.rs"]
#[allow(dead_code, clippy::pedantic)]
mod com_port;
#[path = "../../rust/core/src/transport/line_settings.rs"]
#[allow(dead_code)]
mod line_settings;
#[path = "../../rust/core/src/transport/rfc2217/options.rs"]
#[allow(dead_code, clippy::pedantic)]
mod options;
// Kept under the names by which they know each other.
#[path = "../../rust/core/src/transport/rfc2217/telnet.rs"]
#[allow(clippy::module_inception, clippy::pedantic)]
mod telnet;

use com_port::Control;
use line_settings::LineSettings;
use telnet::{Decoder, escape};

/// The first byte says where the stream is cut; the rest is what the server says.
pub fn telnet(input: &[u8]) {
    let Some((size, stream)) = input.split_first() else {
        return;
    };
    let whole = decode(&[stream]);
    let single: Vec<&[u8]> = stream.chunks(1).collect();
    let pieces: Vec<&[u8]> = stream.chunks(usize::from(*size).max(1)).collect();
    assert_eq!(decode(&single), whole);
    assert_eq!(decode(&pieces), whole);
    assert!(whole.0.len() <= stream.len());
    let mut escaped = Vec::new();
    escape(stream, &mut escaped);
    assert_eq!(
        decode(&[&escaped]),
        (stream.to_vec(), Vec::new()),
        "data as it was sent"
    );
    answers(stream);
}

/// The data, and the signals as text.
fn decode(pieces: &[&[u8]]) -> (Vec<u8>, Vec<String>) {
    let mut decoder = Decoder::default();
    let (mut data, mut signals) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut piece = piece.to_vec();
        let count = decoder.decode(&mut piece, |signal| signals.push(format!("{signal:?}")));
        data.extend_from_slice(&piece[..count]);
    }
    (data, signals)
}

/// Whatever is said about options, no more is answered than a few bytes for each.
fn answers(stream: &[u8]) {
    let mut said = Vec::new();
    let line = LineSettings {
        baudrate: 9600,
        dtr: Some(true),
        rts: Some(false),
    };
    let mut control = Control::begin(line, &mut said);
    let at_first = said.len();
    Decoder::default().decode(&mut stream.to_vec(), |signal| {
        control.on_signal(signal, &mut said);
    });
    let most = at_first + 100 + 10 * stream.len();
    assert!(
        said.len() <= most,
        "{} bytes for {}",
        said.len(),
        stream.len()
    );
    let _ = (control.is_ready(), control.refusal(), control.missing());
}
