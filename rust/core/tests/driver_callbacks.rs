//! User code runs on the dispatcher thread, with no lock held: it may call anything.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use m531x_core::{ErrorCode, Incoming, Modem, PublishOptions, QoS, SubscribeOptions};
use m531x_test_support::driver::{
    Peer, SILENCE, eventually, open, open_connected, options, publish_line,
};

const LIMIT: Duration = Duration::from_secs(10);

#[test]
fn callbacks_come_in_wire_order() {
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream);
    let (seen, received) = mpsc::channel();
    on_message(&modem, move |_, payload| seen.send(payload).unwrap());
    for number in 0..500 {
        peer.publish("t", number.to_string().as_bytes());
    }
    for number in 0..500 {
        assert_eq!(received.recv_timeout(LIMIT).unwrap(), number.to_string());
    }
}

#[test]
fn what_arrived_before_the_callback_was_set_is_delivered_too() {
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream);
    peer.publish("t", b"early");
    eventually("the message is queued", || modem.stats().queued > 0);
    let (seen, received) = mpsc::channel();
    on_message(&modem, move |_, payload| seen.send(payload).unwrap());
    assert_eq!(received.recv_timeout(LIMIT).unwrap(), "early");
}

#[test]
fn a_callback_may_publish_subscribe_and_send_commands() {
    let (peer, stream) = Peer::in_memory();
    let modem = open_connected(stream, options());
    let (seen, received) = mpsc::channel();
    on_message(&modem, {
        let modem = modem.clone();
        move |_, _| {
            let qos1 = PublishOptions {
                qos: QoS::AtLeastOnce,
                ..PublishOptions::default()
            };
            let receipt = modem.publish("reply", b"x", qos1);
            let granted = modem.subscribe("more", SubscribeOptions::default());
            let lines = modem.command("AT+CSQ", None);
            seen.send((receipt, granted, lines)).unwrap();
        }
    });
    peer.publish("t", b"go");
    let (receipt, granted, lines) = received.recv_timeout(LIMIT).unwrap();
    assert_eq!(receipt.unwrap().qos, QoS::AtLeastOnce);
    assert_eq!(granted.unwrap(), QoS::AtMostOnce);
    lines.unwrap();
}

#[test]
fn close_inside_a_callback_returns_and_the_callback_goes_on() {
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream);
    let (seen, received) = mpsc::channel();
    on_message(&modem, {
        let modem = modem.clone();
        move |_, _| {
            let began = Instant::now();
            modem.close().unwrap();
            let after = modem.command("AT", None).unwrap_err();
            seen.send((began.elapsed(), after.code())).unwrap();
        }
    });
    // In one write: the first closes the port, and there would be nobody to say the second to.
    peer.say([publish_line("t", b"1"), publish_line("t", b"2")].concat());
    let (elapsed, code) = received.recv_timeout(LIMIT).unwrap();
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
    assert_eq!(code, ErrorCode::Closed);
    // The sender goes with the callback: no second message was delivered.
    assert!(received.recv_timeout(LIMIT).is_err());
    assert!(modem.is_closed());
}

#[test]
fn the_last_handle_may_be_dropped_inside_a_callback() {
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream);
    let (handle, taken) = mpsc::channel::<Modem>();
    let (seen, received) = mpsc::channel();
    on_message(&modem, move |_, _| {
        drop(taken.recv().unwrap());
        seen.send(()).unwrap();
    });
    handle.send(modem).unwrap();
    peer.publish("t", b"1");
    received.recv_timeout(LIMIT).unwrap();
}

#[test]
fn a_callback_that_panics_is_counted_and_the_next_one_comes() {
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream);
    let (seen, received) = mpsc::channel();
    on_message(&modem, move |_, payload| {
        assert_ne!(payload, "bad", "this panic is part of the test");
        seen.send(payload).unwrap();
    });
    peer.publish("t", b"bad");
    peer.publish("t", b"good");
    assert_eq!(received.recv_timeout(LIMIT).unwrap(), "good");
    assert_eq!(modem.stats().callback_panics, 1);
}

#[test]
fn close_does_not_wait_for_a_callback_that_hangs() {
    let (peer, stream) = Peer::in_memory();
    let modem = open(stream);
    let (inside, release) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    on_message(&modem, {
        let (inside, release) = (Arc::clone(&inside), Arc::clone(&release));
        move |_, _| {
            inside.wait();
            release.wait();
        }
    });
    peer.publish("t", b"1");
    inside.wait();
    let began = Instant::now();
    modem.close().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
    release.wait();
}

