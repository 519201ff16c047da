//! What waits costs nothing: counted, not timed.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use crate::session::{OperationId, Request, RequestKind, Session, SessionConfig};
use crate::{ConnectOptions, QoS};

/// Answers every command as an obliging module does.
fn answer(session: &mut Session, now: Instant) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(bytes) = session.poll_transmit(now) {
        let line = String::from_utf8(bytes).unwrap();
        session.handle_input(now, b"\r\nOK\r\n");
        if line.starts_with("AT+MQTTOPEN") {
            session.handle_input(now, b"+MQTTOPEN:OK\r\n");
        } else if line.starts_with("AT+MQTTDISC") {
            session.handle_input(now, b"+MQTTDISC:OK\r\n");
        }
        lines.push(line);
    }
    lines
}

fn publish(session: &mut Session, now: Instant, number: usize) -> OperationId {
    let kind = RequestKind::Publish {
        topic: format!("t/{number}"),
        payload: b"x".to_vec(),
        qos: QoS::AtLeastOnce,
        retain: false,
    };
    session.begin(now, Request::new(kind)).unwrap()
}

fn visited(session: &Session) -> u64 {
    session.scheduler.turns.visited.get()
}

#[test]
fn ten_thousand_that_wait_for_the_link_cost_no_more_each_than_the_first_hundred() {
    const MANY: usize = 10_000;
    let mut now = Instant::now();
    let mut session = Session::new(SessionConfig {
        guard_time: Some(Duration::ZERO),
        ..SessionConfig::default()
    });
    let connect = ConnectOptions::new("broker.example", "meter-17");
    let connect = RequestKind::Connect(connect);
    session.begin(now, Request::new(connect)).unwrap();
    answer(&mut session, now);
    assert!(session.poll_completion().unwrap().1.is_ok());

    session.handle_port_detached(now, "unplugged");
    let mut costs = Vec::new();
    let mut ids = Vec::new();
    for hundred in 0..MANY / 100 {
        let before = visited(&session);
        for number in 0..100 {
            ids.push(publish(&mut session, now, 100 * hundred + number));
            assert_eq!(answer(&mut session, now), [""; 0]);
        }
        costs.push(visited(&session) - before);
    }
    assert_eq!(session.under_way(), MANY);
    assert!(costs.iter().all(|cost| *cost <= costs[0]), "{costs:?}");
    // What happens meanwhile does not pass those that wait.
    let before = visited(&session);
    for _ in 0..1_000 {
        session.handle_timeout(now);
    }
    // Neither does giving up one after the other.
    for id in ids.drain(..MANY / 2) {
        session.abandon(now, id);
    }
    let visits = visited(&session) - before;
    assert!(visits <= 4 * (1_000 + MANY as u64 / 2), "{visits}");

    session.handle_port_back(now, "/dev/ttyUSB0");
    let before = visited(&session);
    let mut sent = Vec::new();
    while sent.len() < MANY / 2 {
        now = session
            .poll_timeout()
            .unwrap_or(now + Duration::from_secs(1));
        session.handle_timeout(now);
        let lines = answer(&mut session, now);
        sent.extend(lines.into_iter().filter(|line| line.contains("MQTTPUB=")));
    }
    let order: Vec<String> = (MANY / 2..MANY)
        .map(|n| format!("AT+MQTTPUB=\"t/{n}\",1,0,0,0,\"x\"\r"))
        .collect();
    assert!(sent == order, "in the order in which they were begun");
    let visits = visited(&session) - before;
    assert!(visits <= 40 * MANY as u64, "{visits}");
}
