//! Topic names, filters and matching follow MQTT 3.1.1, chapter 4.7.

use m531x_at::topic::{FilterSet, TopicError, matches, validate_filter, validate_name};
use proptest::prelude::*;

#[test]
fn the_examples_of_the_standard_hold() {
    let matching = [
        ("sport/tennis/player1/#", "sport/tennis/player1"),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking"),
        (
            "sport/tennis/player1/#",
            "sport/tennis/player1/score/wimbledon",
        ),
        ("sport/#", "sport"),
        ("#", "sport/tennis"),
        ("sport/tennis/+", "sport/tennis/player1"),
        ("sport/+", "sport/"),
        ("+/+", "/finance"),
        ("/+", "/finance"),
        ("+/tennis/#", "sport/tennis/x"),
        ("$SYS/#", "$SYS/broker/load"),
        ("$SYS/monitor/+", "$SYS/monitor/Clients"),
        ("家/+/灯", "家/客厅/灯"),
    ];
    for (filter, name) in matching {
        assert!(
            matches(filter.as_bytes(), name.as_bytes()),
            "{filter} and {name}"
        );
    }
    let different = [
        ("sport/tennis/+", "sport/tennis/player1/ranking"),
        ("sport/+", "sport"),
        ("+", "/finance"),
        ("#", "$SYS/broker"),
        ("+/monitor/Clients", "$SYS/monitor/Clients"),
        ("sport", "Sport"),
        ("sport", "sport/"),
        ("a/b", "a/b/c"),
    ];
    for (filter, name) in different {
        assert!(
            !matches(filter.as_bytes(), name.as_bytes()),
            "{filter} and {name}"
        );
    }
}

#[test]
fn wildcards_are_refused_in_names_and_in_the_wrong_places_of_filters() {
    assert_eq!(
        validate_name(b"a/+/b", 512),
        Err(TopicError::WildcardInName { offset: 2 })
    );
    assert_eq!(
        validate_name(b"a/b#", 512),
        Err(TopicError::WildcardInName { offset: 3 })
    );
    for filter in ["#", "+", "a/#", "+/a/+", "/", "a//b", "+/#", "a b"] {
        assert_eq!(validate_filter(filter.as_bytes(), 512), Ok(()), "{filter}");
    }
    let misplaced = [
        ("a#", 1),
        ("#/a", 0),
        ("a/#/b", 2),
        ("a+", 1),
        ("+a", 0),
        ("a/b+/c", 3),
    ];
    for (filter, offset) in misplaced {
        let expected = Err(TopicError::MisplacedWildcard { offset });
        assert_eq!(
            validate_filter(filter.as_bytes(), 512),
            expected,
            "{filter}"
        );
    }
}

#[test]
fn empty_topics_long_topics_and_nul_are_refused() {
    for validate in [validate_name, validate_filter] {
        assert_eq!(validate(b"", 512), Err(TopicError::Empty));
        assert_eq!(validate(b"a\0", 512), Err(TopicError::Nul { offset: 1 }));
        assert_eq!(validate(&[b'a'; 512], 512), Ok(()));
        let too_long = Err(TopicError::TooLong {
            limit: 512,
            actual: 513,
        });
        assert_eq!(validate(&[b'a'; 513], 512), too_long);
    }
}

#[test]
fn a_set_that_is_not_known_matches_everything_and_an_empty_one_nothing() {
    assert!(FilterSet::unknown().matches(b"$creq/1"));
    assert!(FilterSet::unknown().is_unknown());
    assert!(!FilterSet::unknown().is_empty());
    let empty = FilterSet::new(Vec::<&str>::new());
    assert!(empty.is_empty() && !empty.is_unknown() && !empty.matches(b"a"));
}

proptest! {
    #[test]
    fn the_matcher_agrees_with_a_naive_reference(filter in filter(), name in name()) {
        prop_assert_eq!(
            matches(filter.as_bytes(), name.as_bytes()),
            naive(&filter, &name),
            "{} and {}", filter, name
        );
    }

    #[test]
    fn a_set_matches_when_one_of_its_filters_does(
        filters in prop::collection::vec(filter(), 0..6),
        name in name(),
    ) {
        let set = FilterSet::new(&filters);
        let expected = filters.iter().any(|filter| naive(filter, &name));
        prop_assert_eq!(set.matches(name.as_bytes()), expected);
    }
}

/// By recursion over the levels, one rule a line.
fn naive(filter: &str, name: &str) -> bool {
    fn levels(filter: &[&str], name: &[&str]) -> bool {
        match (filter, name) {
            (["#"], _) | ([], []) => true,
            (["+", filter @ ..], [_, name @ ..]) => levels(filter, name),
            ([level, filter @ ..], [found, name @ ..]) => level == found && levels(filter, name),
            _ => false,
        }
    }
    let hidden = name.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'));
    let filter: Vec<_> = filter.split('/').collect();
    let name: Vec<_> = name.split('/').collect();
    !hidden && levels(&filter, &name)
}

fn filter() -> impl Strategy<Value = String> {
    let level = prop::sample::select(vec!["a", "b", "", "+", "$s", "+"]);
    (prop::collection::vec(level, 1..5), any::<bool>()).prop_map(|(mut levels, all)| {
        if all {
            levels.push("#");
        }
        levels.join("/")
    })
}

fn name() -> impl Strategy<Value = String> {
    let level = prop::sample::select(vec!["a", "b", "", "$s"]);
    prop::collection::vec(level, 1..6).prop_map(|levels| levels.join("/"))
}

#[test]
fn a_shared_subscription_matches_by_its_filter() {
    for (filter, name, expected) in [
        ("$share/g/a/+", "a/1", true),
        ("$share/g/#", "a/1", true),
        ("$share/g/#", "$SYS/uptime", false),
        ("$share/g/a", "$share/g/a", false),
        ("$share/g//a", "/a", true),
        ("$queue/a/#", "a/b/c", true),
        ("$queue/a", "b", false),
        ("$exclusive/a", "a", true),
        // No group, or none that may be named so: an ordinary filter.
        ("$share/g", "$share/g", true),
        ("$share//a", "a", false),
        ("$share/+/a", "a", false),
        ("$queue/", "$queue/", true),
        ("$queued/a", "a", false),
    ] {
        assert_eq!(
            matches(filter.as_bytes(), name.as_bytes()),
            expected,
            "{filter} {name}"
        );
        let set = FilterSet::new([filter]);
        assert_eq!(set.matches(name.as_bytes()), expected, "{filter} {name}");
    }
}
