//! Messages whose bytes come in full: where the topic ends and which reading is taken.

mod framer_support;

use framer_support::{
    Bench, Message, Seen, ambiguous, line, message, pieces, publish, truncated, untrusted,
};
use m531x_at::QoS;
use m531x_at::framer::{Frame, FramerConfig, OnAmbiguous};
use m531x_at::profile::TopicQuoting;

fn quoting(publish_topic: TopicQuoting) -> FramerConfig {
    FramerConfig {
        publish_topic,
        ..FramerConfig::default()
    }
}

#[test]
fn the_fields_of_the_header_are_read() {
    let mut bench = Bench::unknown();
    bench.framer.handle_input(
        bench.now,
        b"+MQTTPUBLISH: 1,2,1,61111,dev/gsm/u,14,update message\r\n",
    );
    let Some(Frame::Publish(publish)) = bench.framer.next_frame() else {
        panic!("a message");
    };
    assert!(publish.dup && publish.retain);
    assert_eq!((publish.qos, publish.packet_id), (QoS::ExactlyOnce, 61111));
    assert_eq!(
        (publish.topic, publish.payload),
        (&b"dev/gsm/u"[..], &b"update message"[..])
    );
    assert!(!publish.truncated && !publish.ambiguous);
}

#[test]
fn messages_as_modules_printed_them() {
    let creq = "$creq/4fc197e6-5033-5d6f-b2c2-a5d0d56c8382";
    // captured from a M5311
    let m5311 = format!("+MQTTPUBLISH: 0,0,0,0,{creq},14,{{\"abc\": \"efg\"}}\r\n");
    // captured from a ML302: quotes around the topic, and quotes that are payload
    let ml302 = "+MQTTPUBLISH: 0,0,0,0,\"car-manager/lock\",8,\"UNLOCK\"\r\n";
    let shadow = "{\"method\":\"reply\",\"payload\":{\"status\":\"success\",\"version\":24470},\"clientToken\":\"null\",\"timestamp\":1642487387}";
    let ml302_shadow = format!("+MQTTPUBLISH: 0,1,0,61111,\"/shadow/get/pk/dev\",109,{shadow}\r\n");
    // manual 2.2
    let manual = "+MQTTPUBLISH:0,1,0,1,pyr,3,~zz\r\n";
    for (bytes, topic, payload) in [
        (&m5311[..], creq, "{\"abc\": \"efg\"}"),
        (ml302, "car-manager/lock", "\"UNLOCK\""),
        (&ml302_shadow, "/shadow/get/pk/dev", shadow),
        (manual, "pyr", "~zz"),
    ] {
        for subscriptions in [None, Some(&[][..]), Some(&["#"][..]), Some(&[topic][..])] {
            let mut bench = Bench::new(FramerConfig::default(), subscriptions);
            assert_eq!(
                bench.input(bytes),
                [message(topic, payload)],
                "{subscriptions:?}"
            );
        }
    }
}

