//! The framer: the same frames however the bytes are cut, as the rules say, in bounded memory, and
//! with lines that go on coming they are believed again in time.

use std::time::Duration;

use fastrand::Rng;
use m531x_at::framer::{FramerConfig, OnAmbiguous};
use m531x_at::profile::TopicQuoting;

use crate::framer_support::{Bench, Seen, line, pieces, reference};

const FILTERS: [Option<&[&str]>; 8] = [
    None,
    Some(&["a"]),
    Some(&["a", "b/c"]),
    Some(&["#"]),
    Some(&["a,3,b", "b/+"]),
    Some(&[]),
    Some(&["#"]),
    Some(&["a", "a,3,b"]),
];
/// From here on payloads may come as hex digits.
const HEX: usize = 6;

/// What is subscribed to.
#[derive(Clone, Copy)]
struct Subscribed {
    filters: Option<&'static [&'static str]>,
    hex: bool,
}

impl Subscribed {
    fn bench(self, config: &FramerConfig) -> Bench {
        let mut bench = Bench::new(config.clone(), self.filters);
        if let Some(filters) = self.filters.filter(|_| self.hex) {
            bench.framer.set_hex(filters.iter().copied());
        }
        bench
    }
}

/// The first byte chooses the subscriptions and the limits, the second the cuts and the pauses; the
/// rest is what the module says.
pub fn framer(input: &[u8]) {
    let [choice, cuts, bytes @ ..] = input else {
        return;
    };
    let number = usize::from(choice % 8);
    let subscribed = Subscribed {
        filters: FILTERS[number],
        hex: number >= HEX,
    };
    let config = config(choice / 8);
    let random = Rng::with_seed(u64::from(*cuts));

    let whole = frames(&config, subscribed, &[&[bytes]]);
    let single = frames(&config, subscribed, &[&pieces(bytes, &[1])]);
    let cut = frames(&config, subscribed, &[&cut(bytes, &mut random.clone())]);
    assert_eq!(single, whole, "byte by byte and at once");
    assert_eq!(cut, whole, "in pieces and at once");
    // The rules as they are written down a second time leave hex digits out.
    if !subscribed.hex
        && config.publish_topic == TopicQuoting::Bare
        && config.on_ambiguous == OnAmbiguous::Deliver
    {
        assert_eq!(
            whole,
            reference::parse(bytes, &config, subscribed.filters),
            "by the rules"
        );
    }
    with_pauses(&config, subscribed, bytes, random);
    with_traffic(&config, subscribed, bytes);
}

/// The module goes on talking, so that no silence helps: three silence limits and the time that the line
/// needs, and a line is believed and a message delivered.
fn with_traffic(config: &FramerConfig, subscribed: Subscribed, bytes: &[u8]) {
    const TICK: Duration = Duration::from_millis(100);
    const TRAFFIC: &[u8] = b"+CEREG: 1\r\n+MQTTPUBLISH:0,0,0,0,\"a\",2,hi\r\n";
    let mut bench = subscribed.bench(config);
    bench.input(bytes);
    let of_the_line = Duration::from_secs((bytes.len() + config.max_line) as u64) / 960;
    let until = bench.now + 2 * (3 * config.silence_limit + of_the_line) + Duration::from_secs(1);
    let (mut believed, mut delivered) = (false, false);
    while bench.now < until && !(believed && delivered) {
        let next = bench.now + TICK;
        let mut seen = Vec::new();
        for turn in 0.. {
            assert!(turn < 1000, "the framer does not get on");
            let Some(due) = bench.framer.poll_timeout().filter(|due| *due <= next) else {
                break;
            };
            bench.now = bench.now.max(due);
            bench.framer.handle_timeout(bench.now);
            seen.extend(bench.input([]));
        }
        bench.now = next;
        seen.extend(bench.input(TRAFFIC));
        for frame in seen {
            match frame {
                Seen::Line(text) => believed |= text == b"+CEREG: 1",
                Seen::Message(message) => delivered |= message.payload == b"hi",
                _ => {}
            }
        }
    }
    assert!(believed, "no line is believed");
    let drops = config.on_ambiguous == OnAmbiguous::Drop;
    assert!(delivered || drops, "no message is delivered");
}

fn config(choice: u8) -> FramerConfig {
    let quoting = [
        TopicQuoting::Bare,
        TopicQuoting::Either,
        TopicQuoting::Quoted,
    ];
    FramerConfig {
        max_message: if choice & 1 == 0 { 60 } else { 1000 },
        deliverable: if choice & 1 == 0 { 25 } else { 300 },
        max_line: if choice & 2 == 0 { 64 } else { 500 },
        publish_topic: quoting[usize::from(choice >> 2 & 3) % 3],
        on_ambiguous: if choice & 16 == 0 {
            OnAmbiguous::Deliver
        } else {
            OnAmbiguous::Drop
        },
        ..FramerConfig::default()
    }
}

/// Cuts between pauses make no difference either, and after a silence there is trust again.
fn with_pauses(config: &FramerConfig, subscribed: Subscribed, bytes: &[u8], mut random: Rng) {
    let stretches = cut(bytes, &mut random);
    let at_once: Vec<Vec<&[u8]>> = stretches.iter().map(|stretch| vec![*stretch]).collect();
    let in_pieces: Vec<Vec<&[u8]>> = stretches
        .iter()
        .map(|stretch| cut(stretch, &mut random))
        .collect();
    let borrow = |all: &[Vec<&'_ [u8]>]| -> Vec<Seen> {
        let all: Vec<&[&[u8]]> = all.iter().map(Vec::as_slice).collect();
        frames(config, subscribed, &all)
    };
    assert_eq!(borrow(&in_pieces), borrow(&at_once), "between pauses");
}

/// The frames of stretches with a silence behind each.
fn frames(config: &FramerConfig, subscribed: Subscribed, stretches: &[&[&[u8]]]) -> Vec<Seen> {
    let limit = config.max_message * if subscribed.hex { 2 } else { 1 }
        + config.max_line
        + config.topic_limit
        + 128;
    let mut bench = subscribed.bench(config);
    let mut seen = Vec::new();
    for stretch in stretches {
        for piece in *stretch {
            seen.extend(bench.input(piece));
            let held = bench.framer.buffered();
            assert!(held <= limit, "{held} bytes are held");
        }
        seen.extend(bench.silence());
    }
    // A message whose length has not come yet waits; these lines end it whatever it is.
    bench.all(&[b"\r\n\r\n"]);
    bench.all(&[b"\r\n"]);
    assert_eq!(bench.all(&[b"OK\r\n"]), [line("OK")], "trust comes back");
    seen
}

fn cut<'a>(bytes: &'a [u8], random: &mut Rng) -> Vec<&'a [u8]> {
    let lengths: Vec<usize> = (0..4).map(|_| random.usize(1..40)).collect();
    pieces(bytes, &lengths)
}
