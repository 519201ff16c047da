//! How many megabytes a second are cut into frames with every field parsed, beside `atat`.
//!
//! `cargo bench -p m531x-benches --bench parser` prints criterion's figures and then a table of
//! its own: both parsers on the same stream in turns, the median of the rounds, and the ratio.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use atat::digest::{ParseError, parser};
use atat::{AtDigester, DigestResult, Digester, Parser};
use criterion::{BenchmarkId, Criterion, Throughput};
use m531x_at::framer::{Frame, Framer, FramerConfig};
use m531x_at::response::FinalResult;
use m531x_at::urc::Urc;
use m531x_benches::{median, spread};

/// What a module says while it delivers: 20 messages to 8 lines, one payload in ten of 500 bytes.
/// Payloads are plain text without line ends, for `atat` would lose its way in others; each line
/// has CR LF in front, for `atat` needs it.
struct Stream {
    bytes: Vec<u8>,
    frames: usize,
}

const LINES: [&str; 8] = [
    "OK",
    "+CEREG:1",
    "+MQTTPUBACK:17,0",
    "OK",
    "+CSCON:1",
    "+MQTTSUBACK:3,1,plant/4/pump/speed",
    "+MQTTPINGRSP: OK",
    "ERROR",
];

impl Stream {
    fn new(rounds: usize) -> Self {
        Self::with_payloads(rounds, |is_long| if is_long { 500 } else { 64 })
    }

    /// The payload of the long messages has the length `of(true)`, that of the others `of(false)`.
    fn with_payloads(rounds: usize, of: impl Fn(bool) -> usize) -> Self {
        let mut random = fastrand::Rng::with_seed(7);
        let mut bytes = Vec::new();
        for round in 0..rounds {
            for (index, line) in LINES.iter().enumerate() {
                bytes.extend_from_slice(format!("\r\n{line}\r\n").as_bytes());
                for message in 0..3 {
                    if index == 0 && message > 0 || index == 1 && message > 1 {
                        continue;
                    }
                    let length = of(index > 5 && message == 0);
                    let payload = json(&mut random, length);
                    let id = round % 65_536;
                    let head = format!("\r\n+MQTTPUBLISH:0,1,0,{id},plant/4/pump/speed,{length},");
                    bytes.extend_from_slice(head.as_bytes());
                    bytes.extend_from_slice(&payload);
                    bytes.extend_from_slice(b"\r\n");
                }
            }
        }
        Self {
            bytes,
            frames: rounds * (LINES.len() + 21),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "some millions of bytes")]
    fn megabytes(&self) -> f64 {
        self.bytes.len() as f64 / 1e6
    }
}

/// Text that looks like a sensor's report and has exactly `length` bytes.
fn json(random: &mut fastrand::Rng, length: usize) -> Vec<u8> {
    let mut text = String::from("{\"t\":[");
    while text.len() < length {
        let _ = write!(text, "{}.{},", random.u32(0..90), random.u32(0..10));
    }
    text.truncate(length - 2);
    text.push_str("]}");
    text.into_bytes()
}

/// The lengths of the pieces in which a stream arrives.
#[derive(Clone, Copy)]
enum Chunks {
    Fixed(usize),
    Random,
}

const CHUNKS: [(&str, Chunks); 4] = [
    ("1", Chunks::Fixed(1)),
    ("64", Chunks::Fixed(64)),
    ("4096", Chunks::Fixed(4096)),
    ("random", Chunks::Random),
];

impl Chunks {
    fn each(self, bytes: &[u8], mut take: impl FnMut(&[u8])) {
        match self {
            Self::Fixed(length) => bytes.chunks(length).for_each(take),
            Self::Random => {
                let mut random = fastrand::Rng::with_seed(11);
                let mut rest = bytes;
                while !rest.is_empty() {
                    let (piece, behind) = rest.split_at(random.usize(1..=512).min(rest.len()));
                    take(piece);
                    rest = behind;
                }
            }
        }
    }
}

fn with_m531x(stream: &Stream, chunks: Chunks, filter: &str) {
    let mut framer = Framer::new(FramerConfig::default());
    framer.set_subscriptions([filter]);
    let now = Instant::now();
    let mut frames = 0;
    chunks.each(&stream.bytes, |piece| {
        framer.handle_input(now, piece);
        while let Some(frame) = framer.next_frame() {
            frames += 1;
            match frame {
                Frame::Line(line) => match FinalResult::parse(line) {
                    Some(result) => drop(black_box(result)),
                    None => drop(black_box(Urc::parse(line))),
                },
                other => drop(black_box(other)),
            }
        }
    });
    assert_eq!(frames, stream.frames, "every frame is seen");
}