#[test]
fn a_delivery_tells_its_end_on_the_dispatcher_thread() {
    let (_peer, stream) = Peer::in_memory();
    let modem = open_connected(stream, options());
    let delivery = modem.publish_nowait("t", b"x", qos2()).unwrap();
    let (seen, received) = mpsc::channel();
    delivery.on_done(report(seen.clone()));
    let (result, thread) = received.recv_timeout(LIMIT).unwrap();
    assert_eq!(result, Ok(QoS::ExactlyOnce));
    assert_ne!(thread, thread::current().id());
    // It has ended by now; it is told once more to whoever asks.
    assert!(delivery.done());
    delivery.on_done(report(seen));
    assert_eq!(
        received.recv_timeout(LIMIT).unwrap().0,
        Ok(QoS::ExactlyOnce)
    );
    assert_eq!(delivery.wait(None).unwrap().qos, QoS::ExactlyOnce);
}

#[test]
fn a_delivery_nobody_holds_still_tells_its_end() {
    let (peer, stream) = Peer::in_memory_with(never_acknowledge);
    let modem = open_connected(stream, options());
    let (seen, received) = mpsc::channel();
    let delivery = modem.publish_nowait("t", b"x", qos2()).unwrap();
    delivery.on_done(report(seen));
    drop(delivery);
    peer.await_command("AT+MQTTPUB");
    peer.say("\r\nOK\r\n+MQTTPUBREC:1,0\r\n+MQTTPUBCOMP:1,0\r\n");
    assert_eq!(
        received.recv_timeout(LIMIT).unwrap().0,
        Ok(QoS::ExactlyOnce)
    );
}

#[test]
fn a_delivery_under_way_ends_with_closed() {
    let (_peer, stream) = Peer::in_memory_with(never_acknowledge);
    let modem = open_connected(stream, options());
    let (seen, received) = mpsc::channel();
    let delivery = modem.publish_nowait("t", b"x", qos2()).unwrap();
    delivery.on_done(report(seen.clone()));
    modem.close().unwrap();
    assert_eq!(
        received.recv_timeout(LIMIT).unwrap().0,
        Err(ErrorCode::Closed)
    );
    delivery.on_done(report(seen));
    assert_eq!(
        received.recv_timeout(LIMIT).unwrap().0,
        Err(ErrorCode::Closed)
    );
    assert_eq!(delivery.wait(None).unwrap_err().code(), ErrorCode::Closed);
}

#[test]
fn waiting_for_a_delivery_may_run_out_and_be_repeated() {
    let (peer, stream) = Peer::in_memory_with(never_acknowledge);
    let modem = open_connected(stream, options());
    let delivery = modem.publish_nowait("t", b"x", qos2()).unwrap();
    let error = delivery.wait(Some(Duration::from_millis(5))).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Timeout);
    peer.await_command("AT+MQTTPUB");
    peer.say("\r\nOK\r\n+MQTTPUBREC:1,0\r\n+MQTTPUBCOMP:1,0\r\n");
    let clone = delivery.clone();
    thread::scope(|scope| {
        let other = scope.spawn(|| clone.wait(None));
        delivery.wait(None).unwrap();
        other.join().unwrap().unwrap();
    });
}

fn on_message(modem: &Modem, mut callback: impl FnMut(String, String) + Send + 'static) {
    modem
        .on_incoming(move |incoming| {
            if let Incoming::Message(message) = incoming {
                let payload = message.text().into_owned();
                callback(message.topic, payload);
            }
        })
        .unwrap();
}

type Report = (Result<QoS, ErrorCode>, thread::ThreadId);

fn report(
    seen: Sender<Report>,
) -> impl FnOnce(Result<m531x_core::Receipt, m531x_core::Error>) + Send {
    move |result| {
        let result = result
            .map(|receipt| receipt.qos)
            .map_err(|error| error.code());
        seen.send((result, thread::current().id())).unwrap();
    }
}

fn qos2() -> PublishOptions {
    PublishOptions {
        qos: QoS::ExactlyOnce,
        ..PublishOptions::default()
    }
}

fn never_acknowledge(command: &str) -> Option<String> {
    command
        .starts_with("AT+MQTTPUB")
        .then(|| SILENCE.to_owned())
}
