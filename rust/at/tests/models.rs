//! Models are found by what they say, and each has its facts.

use m531x_at::cme::{CmeFamily, text};
use m531x_at::profile::{AckOrder, Model, TopicQuoting};
use m531x_at::response::{CmeError, FinalResult};

#[test]
fn a_model_is_found_in_its_identification() {
    let cases = [
        ("M5310-A", Some(Model::M5310A)),
        ("CMCC M5310A", Some(Model::M5310A)),
        ("M5311", Some(Model::M5311)),
        ("Revision:M5311-MBRH0S02", Some(Model::M5311)),
        ("m5312", Some(Model::M5312)),
        ("M5313", Some(Model::M5313)),
        ("MN316-DLVD", Some(Model::Mn316)),
        ("ML302-CNLM", Some(Model::Ml302)),
        ("BC95", None),
        ("", None),
    ];
    for (answer, model) in cases {
        assert_eq!(Model::from_identification(answer), Ok(model), "{answer}");
    }
}

#[test]
fn the_ml307_family_is_refused_by_name() {
    let refused = Model::from_identification("CMCC ML307R-DL").expect_err("another command set");
    assert_eq!(refused.name, "ML307R-DL");
    assert!(
        refused
            .to_string()
            .starts_with("the module ML307R-DL speaks another command set")
    );
}

#[test]
fn a_name_reads_back_as_its_model() {
    for model in Model::ALL {
        assert_eq!(model.to_string().parse(), Ok(model));
        assert_eq!(model.to_string().to_lowercase().parse(), Ok(model));
        assert_eq!(model.profile().model, model);
    }
    assert_eq!("m5310a".parse(), Ok(Model::M5310A));
    let unknown = "M9999".parse::<Model>().expect_err("no such model");
    assert_eq!(
        unknown.to_string(),
        "unknown model \"M9999\": use one of M5310-A, M5311, M5312, M5313, MN316, ML302"
    );
}

#[test]
fn only_models_with_captures_count_as_verified() {
    let verified: Vec<_> = Model::ALL
        .into_iter()
        .filter(|m| m.profile().verified)
        .collect();
    assert_eq!(verified, [Model::M5310A, Model::M5311]);
}

#[test]
fn the_two_main_models_differ_where_the_dialect_says_so() {
    let (a, b) = (Model::M5310A.profile(), Model::M5311.profile());
    assert_eq!((a.baudrate, b.baudrate), (9600, 115_200));
    assert_eq!((a.colon_space, b.colon_space), (false, true));
    assert_eq!((a.echo_at_boot, b.echo_at_boot), (false, true));
    assert_eq!(
        (a.guard_time.as_millis(), b.guard_time.as_millis()),
        (300, 0)
    );
    assert_eq!(
        (a.publish_topic, b.publish_topic),
        (TopicQuoting::Bare, TopicQuoting::Bare)
    );
    assert_eq!(
        (a.ack_order, b.ack_order),
        (AckOrder::IdFirst, AckOrder::IdFirst)
    );
    assert_eq!((a.wake_lock, b.wake_lock), (None, Some("AT+SM=LOCK")));
}

#[test]
fn a_cme_number_has_the_meaning_of_its_family() {
    let cases = [
        (CmeFamily::General, 3, Some("operation not allowed")),
        (
            CmeFamily::General,
            47,
            Some("corporate personalisation PUK required"),
        ),
        (CmeFamily::General, 51, None),
        (CmeFamily::Hi21xx, 51, Some("command disabled")),
        (CmeFamily::Hi21xx, 159, Some("uplink busy")),
        (CmeFamily::Hi21xx, 513, Some("TUP not registered")),
        (CmeFamily::Hi21xx, 100, Some("unknown")),
        (CmeFamily::Mt2625, 577, Some("packet domain or PPP error")),
        (CmeFamily::Mt2625, 656, Some("packet domain or PPP error")),
        (CmeFamily::Mt2625, 657, None),
        (CmeFamily::Mt2625, 846, Some("in PSM")),
        (CmeFamily::Ml302, 600, Some("GPRS not active")),
        (CmeFamily::Ml302, 621, Some("UNSUB error")),
        (CmeFamily::Mn316, 8002, Some("still configured")),
        (CmeFamily::Hi21xx, 8002, None),
    ];
    for (family, number, meaning) in cases {
        assert_eq!(text(family, number), meaning, "{family:?} {number}");
    }
}

#[test]
fn every_number_of_every_table_is_found() {
    let count = |family| {
        (0..=u16::MAX)
            .filter(|&number| text(family, number).is_some())
            .count()
    };
    assert_eq!(count(CmeFamily::General), 42);
    assert_eq!(count(CmeFamily::Hi21xx), 42 + 10);
    assert_eq!(count(CmeFamily::Mt2625), 42 + 80 + 5);
    assert_eq!(count(CmeFamily::Ml302), 42 + 22);
    assert_eq!(count(CmeFamily::Mn316), 42 + 1);
}

#[test]
fn final_results_are_exact_words() {
    assert_eq!(FinalResult::parse(b"OK"), Some(FinalResult::Ok));
    assert_eq!(FinalResult::parse(b"ERROR"), Some(FinalResult::Error));
    let number = FinalResult::Cme(CmeError::Number(50));
    assert_eq!(FinalResult::parse(b"+CME ERROR: 50"), Some(number.clone()));
    assert_eq!(FinalResult::parse(b"+CME ERROR:50"), Some(number));
    let text = FinalResult::Cme(CmeError::Text("SIM failure".into()));
    assert_eq!(FinalResult::parse(b"+CME ERROR: SIM failure"), Some(text));
    for line in ["OK ", "ok", "OKAY", "ERROR: 5", "+CMEE: 1", ""] {
        assert_eq!(FinalResult::parse(line.as_bytes()), None, "{line}");
    }
    for line in ["OK", "ERROR", "+CME ERROR: 3", "+CME ERROR: SIM busy"] {
        let result = FinalResult::parse(line.as_bytes()).expect("a final result");
        assert_eq!(result.encode(), line);
    }
}
