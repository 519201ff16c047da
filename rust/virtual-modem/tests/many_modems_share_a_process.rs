//! Hundreds of modems in one process, and modems that nobody listens to.

use std::io::Read;
use std::time::{Duration, Instant};

use m531x_test_support::brokers::TestBroker;
use m531x_test_support::host;
use m531x_test_support::host::Host;
use m531x_test_support::mqtt_client::Client;
use m531x_virtual_modem::{LinkChoice, Model, VirtualModem, VirtualModemOptions};

#[test]
fn two_hundred_modems_publish_through_one_broker() {
    let broker = TestBroker::embedded();
    let mut peer = Client::connect(broker.address(), "peer");
    peer.subscribe("m/#", 1);
    let mut modems: Vec<_> = (0..200)
        .map(|number| {
            let modem = host::modem(Model::ALL[number % 4], &broker);
            let host = Host::of(&modem);
            (modem, host)
        })
        .collect();
    for (number, (_, host)) in modems.iter_mut().enumerate() {
        for line in [
            "ATE0".to_owned(),
            format!(r#"AT+MQTTCFG="x",1,"modem-{number}",60,"","",1"#),
            r#"AT+MQTTOPEN=0,0,0,0,0,"","""#.to_owned(),
        ] {
            host.ok(&line);
        }
    }
    for (number, (_, host)) in modems.iter_mut().enumerate() {
        host.expect("+MQTTOPEN:");
        host.expect("OK\r\n");
        host.ok(&format!(r#"AT+MQTTPUB="m/{number}",1,0,0,0,"x""#));
    }
    let mut topics: Vec<_> = (0..200).map(|_| peer.message().topic).collect();
    topics.sort();
    topics.dedup();
    assert_eq!(topics.len(), 200);
}

#[test]
fn modems_differ_and_the_same_seed_is_the_same_modem() {
    let imei = |seed| {
        let modem = VirtualModem::start(VirtualModemOptions {
            link: LinkChoice::Memory,
            seed,
            ..VirtualModemOptions::default()
        })
        .unwrap();
        (modem.seed(), Host::of(&modem).ask("AT+CGSN=1"))
    };
    let (seed, first) = imei(None);
    assert_ne!(imei(None).1, first);
    assert_eq!(imei(Some(seed)), (seed, first));
}

#[test]
fn a_host_that_does_not_read_stops_nothing() {
    let broker = TestBroker::embedded();
    for link in [LinkChoice::Memory, LinkChoice::Pty { symlink: None }] {
        let modem = VirtualModem::start(VirtualModemOptions {
            link: link.clone(),
            ..VirtualModemOptions::default()
        })
        .unwrap();
        let mut silent = (link == LinkChoice::Memory).then(|| modem.connect().unwrap());
        let block = vec![b'x'; 64 * 1024];
        let began = Instant::now();
        for _ in 0..64 {
            modem.inject(&block);
        }
        assert!(modem.dropped_bytes() > 2 << 20, "{}", modem.dropped_bytes());
        if let Some(host) = &mut silent {
            // What was kept still comes, and then the modem answers.
            let mut sink = vec![0; 64 * 1024];
            let mut heard = 0;
            while heard < (1 << 20) - (64 << 10) {
                heard += host.read(&mut sink).unwrap();
            }
        }
        modem.close();
        // It neither waits for the host nor for a timer; the machine may be busy.
        assert!(began.elapsed() < Duration::from_secs(30));
    }
    drop(broker);
}
