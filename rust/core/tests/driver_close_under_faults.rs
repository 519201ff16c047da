//! Closing in the middle of publishing, whatever goes wrong on the line, and opening the same port
//! again: the `close` column of the matrix through threads and a pseudo-terminal.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::thread;
use std::time::{Duration, Instant};

use m531x_core::{
    ConnectOptions, Delivery, Error, ErrorCode, Modem, ModemOptions, PublishOptions, QoS,
};
use m531x_virtual_modem::{LinkChoice, Model, VirtualModem, VirtualModemOptions};

/// A publish that has not ended by then never will.
const PATIENCE: Duration = Duration::from_secs(300);
/// Garbage may spoil an opening; what an earlier program left behind may not spoil them all.
const MOST_ATTEMPTS: u32 = 3;

const FAULTS: [&[&str]; 10] = [
    &[],
    &["split-writes=3"],
    &["merge-writes=50"],
    &["delay=20-200"],
    &["garbage=0.1"],
    &["urc-in-response=0.5"],
    &["lost-ack=puback:1/3"],
    &["late-ack=puback:700"],
    &["reboot-at=AT+MQTTPUB"],
    &["sleep=0.3"],
];

#[test]
fn close_ends_every_publish_and_frees_the_port_under_every_fault() {
    thread::scope(|scope| {
        for faults in FAULTS {
            scope.spawn(move || close_and_open_again(faults, None));
        }
        scope.spawn(|| close_and_open_again(&[], Some(9600)));
    });
}

fn close_and_open_again(faults: &[&str], baudrate: Option<u32>) {
    let module = VirtualModem::start(VirtualModemOptions {
        model: Model::M5311,
        link: LinkChoice::Pty { symlink: None },
        faults: faults.iter().map(|fault| fault.parse().unwrap()).collect(),
        baudrate,
        seed: Some(1),
        ..VirtualModemOptions::default()
    })
    .unwrap();
    for _ in 0..2 {
        let modem = in_time(faults, || connect(&module.port()));
        let publish = || modem.publish_nowait("t", b"?", at_least_once());
        let deliveries: Vec<Delivery> = (0..5).map(|_| publish().unwrap()).collect();
        // Some are done, one is on the line, some have not begun.
        thread::sleep(Duration::from_millis(30));
        modem.close().unwrap();
        for delivery in &deliveries {
            if let Err(error) = delivery.wait(Some(PATIENCE)) {
                assert_eq!(error.code(), ErrorCode::Closed, "{faults:?}");
            }
        }
    }
    let modem = in_time(faults, || connect(&module.port()));
    modem.publish("t", b"!", at_least_once()).unwrap();
}

fn at_least_once() -> PublishOptions {
    PublishOptions {
        qos: QoS::AtLeastOnce,
        ..PublishOptions::default()
    }
}

fn connect(port: &str) -> Result<Modem, Error> {
    let modem = Modem::open(port, ModemOptions::default())?;
    modem.connect(ConnectOptions::new("broker", "client"))?;
    Ok(modem)
}

/// What a sensible application does: tries again, but not for long.
fn in_time<T>(faults: &[&str], mut attempt: impl FnMut() -> Result<T, Error>) -> T {
    for _ in 1..MOST_ATTEMPTS {
        let began = Instant::now();
        match attempt() {
            Ok(done) => return done,
            Err(error) => println!("{faults:?}: after {:?}: {error}", began.elapsed()),
        }
    }
    attempt().unwrap_or_else(|error| panic!("{faults:?}: {error}"))
}
