//! The threads that use the modem beside the one that controls it.

use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use m531x_core::operation::Publish;
use m531x_core::{Error, ErrorCode, Incoming, Message, Modem, PublishOptions, QoS, Receipt};

use super::plan::{Action, PUBLISHERS, Way};
use m531x_test_support::words::is_answer;

/// Whoever receives publishes a word for each message of this topic, if it is a callback.
pub(crate) const ECHOED: &str = "in/a/b";
/// The number of that one among those who publish.
pub(crate) const ECHOING: usize = PUBLISHERS;

/// No command is answered so soon.
const HASTE: Duration = Duration::from_micros(1);
const SLICE: Duration = Duration::from_micros(200);

/// What a thread tells whoever judges.
#[derive(Debug)]
pub(crate) enum Report {
    Published {
        worker: usize,
        number: usize,
        qos: QoS,
        ending: Ending,
    },
    Wrong(String),
}

/// What became of a publish.
#[derive(Debug)]
pub(crate) enum Ending {
    Known(Result<Receipt, Error>),
    /// It goes on, and nobody asks.
    Forgotten,
    /// It was given up.
    GivenUp,
}

pub(crate) fn topic_of(worker: usize, number: usize) -> String {
    format!("out/{worker}/{number}")
}

/// Some can go as text, some must go as hex.
pub(crate) fn payload_of(number: usize) -> Vec<u8> {
    match number % 3 {
        0 => Vec::new(),
        1 => format!("text {number}").into_bytes(),
        _ => format!("\r\nERROR\r\n{number}\0\x1a").into_bytes(),
    }
}

fn options(qos: QoS) -> PublishOptions {
    PublishOptions {
        qos,
        ..PublishOptions::default()
    }
}

/// One of the threads that publish.
pub(crate) struct Publisher<'a> {
    pub(crate) modem: &'a Modem,
    pub(crate) model: &'static str,
    pub(crate) worker: usize,
    /// What can end anything while the round lasts.
    pub(crate) ends: &'a [ErrorCode],
    pub(crate) reports: Sender<Report>,
}

impl Publisher<'_> {
    pub(crate) fn work(&self, actions: &[Action]) {
        for action in actions {
            if let Err(why) = self.act(action) {
                let _ = self
                    .reports
                    .send(Report::Wrong(format!("{action:?}: {why}")));
            }
        }
    }

    fn act(&self, action: &Action) -> Result<(), String> {
        match *action {
            Action::Publish { number, qos, way } => self.publish(number, qos, way),
            Action::PublishBadly { topic } => {
                let result = self.modem.publish(topic, b"x", options(QoS::AtMostOnce));
                refused(result, ErrorCode::InvalidArgument, self.ends)
            }
            Action::Command { line, hasty } => {
                let result = self.modem.command(line, hasty.then_some(HASTE));
                judge_command(self.model, line, hasty, self.ends, &result)
            }
            Action::Look => {
                let _ = (self.modem.stats(), self.modem.subscriptions());
                let _ = (self.modem.mqtt_state(), self.modem.is_closed());
                Ok(())
            }
            Action::Cancel => {
                self.modem.cancel();
                Ok(())
            }
        }
    }

    fn publish(&self, number: usize, qos: QoS, way: Way) -> Result<(), String> {
        let topic = topic_of(self.worker, number);
        let payload = payload_of(number);
        let begin = || {
            self.modem
                .start(Publish::new(&topic, payload.as_slice(), options(qos)))
        };
        let begin_alone = || self.modem.publish_nowait(&topic, &payload, options(qos));
        let ending = match way {
            Way::Blocking => Ending::Known(self.modem.publish(&topic, &payload, options(qos))),
            Way::InSlices => Ending::Known(begin().and_then(|mut pending| {
                loop {
                    if let Some(result) = pending.wait_for(SLICE) {
                        return result;
                    }
                }
            })),
            Way::Delivery => match begin_alone() {
                Err(error) => Ending::Known(Err(error)),
                Ok(delivery) => match delivery.wait(None) {
                    Err(error) if error.code() == ErrorCode::Cancelled => Ending::Forgotten,
                    result if delivery.done() => Ending::Known(result),
                    result => return Err(format!("not done, and yet {result:?}")),
                },
            },
            Way::Callback => match begin_alone() {
                Err(error) => Ending::Known(Err(error)),
                Ok(delivery) => {
                    let (reports, worker) = (self.reports.clone(), self.worker);
                    delivery.on_done(move |result| {
                        report(&reports, worker, number, qos, Ending::Known(result));
                    });
                    return Ok(());
                }
            },
            Way::Forgotten => {
                begin_alone().map_or_else(|e| Ending::Known(Err(e)), |_| Ending::Forgotten)
            }
            Way::GivenUp => begin().map_or_else(|e| Ending::Known(Err(e)), |_| Ending::GivenUp),
        };
        report(&self.reports, self.worker, number, qos, ending);
        Ok(())
    }
}

