//! Every example line of the manual and every captured line, in one table: what it means and, where
//! it is ours to send, what we send for it.

mod golden;

use std::time::{Duration, Instant};

use golden::{Means, numbers, table};
use m531x_at::QoS;
use m531x_at::command::Command;
use m531x_at::framer::{Frame, Framer, FramerConfig, silence_limit};
use m531x_at::profile::{AckOrder, Model, TopicQuoting};
use m531x_at::response::{ConfigReadback, FinalResult, MqttStat, SubscriptionLine};
use m531x_at::urc::{AckNumbers, Publish, Urc};

#[test]
fn every_golden_command_is_understood() {
    for golden in table() {
        if let Means::Command(command, _) = &golden.means {
            let decoded = Command::decode(golden.line.as_bytes());
            assert_eq!(
                decoded.as_ref(),
                Ok(command),
                "{}: {}",
                golden.source,
                golden.line
            );
        }
    }
}

#[test]
fn every_golden_command_can_be_sent() {
    for golden in table() {
        if let Means::Command(command, sent) = &golden.means {
            let line = command.encode(golden.model.profile()).expect(golden.line);
            let line = std::str::from_utf8(line.as_bytes()).expect("commands are UTF-8");
            assert_eq!(line, *sent, "{}: {}", golden.source, golden.line);
        }
    }
}

#[test]
fn every_golden_urc_is_understood() {
    for golden in table() {
        let expected = match golden.means {
            Means::Urc(urc) => Some(urc),
            _ => None,
        };
        let parsed = Urc::parse(golden.line.as_bytes());
        assert_eq!(parsed, expected, "{}: {}", golden.source, golden.line);
    }
}

#[test]
fn every_golden_urc_survives_being_printed_by_every_model() {
    for golden in table() {
        let Means::Urc(urc) = golden.means else {
            continue;
        };
        for model in Model::ALL {
            let mut printed = Vec::new();
            urc.encode(model.profile(), &mut printed);
            let line = printed.strip_suffix(b"\r\n").expect("a URC ends in CR LF");
            assert_eq!(Urc::parse(line), Some(urc), "{model}: {}", golden.line);
        }
    }
}

#[test]
fn every_golden_answer_is_understood() {
    for golden in table() {
        let bytes = golden.line.as_bytes();
        let context = format!("{}: {}", golden.source, golden.line);
        match golden.means {
            Means::Final(result) => {
                assert_eq!(FinalResult::parse(bytes), Some(result), "{context}");
            }
            Means::Config(config) => {
                assert_eq!(ConfigReadback::parse(bytes), Some(config), "{context}");
                assert!(Command::MqttCfgRead.accepts(bytes), "{context}");
            }
            Means::Stat(stat) => {
                assert_eq!(MqttStat::parse(bytes), Some(stat), "{context}");
                assert!(Command::MqttStatRead.accepts(bytes), "{context}");
                assert_eq!(
                    stat.encode(golden.model.profile()),
                    golden.line,
                    "{context}"
                );
            }
            Means::Subscription(line) => {
                assert_eq!(SubscriptionLine::parse(bytes), Some(line), "{context}");
                assert!(Command::MqttSubRead.accepts(bytes), "{context}");
                assert_eq!(line.encode(), bytes, "{context}");
            }
            Means::Command(..) | Means::Urc(_) | Means::Message(_) => {}
        }
    }
}

#[test]
fn every_golden_urc_is_left_to_the_events_while_a_list_of_topics_is_read() {
    for golden in table() {
        if let Means::Urc(_) = golden.means {
            assert!(
                !Command::MqttSubRead.accepts(golden.line.as_bytes()),
                "{}",
                golden.line
            );
        }
    }
}

#[test]
fn every_golden_message_is_printed_as_its_model_prints_it() {
    for golden in table() {
        if let Means::Message(publish) = golden.means {
            let mut profile = golden.model.profile().clone();
            // Spaces are mixed within one firmware.
            profile.colon_space = golden.line.contains(": ");
            let mut printed = Vec::new();
            Urc::Publish(publish).encode(&profile, &mut printed);
            assert_eq!(
                printed,
                format!("{}\r\n", golden.line).as_bytes(),
                "{}",
                golden.source
            );
        }
    }
}

#[test]
fn every_golden_message_comes_out_of_the_framer() {
    for golden in table() {
        if let Means::Message(publish) = golden.means {
            let topic = std::str::from_utf8(publish.topic).expect("topics are UTF-8");
            for subscriptions in [None, Some(topic), Some("#")] {
                let frames = frames_of(&[golden.line], subscriptions, golden.model);
                assert_eq!(frames, [Seen::message(&publish)], "{}", golden.source);
            }
        }
    }
}

#[test]
fn the_whole_table_in_one_stream_comes_out_line_by_line() {
    let table = table();
    let lines: Vec<_> = table.iter().map(|golden| golden.line).collect();
    let expected: Vec<_> = table
        .iter()
        .map(|golden| match &golden.means {
            Means::Message(publish) => Seen::message(publish),
            _ => Seen::Line(golden.line.into()),
        })
        .collect();
    assert_eq!(frames_of(&lines, None, Model::M5310A), expected);
}

#[test]
fn acks_are_printed_in_the_order_of_the_model() {
    let manual = AckNumbers::for_packet(10, Model::M5310A.profile());
    assert_eq!(manual, numbers(10, 0));
    assert_eq!(manual.packet_id(AckOrder::IdFirst), 10);
    let relative = AckNumbers::for_packet(14, Model::Ml302.profile());
    assert_eq!(relative, numbers(0, 14));
    assert_eq!(relative.packet_id(AckOrder::DupFirst), 14);
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Line(String),
    Message {
        topic: Vec<u8>,
        payload: Vec<u8>,
        qos: QoS,
        packet_id: u16,
        flags: [bool; 4],
    },
    Other(String),
}

impl Seen {
    fn message(publish: &Publish<'_>) -> Self {
        Self::Message {
            topic: publish.topic.to_vec(),
            payload: publish.payload.to_vec(),
            qos: publish.qos,
            packet_id: publish.packet_id,
            flags: [
                publish.dup,
                publish.retain,
                publish.truncated,
                publish.ambiguous,
            ],
        }
    }
}

/// What the framer makes of these lines, each ended by CR LF, and of silence after them.
fn frames_of(lines: &[&str], subscription: Option<&str>, model: Model) -> Vec<Seen> {
    let profile = model.profile();
    let mut framer = Framer::new(FramerConfig {
        silence_limit: silence_limit(profile.baudrate),
        publish_topic: if lines.len() == 1 {
            profile.publish_topic
        } else {
            TopicQuoting::Either
        },
        ..FramerConfig::default()
    });
    if let Some(filter) = subscription {
        framer.set_subscriptions([filter]);
    }
    let now = Instant::now();
    let mut seen = Vec::new();
    for line in lines {
        framer.handle_input(now, format!("{line}\r\n").as_bytes());
        collect(&mut framer, &mut seen);
    }
    framer.handle_timeout(now + Duration::from_secs(10));
    collect(&mut framer, &mut seen);
    seen
}

fn collect(framer: &mut Framer, seen: &mut Vec<Seen>) {
    while let Some(frame) = framer.next_frame() {
        seen.push(match frame {
            Frame::Line(line) => Seen::Line(String::from_utf8_lossy(line).into_owned()),
            Frame::Publish(publish) => Seen::message(&publish),
            other => Seen::Other(format!("{other:?}")),
        });
    }
}
