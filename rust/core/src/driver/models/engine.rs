//! Who reads the port: the reader thread, the leader, and how they hand over.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use loom::thread::{self, JoinHandle};
use m531x_at::profile::Model;

use super::check;
use crate::driver::ModemOptions;
use crate::driver::engine::{Engine, read_on};
use crate::driver::recorder::{Line, RecordedSession};
use crate::session::{Request, RequestKind, Session, SessionConfig};
use crate::transport::Transport;
use crate::{Error, ErrorCode, Recovery};

/// Two questions that cannot be taken for each other's answer.
const SIGNAL: (&str, &str) = ("AT+CSQ", "+CSQ:1,99");
const ATTACH: (&str, &str) = ("AT+CGATT?", "+CGATT:1");

#[test]
fn a_caller_gets_its_answer_and_the_reader_the_port() {
    check(3, || {
        let simulation = Simulation::new();
        let module = simulation.module(1);
        assert_eq!(simulation.ask(SIGNAL), answered(SIGNAL));
        module.join().unwrap();
        simulation.end();
    });
}

#[test]
fn two_callers_get_each_its_own_answer_whoever_leads() {
    check(2, || {
        let simulation = Simulation::new();
        let module = simulation.module(2);
        let other = thread::spawn({
            let engine = Arc::clone(&simulation.engine);
            move || ask(&engine, ATTACH)
        });
        assert_eq!(simulation.ask(SIGNAL), answered(SIGNAL));
        assert_eq!(other.join().unwrap(), answered(ATTACH));
        module.join().unwrap();
        simulation.end();
    });
}

#[test]
fn an_operation_that_nobody_waits_for_yet_is_read_by_the_reader() {
    check(3, || {
        let simulation = Simulation::new();
        let module = simulation.module(1);
        let ticket = simulation.engine.start(request(SIGNAL)).unwrap();
        let outcome = simulation
            .engine
            .wait(ticket, None)
            .expect("a wait without an end");
        assert_eq!(outcome.and_then(Vec::try_from), answered(SIGNAL));
        module.join().unwrap();
        simulation.end();
    });
}

#[test]
fn cancelling_wakes_whoever_waits_and_nobody_hangs() {
    check(2, || {
        let simulation = Simulation::new();
        let module = simulation.module(1);
        let canceller = thread::spawn({
            let engine = Arc::clone(&simulation.engine);
            move || engine.cancel()
        });
        match simulation.ask(SIGNAL) {
            Ok(lines) => assert_eq!(Ok(lines), answered(SIGNAL)),
            Err(error) => assert_eq!(error.code(), ErrorCode::Cancelled),
        }
        canceller.join().unwrap();
        module.join().unwrap();
        simulation.end();
    });
}

#[test]
fn closing_wakes_the_leader_and_ends_the_reader() {
    check(3, || {
        let simulation = Simulation::new();
        let caller = thread::spawn({
            let engine = Arc::clone(&simulation.engine);
            move || ask(&engine, SIGNAL)
        });
        simulation.end();
        // The module says nothing: in every order, closing is what ends the call.
        let error = caller.join().unwrap().unwrap_err();
        assert_eq!(error.code(), ErrorCode::Closed);
    });
}

#[test]
fn a_port_that_hangs_up_ends_the_call_and_the_reader() {
    check(3, || {
        let simulation = Simulation::new();
        let module = thread::spawn({
            let (engine, socket) = (
                Arc::clone(&simulation.engine),
                Arc::clone(&simulation.module),
            );
            move || {
                socket.shutdown(std::net::Shutdown::Both).unwrap();
                engine.waiter().notify();
            }
        });
        assert_eq!(simulation.ask(SIGNAL).unwrap_err().code(), ErrorCode::Port);
        module.join().unwrap();
        simulation.reader.join().unwrap();
    });
}

struct Simulation {
    engine: Arc<Engine>,
    reader: JoinHandle<()>,
    module: Arc<UnixStream>,
}

impl Simulation {
    fn new() -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        let session = Session::new(SessionConfig {
            model: Some(Model::M5310A),
            guard_time: Some(Duration::ZERO),
            recovery: Recovery::off(),
            ..SessionConfig::default()
        });
        let port = Transport::memory(ours).unwrap();
        let line = Line {
            port: "model".to_owned(),
            baudrate: None,
        };
        let session = RecordedSession::new(session, None);
        let engine = Engine::new(port, line, session, &ModemOptions::default()).unwrap();
        let engine = Arc::new(engine);
        Self {
            reader: thread::spawn({
                let engine = Arc::clone(&engine);
                move || read_on(&engine)
            }),
            engine,
            module: Arc::new(theirs),
        }
    }

    /// A module that answers so many commands.
    fn module(&self, count: usize) -> JoinHandle<()> {
        let (engine, socket) = (Arc::clone(&self.engine), Arc::clone(&self.module));
        thread::spawn(move || {
            let mut socket = &*socket;
            for _ in 0..count {
                engine.waiter().wait_until_readable(socket);
                let mut line = [0; 64];
                let length = socket.read(&mut line).unwrap();
                let line = line[..length].trim_ascii_end();
                let (_, answer) = [SIGNAL, ATTACH]
                    .into_iter()
                    .find(|(command, _)| command.as_bytes() == line)
                    .expect("one command at a time");
                write!(socket, "\r\n{answer}\r\n\r\nOK\r\n").unwrap();
                engine.waiter().notify();
            }
        })
    }

    fn ask(&self, question: (&str, &str)) -> Result<Vec<String>, Error> {
        ask(&self.engine, question)
    }

    fn end(self) {
        assert!(self.engine.close());
        self.reader.join().unwrap();
    }
}

fn ask(engine: &Engine, question: (&str, &str)) -> Result<Vec<String>, Error> {
    engine.run(request(question))?.try_into()
}

fn request((command, _): (&str, &str)) -> Request {
    Request::new(RequestKind::Command(command.to_owned()))
}

fn answered((_, answer): (&str, &str)) -> Result<Vec<String>, Error> {
    Ok(vec![answer.to_owned()])
}