#[test]
fn readings_are_told_apart_as_the_rules_say() {
    struct Case {
        rule: &'static str,
        filters: Option<&'static [&'static str]>,
        bytes: &'static str,
        expected: Vec<Seen>,
    }
    let case = |rule, filters, bytes, expected| Case {
        rule,
        filters,
        bytes,
        expected,
    };
    let cases = [
        case(
            "an exact subscription decides at once",
            Some(&["a"][..]),
            "a,7,b,900,x\r\n",
            vec![message("a", "b,900,x")],
        ),
        case(
            "a topic with a length in it, subscribed",
            Some(&["a,3,b"]),
            "a,3,b,5,hello\r\n",
            vec![message("a,3,b", "hello")],
        ),
        case(
            "a topic with a length in it, by wildcard",
            Some(&["#"]),
            "a,3,b,5,hello\r\n",
            vec![message("a,3,b", "hello")],
        ),
        case(
            "nobody subscribed: the one that closes",
            Some(&["z"]),
            "a,3,b,5,hello\r\n",
            vec![message("a,3,b", "hello")],
        ),
        case(
            "the subscribed one does not close, its frame lies within",
            Some(&["a"]),
            "a,3,b,5,hello\r\n",
            vec![message("a,3,b", "hello")],
        ),
        case(
            "two close at one place: nothing is hidden",
            Some(&["#"]),
            "a,5,b,1,x\r\n",
            vec![ambiguous("a", "b,1,x")],
        ),
        case(
            "two close, but one is subscribed",
            Some(&["a"]),
            "a,5,b,1,x\r\n",
            vec![message("a", "b,1,x")],
        ),
        case(
            "two close, but the other is subscribed",
            Some(&["a,5,b"]),
            "a,5,b,1,x\r\n",
            vec![message("a,5,b", "x")],
        ),
        case(
            "two close, the shorter topic first: the rest is in doubt",
            None,
            "a,5,b,9,x\r\nOK\r\nyy\r\n",
            vec![
                ambiguous("a", "b,9,x"),
                untrusted("OK"),
                untrusted("yy"),
                Seen::Hidden(8),
            ],
        ),
        case(
            "two close, the shorter topic last: what it covers is hidden",
            None,
            "a,11,b,1,x\r\nOK\r\n\r\n+CSQ:1\r\n",
            vec![
                ambiguous("a", "b,1,x\r\nOK\r\n"),
                Seen::Hidden(6),
                line("+CSQ:1"),
            ],
        ),
        case("an empty payload", None, "a,0,\r\n", vec![message("a", "")]),
        case(
            "a topic may be numbers and commas",
            Some(&["7,7"]),
            "7,7,2,hi\r\n",
            vec![message("7,7", "hi")],
        ),
        case(
            "an empty topic is none",
            None,
            ",5,x,2,hi\r\n",
            vec![message(",5,x", "hi")],
        ),
        case(
            "a topic of Chinese",
            Some(&["\u{4f60}"]),
            "\u{4f60},6,\u{597d}\u{597d}\r\n",
            vec![message("\u{4f60}", "\u{597d}\u{597d}")],
        ),
        case(
            "no topic reaches past a control character",
            None,
            "a,5,\x01,1,b\r\n",
            vec![message("a", "\x01,1,b")],
        ),
        case(
            "no topic reaches past a wildcard",
            None,
            "a,5,#,1,b\r\n",
            vec![message("a", "#,1,b")],
        ),
        case(
            "2016: the payload on its own line",
            None,
            "a/b,5\r\nhello\r\n",
            vec![message("a/b", "hello")],
        ),
        case(
            "2016: the payload holds a line",
            None,
            "a/b,8\r\nx\r\nOK\r\ny\r\n",
            vec![message("a/b", "x\r\nOK\r\ny")],
        ),
        case(
            "a number before CR LF is payload if a length was seen",
            None,
            "a,3,b,5\r\n",
            vec![message("a", "b,5")],
        ),
        case(
            "before v1.1: a URC follows at once",
            Some(&["a"]),
            "a,5,hello+CEREG:1\r\n",
            vec![message("a", "hello"), line("+CEREG:1")],
        ),
        case(
            "before v1.1: a message follows at once",
            Some(&["#"]),
            "a,5,hello+MQTTPUBLISH:0,0,0,0,a,2,hi+CSQ:1\n",
            vec![message("a", "hello"), message("a", "hi"), line("+CSQ:1")],
        ),
        case(
            "a lone LF follows",
            None,
            "a,5,hello\nOK\r\n",
            vec![message("a", "hello"), line("OK")],
        ),
        case(
            "CR CR LF follows",
            None,
            "a,5,hello\r\r\nOK\r\n",
            vec![message("a", "hello"), line("OK")],
        ),
        case(
            "before v1.1, two readings fit",
            None,
            "a,5,b,1,x+CSQ:1\r\n",
            vec![ambiguous("a", "b,1,x"), line("+CSQ:1")],
        ),
        case(
            "one byte was lost: the line end shows it",
            Some(&["a"]),
            "a,5,helo\r\nOK\r\n",
            vec![truncated("a", "helo"), Seen::Hidden(5), line("OK")],
        ),
        case(
            "bytes were lost: an answer may be within, and the line behind is not whole",
            Some(&["a"]),
            "a,10,hel\r\nOK\r\n+CSQ:1\r\nOK\r\n",
            vec![
                truncated("a", "hel\r\nOK\r\n+"),
                Seen::Hidden(10),
                untrusted("CSQ:1"),
                line("OK"),
            ],
        ),
        case(
            "bytes were lost under a wildcard and the topic may have been unreadable",
            None,
            "a,3,b\u{1}c,5,x\r\nOK\r\n",
            vec![
                truncated("a", "b\u{1}c"),
                untrusted(",5,x"),
                untrusted("OK"),
                Seen::Hidden(13),
            ],
        ),
        case(
            "a subscribed frame reaches past the one that closes",
            Some(&["a"]),
            "a,15,b,2,hi\r\nOK\r\nxyzzy\r\n",
            vec![
                ambiguous("a,15,b", "hi"),
                untrusted("OK"),
                untrusted("xyzzy"),
                Seen::Hidden(7),
            ],
        ),
        case(
            "garbage begins in that frame, and a message behind it",
            Some(&["a"]),
            "a,8,b,1,x\r\n\u{1}\u{2}+MQTTPUBLISH:0,0,0,0,a,2,hi\r\nOK\r\n",
            vec![
                ambiguous("a,8,b", "x"),
                ambiguous("a", "hi"),
                Seen::Hidden(31),
                line("OK"),
            ],
        ),
        case(
            "a line begins in that frame, and a message behind its CR",
            Some(&["a"]),
            "a,8,b,1,x\r\nzz\r+MQTTPUBLISH:0,0,0,0,a,2,hi\r\nOK\r\n",
            vec![
                ambiguous("a,8,b", "x"),
                untrusted("zz"),
                ambiguous("a", "hi"),
                Seen::Hidden(32),
                line("OK"),
            ],
        ),
    ];
    for case in cases {
        let bytes = format!("+MQTTPUBLISH:0,0,0,0,{}", case.bytes);
        for length in [1, 3, 1000] {
            let seen = Bench::new(FramerConfig::default(), case.filters)
                .all(&pieces(bytes.as_bytes(), &[length]));
            assert_eq!(
                seen,
                case.expected,
                "{}: {} in pieces of {length}",
                case.rule,
                bytes.escape_debug()
            );
        }
    }
}

