//! The Telnet protocol (RFC 854, 855): bytes, and what stands between them.

/// Interpret as command.
pub(super) const IAC: u8 = 255;
const SB: u8 = 250;
const SE: u8 = 240;

/// No subnegotiation that means anything here is longer; a longer one is passed over.
const LONGEST_SUBNEGOTIATION: usize = 64;

/// What one side says about an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Will,
    Wont,
    Do,
    Dont,
}

impl Verb {
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Will => 251,
            Self::Wont => 252,
            Self::Do => 253,
            Self::Dont => 254,
        }
    }

    fn parse(byte: u8) -> Option<Self> {
        [Self::Will, Self::Wont, Self::Do, Self::Dont]
            .into_iter()
            .find(|verb| verb.byte() == byte)
    }
}

/// What the peer says between the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal<'a> {
    Option(Verb, u8),
    Subnegotiation { option: u8, content: &'a [u8] },
}

/// Takes a Telnet stream apart, however it is cut into reads.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    state: State,
    subnegotiation: Vec<u8>,
    /// It is longer than anything that is kept.
    overlong: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Data,
    Command,
    Option(Verb),
    Subnegotiation,
    SubnegotiationCommand,
}

impl Decoder {
    /// Moves the bytes that are data to the front of `bytes`, reports all else to `on_signal`, and
    /// returns how many are data.
    pub(super) fn decode(
        &mut self,
        bytes: &mut [u8],
        mut on_signal: impl FnMut(Signal<'_>),
    ) -> usize {
        let mut data = 0;
        for index in 0..bytes.len() {
            let byte = bytes[index];
            if self.step(byte, &mut on_signal) {
                bytes[data] = byte;
                data += 1;
            }
        }
        data
    }

    /// Whether the byte is data.
    fn step(&mut self, byte: u8, on_signal: &mut impl FnMut(Signal<'_>)) -> bool {
        match self.state {
            State::Data if byte == IAC => self.state = State::Command,
            State::Data => return true,
            State::Command => return self.on_command(byte),
            State::Option(verb) => {
                self.state = State::Data;
                on_signal(Signal::Option(verb, byte));
            }
            State::Subnegotiation if byte == IAC => self.state = State::SubnegotiationCommand,
            State::Subnegotiation => self.keep(byte),
            State::SubnegotiationCommand => match byte {
                IAC => {
                    self.state = State::Subnegotiation;
                    self.keep(byte);
                }
                SE => {
                    self.state = State::Data;
                    if let (false, [option, content @ ..]) =
                        (self.overlong, self.subnegotiation.as_slice())
                    {
                        let option = *option;
                        on_signal(Signal::Subnegotiation { option, content });
                    }
                }
                // It was never ended: what comes now counts.
                _ => return self.on_command(byte),
            },
        }
        false
    }

    /// The byte after IAC; an escaped one is data.
    fn on_command(&mut self, byte: u8) -> bool {
        self.state = State::Data;
        match (byte, Verb::parse(byte)) {
            (IAC, _) => return true,
            (SB, _) => {
                self.subnegotiation.clear();
                self.overlong = false;
                self.state = State::Subnegotiation;
            }
            (_, Some(verb)) => self.state = State::Option(verb),
            // NOP, GA and the like mean nothing to a serial port.
            _ => {}
        }
        false
    }

    fn keep(&mut self, byte: u8) {
        if self.subnegotiation.len() == LONGEST_SUBNEGOTIATION {
            self.overlong = true;
        } else {
            self.subnegotiation.push(byte);
        }
    }
}

/// Appends data as it is sent.
pub(super) fn escape(data: &[u8], out: &mut Vec<u8>) {
    for &byte in data {
        out.push(byte);
        if byte == IAC {
            out.push(IAC);
        }
    }
}

/// Appends what is said about an option.
pub(super) fn say(verb: Verb, option: u8, out: &mut Vec<u8>) {
    out.extend([IAC, verb.byte(), option]);
}

/// Appends a subnegotiation.
pub(super) fn subnegotiate(option: u8, content: &[u8], out: &mut Vec<u8>) {
    out.extend([IAC, SB, option]);
    escape(content, out);
    out.extend([IAC, SE]);
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    enum Piece {
        Data(Vec<u8>),
        Option(Verb, u8),
        Subnegotiation(u8, Vec<u8>),
    }

    fn piece() -> impl Strategy<Value = Piece> {
        let verb = prop_oneof![
            Just(Verb::Will),
            Just(Verb::Wont),
            Just(Verb::Do),
            Just(Verb::Dont)
        ];
        // Every other byte is IAC, or a byte that means something after it.
        let byte = prop_oneof![Just(IAC), Just(SB), Just(SE), any::<u8>()];
        prop_oneof![
            vec(byte.clone(), 1..40).prop_map(Piece::Data),
            (verb, any::<u8>()).prop_map(|(verb, option)| Piece::Option(verb, option)),
            (0..IAC, vec(byte, 0..LONGEST_SUBNEGOTIATION))
                .prop_map(|(option, content)| Piece::Subnegotiation(option, content)),
        ]
    }

    fn encode(pieces: &[Piece]) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Data(data) => escape(data, &mut out),
                Piece::Option(verb, option) => say(*verb, *option, &mut out),
                Piece::Subnegotiation(option, content) => subnegotiate(*option, content, &mut out),
            }
        }
        out
    }

    /// The data, and the signals in their order.
    fn decode(chunks: &[Vec<u8>]) -> (Vec<u8>, Vec<Piece>) {
        let mut decoder = Decoder::default();
        let (mut data, mut signals) = (Vec::new(), Vec::new());
        for chunk in chunks {
            let mut chunk = chunk.clone();
            let count = decoder.decode(&mut chunk, |signal| {
                signals.push(match signal {
                    Signal::Option(verb, option) => Piece::Option(verb, option),
                    Signal::Subnegotiation { option, content } => {
                        Piece::Subnegotiation(option, content.to_vec())
                    }
                });
            });
            data.extend(&chunk[..count]);
        }
        (data, signals)
    }

    proptest! {
        #[test]
        fn everything_arrives_however_the_stream_is_cut(
            pieces in vec(piece(), 0..20),
            sizes in vec(1..7usize, 1..8),
        ) {
            let stream = encode(&pieces);
            let mut chunks = Vec::new();
            let mut rest = stream.as_slice();
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, left) = rest.split_at((*size).min(rest.len()));
                chunks.push(chunk.to_vec());
                rest = left;
            }
            let data: Vec<u8> = pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Data(data) => Some(data.clone()),
                    _ => None,
                })
                .flatten()
                .collect();
            let signals: Vec<Piece> = pieces
                .into_iter()
                .filter(|piece| !matches!(piece, Piece::Data(_)))
                .collect();
            prop_assert_eq!(decode(&[stream]), (data.clone(), signals.clone()));
            prop_assert_eq!(decode(&chunks), (data, signals));
        }

        #[test]
        fn any_stream_gives_no_more_data_than_it_has_bytes(
            chunks in vec(vec(prop_oneof![Just(IAC), Just(SB), any::<u8>()], 0..50), 0..10),
        ) {
            let bytes: usize = chunks.iter().map(Vec::len).sum();
            let (data, signals) = decode(&chunks);
            prop_assert!(data.len() + signals.len() <= bytes);
        }
    }

    #[test]
    fn a_subnegotiation_without_end_is_passed_over_and_not_kept() {
        let mut decoder = Decoder::default();
        let mut bytes = vec![IAC, SB, 44];
        bytes.resize(100_000, b'x');
        assert_eq!(decoder.decode(&mut bytes, |_| panic!("it never ends")), 0);
        assert!(decoder.subnegotiation.len() <= LONGEST_SUBNEGOTIATION);
        let mut end = [IAC, SE, b'O', b'K'];
        assert_eq!(decoder.decode(&mut end, |_| panic!("it was too long")), 2);
        assert_eq!(&end[..2], b"OK");
    }

    #[test]
    fn a_command_within_a_subnegotiation_ends_it() {
        let bytes = vec![IAC, SB, 44, 1, IAC, Verb::Dont.byte(), 44, b'A'];
        let expected = (b"A".to_vec(), vec![Piece::Option(Verb::Dont, 44)]);
        assert_eq!(decode(&[bytes]), expected);
    }
}
