//! Which messages a subscription gets, and when it ends.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use m531x_test_support::brokers::TestBroker;
use m531x_test_support::mqtt_client::{Client, Received};
use m531x_virtual_modem::broker::{BrokerOptions, EmbeddedBroker};

/// The topics, of those published, that one filter gets.
fn topics_of(client: &mut Client, filter: &str, published: &[&str]) -> Vec<String> {
    client.subscribe(filter, 0);
    for topic in published {
        client.publish(topic, b"x", 0, false);
    }
    let messages = client.messages_until_now();
    client.unsubscribe(filter);
    messages.into_iter().map(|message| message.topic).collect()
}

m531x_test_support::on_both_brokers! {
    fn wildcards_match_levels(broker) {
        let mut client = Client::connect(broker.address(), "wild");
        let published = ["f", "f/a", "f/a/b", "f//b", "g/a", "/f"];
        for (filter, expected) in [
            ("f/+", &["f/a"][..]),
            ("f/#", &["f", "f/a", "f/a/b", "f//b"]),
            ("f/+/b", &["f/a/b", "f//b"]),
            ("+/a", &["f/a", "g/a"]),
            ("+/+", &["f/a", "g/a", "/f"]),
            ("f", &["f"]),
            ("/+", &["/f"]),
        ] {
            assert_eq!(topics_of(&mut client, filter, &published), expected, "{filter}");
        }
    }

    fn a_leading_wildcard_does_not_reach_topics_with_a_dollar(broker) {
        let mut client = Client::connect(broker.address(), "dollar");
        let published = ["$creq/cmd", "plain/cmd"];
        for (filter, expected) in [
            ("+/cmd", &["plain/cmd"][..]),
            ("$creq/#", &["$creq/cmd"]),
            ("$creq/+", &["$creq/cmd"]),
        ] {
            assert_eq!(topics_of(&mut client, filter, &published), expected, "{filter}");
        }
    }

    fn an_unsubscribed_filter_gets_nothing_more(broker) {
        let mut client = Client::connect(broker.address(), "unsub");
        client.subscribe("u/x", 1);
        client.subscribe("u/y", 1);
        client.publish("u/x", b"1", 1, false);
        assert_eq!(client.message(), Received::new("u/x", b"1", 1, false));
        client.unsubscribe("u/x");
        client.publish("u/x", b"2", 1, false);
        client.publish("u/y", b"3", 1, false);
        assert_eq!(client.messages_until_now(), [Received::new("u/y", b"3", 1, false)]);
    }

    fn unsubscribing_what_was_never_subscribed_is_acknowledged(broker) {
        let mut client = Client::connect(broker.address(), "never");
        client.unsubscribe("never/#");
    }

    fn a_second_subscription_to_a_filter_replaces_the_first(broker) {
        let mut client = Client::connect(broker.address(), "replace");
        assert_eq!(client.subscribe("s", 2), 2);
        assert_eq!(client.subscribe("s", 0), 0);
        client.publish("s", b"x", 2, false);
        assert_eq!(client.messages_until_now(), [Received::new("s", b"x", 0, false)]);
    }

    fn each_message_of_a_shared_subscription_goes_to_one_of_the_group(broker) {
        let mut publisher = Client::connect(broker.address(), "publisher");
        let groups = ["one", "one", "one", "two"];
        let mut members: Vec<Client> = (0..4)
            .map(|n| Client::connect(broker.address(), &format!("member-{n}")))
            .collect();
        for (member, group) in members.iter_mut().zip(groups) {
            assert_eq!(member.subscribe(&format!("$share/{group}/jobs/+"), 1), 1);
        }
        let mut alone = Client::connect(broker.address(), "alone");
        alone.subscribe("jobs/#", 1);
        for number in 1..=9_u8 {
            publisher.publish("jobs/x", &[b'0' + number], 1, false);
        }
        let mut came: Vec<Vec<u8>> = members
            .iter_mut()
            .map(|member| member.messages_until_now().iter().map(|m| m.payload[0]).collect())
            .collect();
        let all: Vec<u8> = (b'1'..=b'9').collect();
        assert_eq!(came.pop().unwrap(), all, "the only one of its group");
        assert!(came.iter().all(|some| some.len() == 3), "in turn: {came:?}");
        let mut together = came.concat();
        together.sort_unstable();
        assert_eq!(together, all);
        assert_eq!(alone.messages_until_now().len(), 9);
        members[0].unsubscribe("$share/one/jobs/+");
        members[1].unsubscribe("$share/one/jobs/+");
        for payload in [b"x", b"y", b"z"] {
            publisher.publish("jobs/x", payload, 1, false);
            while members[2].message() != Received::new("jobs/x", payload, 1, false) {}
        }
    }
}

fn embedded_with(options: BrokerOptions) -> TestBroker {
    let any = "127.0.0.1:0".parse().unwrap();
    TestBroker::Embedded(EmbeddedBroker::start_with(any, options).unwrap())
}

#[test]
fn the_embedded_broker_grants_less_when_told_so() {
    let broker = embedded_with(BrokerOptions {
        maximum_qos: Some(1),
        ..BrokerOptions::default()
    });
    let mut client = Client::connect(broker.address(), "less");
    assert_eq!(client.subscribe("a", 2), 1);
    assert_eq!(client.subscribe("b", 0), 0);
    client.publish("a", b"x", 2, false);
    assert_eq!(client.message(), Received::new("a", b"x", 1, false));
}

#[test]
fn the_embedded_broker_refuses_filters_when_told_so() {
    let broker = embedded_with(BrokerOptions {
        refused_filters: vec!["secret/#".to_owned()],
        ..BrokerOptions::default()
    });
    let mut client = Client::connect(broker.address(), "refused");
    assert_eq!(client.subscribe("secret/#", 2), 0x80);
    client.publish("secret/x", b"x", 0, false);
    assert_eq!(client.messages_until_now(), []);
}