#[test]
fn an_exact_subscription_needs_no_byte_more_than_the_frame() {
    let mut bench = Bench::subscribed(&["a"]);
    let bytes = publish(b"a", b"9,50,1\r\nOK");
    let (last, rest) = bytes.split_last().expect("not empty");
    assert_eq!(bench.input(rest), []);
    assert_eq!(bench.input([*last]), [message("a", "9,50,1\r\nOK")]);
    assert_eq!(bench.framer.poll_timeout(), None);
}

#[test]
fn quotes_around_a_topic_are_the_profiles_matter() {
    let quoted = "+MQTTPUBLISH:0,0,0,0,\"a\",2,hi\r\n";
    for (config, filters, expected) in [
        (quoting(TopicQuoting::Quoted), None, message("a", "hi")),
        (
            quoting(TopicQuoting::Quoted),
            Some(&["a"][..]),
            message("a", "hi"),
        ),
        (quoting(TopicQuoting::Bare), None, message("\"a\"", "hi")),
        (quoting(TopicQuoting::Either), None, message("a", "hi")),
        (
            quoting(TopicQuoting::Either),
            Some(&["a"][..]),
            message("a", "hi"),
        ),
        (
            quoting(TopicQuoting::Either),
            Some(&["\"a\""][..]),
            message("\"a\"", "hi"),
        ),
    ] {
        assert_eq!(
            Bench::new(config.clone(), filters).input(quoted),
            [expected],
            "{config:?} {filters:?}"
        );
    }
}

#[test]
fn a_quoted_topic_ends_at_its_quote() {
    let bytes = "+MQTTPUBLISH:0,0,0,0,\"a,5,b\",6,c,1,xy\r\n";
    let seen = Bench::new(quoting(TopicQuoting::Quoted), None).input(bytes);
    assert_eq!(seen, [message("a,5,b", "c,1,xy")]);
}

#[test]
fn ambiguous_messages_can_be_dropped_instead() {
    let config = FramerConfig {
        on_ambiguous: OnAmbiguous::Drop,
        ..FramerConfig::default()
    };
    let bytes = "+MQTTPUBLISH:0,0,0,0,a,5,b,1,x\r\n";
    let seen = Bench::new(config, None).input(format!("{bytes}OK\r\n"));
    assert_eq!(seen, [Seen::Hidden(bytes.len()), line("OK")]);
}

#[test]
fn subscriptions_may_come_to_be_known_within_a_message() {
    let mut bench = Bench::unknown();
    assert_eq!(bench.input("+MQTTPUBLISH:0,0,0,0,a,9,b,900,x"), []);
    bench.framer.set_subscriptions(["a"]);
    assert_eq!(bench.input("yz\r\n"), [message("a", "b,900,xyz")]);
}

#[test]
fn any_byte_may_be_payload() {
    let payload: Vec<u8> = (0..=255).collect();
    let seen = Bench::subscribed(&["a"]).input(publish(b"a", &payload));
    let expected = Seen::Message(Message {
        topic: b"a".to_vec(),
        payload,
        truncated: false,
        ambiguous: false,
    });
    assert_eq!(seen, [expected]);
}

#[test]
fn a_quoted_topic_is_one_on_a_model_that_prints_them_bare_if_only_that_is_subscribed_to() {
    let config = FramerConfig {
        publish_topic: TopicQuoting::Bare,
        ..FramerConfig::default()
    };
    for (filters, topic) in [
        (&["lamp/1"][..], "lamp/1"),
        (&["lamp/+"], "lamp/1"),
        (&["\"lamp/1\"", "lamp/1"], "\"lamp/1\""),
        (&["#"], "\"lamp/1\""),
    ] {
        let mut bench = Bench::new(config.clone(), Some(filters));
        assert_eq!(
            bench.input(publish(b"\"lamp/1\"", b"on")),
            [message(topic, "on")],
            "{filters:?}"
        );
    }
    let mut bench = Bench::new(config, Some(&["a,3,b"]));
    assert_eq!(
        bench.input(publish(b"\"a,3,b\"", b"on")),
        [message("a,3,b", "on")]
    );
}

#[test]
fn shared_subscriptions_are_told_apart_by_their_filter() {
    // Under the filter of the first there is one reading, under that of the others several.
    let bytes = publish(b"a,5,b", b"x\r\n\r\nOK");
    for filter in ["$share/group/a,5,b", "$queue/a,5,b", "$exclusive/a,5,b"] {
        let mut bench = Bench::subscribed(&[filter]);
        assert_eq!(
            bench.input(&bytes),
            [message("a,5,b", "x\r\n\r\nOK")],
            "{filter}"
        );
    }
    let mut bench = Bench::subscribed(&["$share/group/#"]);
    let seen = bench.all(&[&bytes]);
    assert!(
        matches!(&seen[0], Seen::Message(found) if found.ambiguous),
        "{seen:?}"
    );
}