struct Urcs;

impl Parser for Urcs {
    fn parse(bytes: &[u8]) -> Result<(&[u8], usize), ParseError> {
        const TOKENS: [&str; 6] = [
            "+MQTTPUBLISH",
            "+MQTTPUBACK",
            "+MQTTSUBACK",
            "+MQTTPINGRSP",
            "+CEREG",
            "+CSCON",
        ];
        for token in TOKENS {
            if let Some(result) = parser::try_urc(parser::urc_helper(token), bytes) {
                return result;
            }
        }
        Err(ParseError::NoMatch)
    }
}

/// Finds frames and does not parse their fields; returns how many, for with several in its buffer
/// it can take them for the answer in front of an `OK`. The buffer is handled as by its ingress.
fn with_atat(stream: &Stream, chunks: Chunks) -> usize {
    let mut digester = AtDigester::<Urcs>::new();
    let mut buffer = Vec::with_capacity(16_384);
    let mut frames = 0;
    chunks.each(&stream.bytes, |piece| {
        buffer.extend_from_slice(piece);
        let mut used = 0;
        loop {
            let (result, count) = digester.digest(&buffer[used..]);
            used += count;
            frames += usize::from(!matches!(result, DigestResult::None));
            black_box(result);
            if count == 0 {
                break;
            }
        }
        buffer.drain(..used);
    });
    frames
}

fn criterion_figures(criterion: &mut Criterion, stream: &Stream) {
    let mut group = criterion.benchmark_group("parser");
    group.throughput(Throughput::Bytes(stream.bytes.len() as u64));
    group.warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(2));
    group.sample_size(20);
    for (name, chunks) in CHUNKS {
        for (peer, filter) in [("exact", "plant/4/pump/speed"), ("wildcard", "plant/#")] {
            group.bench_function(BenchmarkId::new(peer, name), |bencher| {
                bencher.iter(|| with_m531x(stream, chunks, filter));
            });
        }
        group.bench_function(BenchmarkId::new("atat", name), |bencher| {
            bencher.iter(|| black_box(with_atat(stream, chunks)));
        });
    }
    group.finish();
}

/// Megabytes a second, both in turns so that a busy machine slows both.
fn summary(payloads: &str, stream: &Stream) {
    println!(
        "\nparser, {:.1} MB, {payloads}, every field parsed (atat: frames only)",
        stream.megabytes()
    );
    println!(
        "   chunk   exact MB/s   wildcard MB/s   atat MB/s   exact/atat (middle half)   frames atat found"
    );
    for (name, chunks) in CHUNKS {
        let rate = |work: &dyn Fn()| {
            let start = Instant::now();
            work();
            stream.megabytes() / start.elapsed().as_secs_f64()
        };
        let mut rates = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..9 {
            rates[0].push(rate(&|| with_m531x(stream, chunks, "plant/4/pump/speed")));
            rates[1].push(rate(&|| with_m531x(stream, chunks, "plant/#")));
            rates[2].push(rate(&|| {
                black_box(with_atat(stream, chunks));
            }));
        }
        let ratios: Vec<f64> = rates[0]
            .iter()
            .zip(&rates[2])
            .map(|(exact, atat)| exact / atat)
            .collect();
        let ratio = spread(&ratios);
        let [exact, wildcard, atat] = rates.map(|rates| median(&rates));
        println!(
            "{name:>8}{exact:>13.0}{wildcard:>16.0}{atat:>12.1}   {ratio:<22}{:>12} of {}",
            with_atat(stream, chunks),
            stream.frames
        );
    }
}

fn main() {
    let stream = Stream::new(200);
    let mut criterion = Criterion::default().configure_from_args();
    criterion_figures(&mut criterion, &stream);
    summary("payloads of 64 bytes and some of 500", &stream);
    for length in [16, 64] {
        let payloads = format!("payloads of {length} bytes");
        summary(&payloads, &Stream::with_payloads(200, |_| length));
    }
    criterion.final_summary();
}
