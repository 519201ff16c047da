//! Each fault really happens, and happens again with the same seed.

use std::collections::BTreeSet;
use std::time::Duration;

use m531x_test_support::module::Rig;
use m531x_virtual_modem::Model;

fn rig(fault: &str) -> Rig {
    Rig::faulty(Model::M5310A, 42, &[fault])
}

fn lengths(rig: &Rig) -> Vec<usize> {
    rig.writes.iter().map(|(_, bytes)| bytes.len()).collect()
}

#[test]
fn split_writes_leave_in_small_pieces_that_make_up_the_whole() {
    let mut rig = rig("split-writes=3");
    rig.send("AT+CGMM");
    rig.pass_seconds(1);
    assert_eq!(rig.said(), "\r\nM5310-A\r\n\r\nOK\r\n");
    let lengths = lengths(&rig);
    assert!(lengths.len() >= 6, "{lengths:?}");
    assert!(lengths.iter().all(|length| *length <= 3), "{lengths:?}");
    let times: BTreeSet<_> = rig.writes.iter().map(|(at, _)| *at).collect();
    assert_eq!(
        times.len(),
        lengths.len(),
        "pieces leave at different times"
    );
}

#[test]
fn merged_writes_leave_together() {
    let mut rig = rig("merge-writes=50");
    rig.send("AT");
    rig.send("AT+CGMM");
    rig.pass(Duration::from_millis(49));
    assert_eq!(rig.said(), "");
    rig.send("AT");
    rig.pass(Duration::from_millis(1));
    assert_eq!(rig.said(), "\r\nOK\r\n\r\nM5310-A\r\n\r\nOK\r\n\r\nOK\r\n");
    assert_eq!(rig.writes.len(), 1);
}

#[test]
fn a_delay_lies_within_its_range_and_keeps_the_order() {
    let mut rig = rig("delay=20-200");
    for _ in 0..20 {
        let asked = rig.elapsed();
        rig.send("AT");
        rig.pass_seconds(1);
        let (at, _) = rig.writes.last().unwrap();
        let late = at.abs_diff(asked);
        assert!((20..=200).contains(&late.as_millis()), "{late:?}");
    }
    rig.said();
    rig.send("AT+CGMM");
    rig.send("AT+CIMI");
    rig.pass_seconds(1);
    let lines = rig.lines();
    assert_eq!(lines[0], "M5310-A");
    assert_eq!(lines.len(), 4);
}

#[test]
fn a_urc_stands_between_the_information_and_the_ok() {
    let mut rig = rig("urc-in-response");
    rig.send("AT+CGMM");
    let lines = rig.lines();
    assert_eq!(lines[0], "M5310-A");
    assert!(lines[1].starts_with('+'), "{lines:?}");
    assert_eq!(lines[2], "OK");
}

#[test]
fn more_bytes_are_declared_than_delivered() {
    let mut rig = Rig::faulty(Model::M5310A, 1, &["declared-longer=4:1/2"]).connected();
    rig.deliver("t", b"hello", 0, 0);
    rig.deliver("t", b"hello", 0, 0);
    assert_eq!(
        rig.lines(),
        [
            "+MQTTPUBLISH:0,0,0,0,t,5,hello",
            "+MQTTPUBLISH:0,0,0,0,t,9,hello"
        ]
    );
}

#[test]
fn the_final_cr_lf_is_missing() {
    let mut rig = Rig::faulty(Model::M5310A, 1, &["no-final-crlf"]).connected();
    rig.deliver("t", b"hello", 0, 0);
    assert!(rig.said().ends_with("hello"));
}

#[test]
fn garbage_stands_in_front_of_what_is_said() {
    let mut rig = rig("garbage");
    rig.send("AT");
    let said = rig.said_bytes();
    assert!((7..=14).contains(&said.len()), "{said:?}");
    assert!(said.ends_with(b"\r\nOK\r\n"));
    assert!(said[0] >= 0x80);
}

#[test]
fn bytes_are_dropped_at_their_rate() {
    let mut rig = rig("drop-bytes=0.1");
    for _ in 0..500 {
        rig.send("AT");
    }
    let got = rig.said_bytes().len();
    assert!((2600..2800).contains(&got), "{got} of 3000 bytes");
}