pub(crate) fn judge_command(
    model: &str,
    line: &str,
    hasty: bool,
    ends: &[ErrorCode],
    result: &Result<Vec<String>, Error>,
) -> Result<(), String> {
    match result {
        Ok(lines) if is_answer(model, line, lines) => Ok(()),
        Err(error) if hasty && error.code() == ErrorCode::Timeout => Ok(()),
        Err(error) if ends.contains(&error.code()) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// Whether the result is this error, or one that ends whatever is under way.
pub(crate) fn refused<T: std::fmt::Debug>(
    result: Result<T, Error>,
    code: ErrorCode,
    ends: &[ErrorCode],
) -> Result<(), String> {
    match result {
        Err(error) if error.code() == code || ends.contains(&error.code()) => Ok(()),
        other => Err(format!("{other:?} instead of {code}")),
    }
}

fn report(reports: &Sender<Report>, worker: usize, number: usize, qos: QoS, ending: Ending) {
    let _ = reports.send(Report::Published {
        worker,
        number,
        qos,
        ending,
    });
}

/// How messages and events are received.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Receiving {
    OneByOne,
    InBatches,
    ByCallback,
}

/// Receives until the modem is closed.
pub(crate) fn receive(
    modem: &Modem,
    receiving: Receiving,
    came: Sender<Incoming>,
    reports: Sender<Report>,
) -> Option<JoinHandle<()>> {
    let modem = modem.clone();
    match receiving {
        Receiving::OneByOne => Some(thread::spawn(move || {
            pass_on(&reports, || {
                modem.recv(None).map(|incoming| {
                    incoming.map(|incoming| came.send(incoming));
                })
            });
        })),
        Receiving::InBatches => Some(thread::spawn(move || {
            pass_on(&reports, || {
                let mut batch = Vec::new();
                let count = modem.recv_batch(5, None, &mut batch)?;
                assert_eq!(count, batch.len());
                for incoming in batch {
                    let _ = came.send(incoming);
                }
                Ok(())
            });
        })),
        Receiving::ByCallback => {
            let using = modem.clone();
            let set = modem.on_incoming(move |incoming| {
                let echo = number_to_echo(&incoming);
                let _ = came.send(incoming);
                if let Some(number) = echo {
                    let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][number % 3];
                    let topic = topic_of(ECHOING, number);
                    let result = using.publish(&topic, &payload_of(number), options(qos));
                    report(&reports, ECHOING, number, qos, Ending::Known(result));
                }
            });
            set.unwrap();
            None
        }
    }
}

fn pass_on(reports: &Sender<Report>, mut take: impl FnMut() -> Result<(), Error>) {
    loop {
        match take() {
            Ok(()) => {}
            Err(error) if error.code() == ErrorCode::Cancelled => {}
            Err(error) if error.code() == ErrorCode::Closed => return,
            Err(error) => {
                let _ = reports.send(Report::Wrong(format!("receiving: {error}")));
                return;
            }
        }
    }
}

fn number_to_echo(incoming: &Incoming) -> Option<usize> {
    match incoming {
        Incoming::Message(message) if message.topic == ECHOED => number_in(message),
        _ => None,
    }
}

/// The number under which it was published.
pub(crate) fn number_in(message: &Message) -> Option<usize> {
    let text = std::str::from_utf8(&message.payload).ok()?;
    let (number, _) = text.strip_prefix("\r\nOK\r\n")?.split_once(',')?;
    number.parse().ok()
}
