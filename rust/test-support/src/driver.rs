//! A scripted module at the other end of the port.

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use m531x_core::{ConnectOptions, Incoming, Message, Model, Modem, ModemOptions, Recovery, Stream};
use rustix::event::{PollFd, PollFlags, poll};

use crate::pty::Pty;

pub use crate::lines::publish_line;

/// What the script answers to a command; `None` leaves it to the ordinary module.
pub type Script = Box<dyn FnMut(&str) -> Option<String> + Send>;

/// Nothing at all: the command stays without an answer.
pub const SILENCE: &str = "";

pub struct Peer {
    link: Arc<OwnedFd>,
    /// Keeps a pseudo-terminal from hanging up before the modem has opened it.
    _slave: Option<File>,
    commands: Arc<Mutex<Vec<String>>>,
    arrivals: Mutex<Receiver<String>>,
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    /// A peer in memory that answers as an obliging module does.
    pub fn in_memory() -> (Self, Stream) {
        Self::in_memory_with(|_| None)
    }

    pub fn in_memory_with(
        script: impl FnMut(&str) -> Option<String> + Send + 'static,
    ) -> (Self, Stream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (
            Self::start(ours.into(), None, Box::new(script)),
            Stream::from(theirs),
        )
    }

    /// A peer on a pseudo-terminal, and the name of the port.
    pub fn on_pty(script: impl FnMut(&str) -> Option<String> + Send + 'static) -> (Self, String) {
        let Pty {
            master,
            name,
            slave,
        } = Pty::open();
        let peer = Self::start(master, Some(slave), Box::new(script));
        (peer, name)
    }

    /// A serial server on a free TCP port, for one connection.
    pub fn on_tcp(
        script: impl FnMut(&str) -> Option<String> + Send + 'static,
    ) -> (JoinHandle<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("tcp://{}", listener.local_addr().unwrap());
        let accepting = thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            socket.set_nodelay(true).unwrap();
            Self::start(socket.into(), None, Box::new(script))
        });
        (accepting, url)
    }

    fn start(link: OwnedFd, slave: Option<File>, script: Script) -> Self {
        let link = Arc::new(link);
        let commands = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = UnixStream::pair().unwrap();
        let (arrived, arrivals) = mpsc::channel();
        let thread = thread::spawn({
            let (link, commands) = (Arc::clone(&link), Arc::clone(&commands));
            move || {
                answer_all(&link, &stopped, script, |command| {
                    commands.lock().unwrap().push(command.to_owned());
                    let _ = arrived.send(command.to_owned());
                });
            }
        });
        Self {
            link,
            _slave: slave,
            commands,
            arrivals: Mutex::new(arrivals),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Sends bytes out of turn.
    pub fn say(&self, bytes: impl AsRef<[u8]>) {
        write_all(&self.link, bytes.as_ref()).unwrap();
    }

    /// A publish as the module prints it.
    pub fn publish(&self, topic: &str, payload: &[u8]) {
        self.say(publish_line(topic, payload));
    }

    pub fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap().clone()
    }

    /// Waits until a command arrives that begins like this.
    pub fn await_command(&self, prefix: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        let arrivals = self.arrivals.lock().unwrap();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let command = arrivals
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("no {prefix} within 10 s"));
            if command.starts_with(prefix) {
                return command;
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer_all(
    link: &OwnedFd,
    stopped: &UnixStream,
    mut script: Script,
    mut record: impl FnMut(&str),
) {
    let mut line = Vec::new();
    let mut packet_id = 0;
    let mut buffer = [0; 4096];
    loop {
        let mut fds = [
            PollFd::new(link, PollFlags::IN),
            PollFd::new(stopped, PollFlags::IN),
        ];
        if poll(&mut fds, None).is_err() {
            continue;
        }
        if !fds[1].revents().is_empty() {
            return;
        }
        let Ok(count @ 1..) = rustix::io::read(link, &mut buffer) else {
            return;
        };
        for &byte in &buffer[..count] {
            if byte != b'\r' {
                line.push(byte);
                continue;
            }
            let command = String::from_utf8_lossy(&line).trim().to_owned();
            line.clear();
            record(&command);
            let answer = script(&command).unwrap_or_else(|| oblige(&command, &mut packet_id));
            if write_all(link, answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// What a module answers when nothing goes wrong.
fn oblige(command: &str, packet_id: &mut u16) -> String {
    let ok = "\r\nOK\r\n";
    let fields = |command: &str| -> Vec<String> {
        let (_, arguments) = command.split_once('=').unwrap_or(("", ""));
        arguments
            .split(',')
            .map(|field| field.trim_matches('"').to_owned())
            .collect()
    };
    if command == "AT+CGMM" {
        return format!("\r\nM5310-A\r\n{ok}");
    }
    if command == "AT+MQTTSTAT?" {
        return format!("\r\n+MQTTSTAT:0\r\n{ok}");
    }
    if command.starts_with("AT+MQTTOPEN") {
        return format!("{ok}+MQTTOPEN:OK\r\n");
    }
    if command.starts_with("AT+MQTTSUB=") {
        let fields = fields(command);
        *packet_id += 1;
        return format!(
            "{ok}+MQTTSUBACK:{packet_id},{},{}\r\n",
            fields[1], fields[0]
        );
    }
    if command.starts_with("AT+MQTTUNSUB=") {
        *packet_id += 1;
        return format!(
            "{ok}+MQTTUNSUBACK:{packet_id},\"{}\"\r\n",
            fields(command)[0]
        );
    }
    if command.starts_with("AT+MQTTPUB=") {
        return match fields(command)[1].as_str() {
            "1" => {
                *packet_id += 1;
                format!("{ok}+MQTTPUBACK:{packet_id},0\r\n")
            }
            "2" => {
                *packet_id += 1;
                format!("{ok}+MQTTPUBREC:{packet_id},0\r\n+MQTTPUBCOMP:{packet_id},0\r\n")
            }
            _ => ok.to_owned(),
        };
    }
    if command == "AT+MQTTDISC" {
        return format!("{ok}+MQTTDISC: OK\r\n");
    }
    ok.to_owned()
}

fn write_all(link: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = rustix::io::write(&link, bytes)?;
        bytes = &bytes[count..];
    }
    Ok(())
}

/// Options that ask for no model, with short limits.
pub fn options() -> ModemOptions {
    ModemOptions {
        model: Some(Model::M5310A),
        recovery: Recovery::off(),
        command_timeout: Duration::from_secs(5),
        open_timeout: Duration::from_secs(5),
        ..ModemOptions::default()
    }
}

pub fn open(stream: Stream) -> Modem {
    Modem::open_stream(stream, options()).unwrap()
}

/// Opens and connects to the broker that the peer pretends to have.
pub fn open_connected(stream: Stream, options: ModemOptions) -> Modem {
    let modem = Modem::open_stream(stream, options).unwrap();
    modem
        .connect(ConnectOptions::new("broker", "client"))
        .unwrap();
    modem
}

/// The next message, past any events.
pub fn next_message(modem: &Modem) -> Message {
    loop {
        match modem.recv(Some(Duration::from_secs(10))).unwrap() {
            Some(Incoming::Message(message)) => return message,
            Some(Incoming::Event(_)) => {}
            None => panic!("no message within 10 s"),
        }
    }
}

/// Waits for something that another thread is about to do.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 60 s: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}