#[test]
fn a_subscription_is_refused_or_downgraded() {
    let mut refused = Rig::faulty(Model::M5310A, 1, &["refuse-subscription=alarm/#"]).connected();
    refused.send(r#"AT+MQTTSUB="alarm/#",1"#);
    assert_eq!(refused.lines(), ["OK", "+MQTTSUBACK:1,128,alarm/#"]);
    refused.send(r#"AT+MQTTSUB="other",1"#);
    assert_eq!(refused.lines(), ["OK", "+MQTTSUBACK:2,1,other"]);
    assert!(!refused.ask("AT+MQTTSUB?").contains("alarm"));
    assert_eq!(
        refused.sent(8),
        1,
        "the broker never hears of what is refused"
    );

    let mut lower = Rig::faulty(Model::M5310A, 1, &["downgrade-subscription=0"]).connected();
    lower.send(r#"AT+MQTTSUB="t",2"#);
    assert_eq!(lower.lines(), ["OK", "+MQTTSUBACK:1,0,t"]);
}

#[test]
fn a_reboot_comes_with_its_command_and_only_once() {
    let mut rig = Rig::faulty(Model::M5310A, 1, &["reboot-at=AT+MQTTPUB"]).connected();
    assert_eq!(
        rig.ask(r#"AT+MQTTPUB="t",1,0,0,0,"x""#),
        "",
        "no answer to what it dies of"
    );
    rig.pass_seconds(2);
    assert!(rig.said().contains("REBOOT_CAUSE"));
    assert_eq!(rig.ask(r#"AT+MQTTPUB="t",1,0,0,0,"x""#), "\r\nERROR\r\n");
    assert!(rig.ask("AT+MQTTSTAT?").contains(":0"));
}

#[test]
fn a_reboot_comes_at_its_time() {
    let mut rig = rig("reboot-at=5s");
    rig.pass(Duration::from_millis(5999));
    assert_eq!(rig.said(), "");
    rig.pass(Duration::from_millis(1));
    assert!(rig.said().contains("Neul"));
}

#[test]
fn a_reboot_comes_in_the_middle_of_a_line() {
    let mut rig = rig("reboot-at=bytes:5");
    rig.send("AT+CGMM");
    assert_eq!(rig.said(), "\r\nM53");
    rig.pass_seconds(1);
    assert!(rig.said().starts_with("\r\nBoot: Unsigned\r\n"));
}

#[test]
fn the_network_is_cut_at_its_moment() {
    let mut rig = Rig::faulty(Model::M5310A, 1, &["cut-network-at=AT+CSQ"]).connected();
    assert!(rig.ask("AT+CEREG?").contains("+CEREG:0,1"));
    assert!(rig.ask("AT+CSQ").contains("+CSQ:99,99"));
    assert!(rig.module.network_cut());
    assert!(rig.ask("AT+CEREG?").contains("+CEREG:0,2"));
    rig.module.restore_network(rig.now);
    assert!(rig.ask("AT+CEREG?").contains("+CEREG:0,1"));
}

#[test]
fn the_same_seed_goes_wrong_in_the_same_places() {
    let faults = [
        "split-writes=4",
        "delay=0-50",
        "garbage=0.3",
        "drop-bytes=0.05",
        "urc-in-response=0.5",
        "lost-ack=any:0.5",
    ];
    let run = |seed| {
        let mut rig = Rig::faulty(Model::M5310A, seed, &faults);
        for command in [
            "ATI",
            r#"AT+MQTTCFG="broker",1883,"me",60,"","",1"#,
            r#"AT+MQTTOPEN=0,0,0,0,0,"","""#,
            r#"AT+MQTTSUB="t",2"#,
            r#"AT+MQTTPUB="t",2,0,0,0,"x""#,
        ] {
            rig.send(command);
            rig.pass_seconds(20);
        }
        rig.writes
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn bytes_are_paced_by_the_baud_rate() {
    let mut rig = Rig::with(m531x_virtual_modem::module::ModuleConfig {
        baudrate: Some(9600),
        ..Default::default()
    });
    rig.send("AT");
    rig.pass_seconds(1);
    assert_eq!(rig.said(), "\r\nOK\r\n");
    // Three bytes in and six out at ten bits each.
    let (at, _) = rig.writes.last().unwrap();
    assert!(
        at.abs_diff(Duration::from_micros(9375)) < Duration::from_micros(5),
        "{at:?}"
    );
}
