//! The framer agrees with a parser that is slow, obvious and sees the whole input at once.

mod framer_support;

use framer_support::{Bench, pieces, publish, reference};
use m531x_at::framer::FramerConfig;
use m531x_at::profile::TopicQuoting;
use proptest::collection::vec;
use proptest::prelude::*;

fn config() -> FramerConfig {
    FramerConfig {
        max_message: 60,
        deliverable: 25,
        max_line: 64,
        publish_topic: TopicQuoting::Bare,
        ..FramerConfig::default()
    }
}

fn fragment() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: &[&str] = &[
        "OK",
        "a",
        "b",
        ",",
        ",3,",
        ",5,",
        ",12,",
        ",99,",
        "x",
        "\r\n",
        "\n",
        "\r",
        "+",
        "+CSQ:1",
        "\t",
        "+MQTTPUBLISH:0,0,0,0,",
        "+MQTTPUBLISH: 0,1,0,7,a",
        "hello",
        "1",
        "\0",
        "\u{e9}",
    ];
    prop_oneof![
        4 => proptest::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..4),
    ]
}

fn item() -> impl Strategy<Value = Vec<u8>> {
    let text = || vec(fragment(), 0..6).prop_map(|parts| parts.concat());
    let topic = proptest::sample::select(&["a", "b/c", "a,3,b", "a,3", "z"][..]);
    prop_oneof![
        3 => proptest::sample::select(&["OK\r\n", "\r\nOK\r\n", "+CEREG:1\r\n", "+CSQ:20,99\n", "\r\nERROR\r\r\n"][..])
            .prop_map(|line| line.as_bytes().to_vec()),
        5 => (topic, text()).prop_map(|(topic, payload)| publish(topic.as_bytes(), &payload)),
        2 => (text(), text()).prop_map(|(topic, payload)| publish(&topic, &payload)),
        1 => (topic_of_2016(), text()).prop_map(|(topic, payload)| {
            let mut bytes = format!("+MQTTPUBLISH:0,0,0,0,{topic},{}\r\n", payload.len()).into_bytes();
            bytes.extend_from_slice(&payload);
            bytes.extend_from_slice(b"\r\n");
            bytes
        }),
        1 => text(),
    ]
}

fn topic_of_2016() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&["a", "b/c", "z"][..])
}

/// A stream, sometimes with bytes lost.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    (
        vec(item(), 1..6),
        vec((any::<prop::sample::Index>(), 1usize..8), 0..3),
    )
        .prop_map(|(items, losses)| {
            let mut bytes = items.concat();
            for (at, count) in losses {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    let end = (at + count).min(bytes.len());
                    bytes.drain(at..end);
                }
            }
            bytes
        })
}

fn filters() -> impl Strategy<Value = Option<&'static [&'static str]>> {
    proptest::sample::select(vec![
        None,
        Some(&["a"][..]),
        Some(&["a", "b/c"]),
        Some(&["#"]),
        Some(&["a,3,b", "b/+"]),
        Some(&[]),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_reference_parser_agrees(
        bytes in stream(),
        filters in filters(),
        lengths in vec(1usize..40, 1..4),
    ) {
        let expected = reference::parse(&bytes, &config(), filters);
        let actual = Bench::new(config(), filters).all(&pieces(&bytes, &lengths));
        prop_assert_eq!(actual, expected, "{}", bytes.escape_ascii());
    }
}

/// Found by fuzzing: the reference once looked for a header as far as it liked.
#[test]
fn both_give_up_on_a_header_behind_more_spaces_than_any_module_prints() {
    for spaces in [0, 1, 55, 56, 57, 64, 200] {
        let header = format!("+MQTTPUBLISH:{}0,0,0,0,aMQ", " ".repeat(spaces));
        let bytes = [header.as_bytes(), b"\n\r\r0,OK\r\nOK\r\n"].concat();
        let expected = reference::parse(&bytes, &config(), Some(&["a"]));
        let actual = Bench::new(config(), Some(&["a"])).all(&[&bytes]);
        assert_eq!(actual, expected, "{spaces} spaces");
    }
}
