//! The same bytes give the same frames however they are cut; any bytes, any cut.

mod framer_support;

use framer_support::{Bench, Message, Seen, line, pieces, publish};
use m531x_at::framer::{FramerConfig, OnAmbiguous};
use m531x_at::profile::TopicQuoting;
use proptest::collection::vec;
use proptest::prelude::*;

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn configs() -> impl Strategy<Value = FramerConfig> {
    let quoting = proptest::sample::select(vec![
        TopicQuoting::Bare,
        TopicQuoting::Quoted,
        TopicQuoting::Either,
    ]);
    let ambiguous = proptest::sample::select(vec![OnAmbiguous::Deliver, OnAmbiguous::Drop]);
    (10usize..80, 0usize..200, 4usize..40, quoting, ambiguous).prop_map(
        |(max_message, max_line, topic_limit, publish_topic, on_ambiguous)| FramerConfig {
            max_message,
            max_line,
            topic_limit,
            publish_topic,
            on_ambiguous,
            ..FramerConfig::default()
        },
    )
}

/// Bytes rich in what means something on the wire.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: &[&str] = &[
        "+MQTTPUBLISH:0,0,0,0,",
        "+MQTTPUBLISH:",
        ",3,",
        ",9,",
        ",70,",
        ",999,",
        "\"",
        "a",
        "b,",
        "\r\n",
        "\r",
        "\n",
        "+",
        "OK\r\n",
        "hello",
        "0",
        "\x01",
    ];
    let word = prop_oneof![
        8 => proptest::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 1..5),
        1 => Just(vec![b'x'; 90]),
    ];
    vec(word, 0..40).prop_map(|words| words.concat())
}

fn filters() -> impl Strategy<Value = Option<&'static [&'static str]>> {
    proptest::sample::select(vec![
        None,
        Some(&[][..]),
        Some(&["a"][..]),
        Some(&["#"][..]),
        Some(&["ab", "+/b"][..]),
    ])
}

/// A valid topic of any length up to 40 characters, commas, digits and quotes included.
fn topic() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9,/]{1,40}", "[^\\x00-\\x1f\\x7f+#]{1,12}"]
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..200), noise()]
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn any_cut_gives_the_same_frames(
        bytes in noise(),
        config in configs(),
        filters in filters(),
        lengths in vec(1usize..30, 1..6),
    ) {
        let whole = Bench::new(config.clone(), filters).all(&[&bytes]);
        let single = Bench::new(config.clone(), filters).all(&pieces(&bytes, &[1]));
        let cut = Bench::new(config, filters).all(&pieces(&bytes, &lengths));
        prop_assert_eq!(&single, &whole);
        prop_assert_eq!(&cut, &whole);
    }

    #[test]
    fn any_payload_under_an_exact_subscription_is_exactly_its_bytes(
        topic in topic(),
        payload in payload(),
        lengths in vec(1usize..30, 1..4),
    ) {
        let config = FramerConfig { publish_topic: TopicQuoting::Bare, ..FramerConfig::default() };
        let bytes = [b"\r\nOK\r\n".to_vec(), publish(topic.as_bytes(), &payload), b"ERROR\r\n".to_vec()].concat();
        let mut bench = Bench::new(config, Some(&[&topic]));
        let seen: Vec<Seen> = pieces(&bytes, &lengths).into_iter().flat_map(|piece| bench.input(piece)).collect();
        let message = Message { topic: topic.into_bytes(), payload, truncated: false, ambiguous: false };
        prop_assert_eq!(seen, [line("OK"), Seen::Message(message), line("ERROR")], "and no silence was needed");
    }

    #[test]
    fn trust_returns_after_a_silence_whatever_came(
        bytes in vec(any::<u8>(), 0..300),
        more in noise(),
        config in configs(),
        filters in filters(),
    ) {
        let mut bench = Bench::new(config, filters);
        bench.all(&[&bytes, &more]);
        prop_assert_eq!(bench.framer.poll_timeout(), None);
        // A message whose length has not come yet waits; these lines end it whatever it is.
        bench.all(&[b"\r\n\r\n"]);
        bench.all(&[b"\r\n"]);
        prop_assert_eq!(bench.all(&[b"OK\r\n"]), [line("OK")]);
    }
}

#[test]
fn memory_is_bounded_by_the_limits_and_not_by_what_is_declared() {
    let config = FramerConfig {
        max_message: 1000,
        max_line: 500,
        ..FramerConfig::default()
    };
    let limit = config.max_message + config.max_line + config.topic_limit + 128;
    let mut random = fastrand::Rng::with_seed(3);
    let mut bench = Bench::new(config, None);
    let mut most = 0;
    for round in 0..20_000 {
        let mut bytes: Vec<u8> = (0..64).map(|_| random.u8(b' '..b'~')).collect();
        if round % 7 == 0 {
            let digits = random.u32(1..13);
            let length = random.u32(0..1 << digits);
            let header = format!("\r\n+MQTTPUBLISH:0,0,0,0,t,{length},");
            bytes.splice(0..0, header.into_bytes());
        }
        bench.input(&bytes);
        most = most.max(bench.framer.buffered());
    }
    assert!(
        most > 500,
        "the test must fill the buffer, and held {most} bytes"
    );
    assert!(most <= limit, "{most} bytes were held, of {limit}");
}
