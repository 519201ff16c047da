//! A serial server, raw or with COM port control, and a module behind it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

pub use crate::lines::publish_line;

/// Far beyond what anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(30);

const IAC: u8 = 255;
const COM_PORT: u8 = 44;

/// How the server behaves.
#[derive(Clone, Default)]
pub struct Manners {
    /// Passes bytes on, without Telnet.
    pub raw: bool,
    pub refuses_control: bool,
    /// Accepts the connection and never says a word.
    pub silent: bool,
    /// The speed it sets, whatever is asked for.
    pub baudrate: Option<u32>,
    /// The only speed at which the module answers.
    pub module_speed: Option<u32>,
    pub byte_by_byte: bool,
}

pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    connected: Sender<()>,
    connections: Mutex<Receiver<()>>,
}

struct Shared {
    manners: Manners,
    link: Mutex<Option<TcpStream>>,
    settings: Mutex<Vec<Vec<u8>>>,
    commands: Mutex<Vec<String>>,
    away: AtomicBool,
}

impl Server {
    /// Serves one connection after the other, for as long as the test runs.
    pub fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (connected, connections) = mpsc::channel();
        let server = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::new(Shared {
                manners,
                link: Mutex::new(None),
                settings: Mutex::default(),
                commands: Mutex::default(),
                away: AtomicBool::new(false),
            }),
            connected,
            connections: Mutex::new(connections),
        };
        server.listen(listener);
        server
    }

    fn listen(&self, listener: TcpListener) {
        let (shared, connected) = (Arc::clone(&self.shared), self.connected.clone());
        thread::spawn(move || {
            for link in listener.incoming() {
                let link = link.unwrap();
                if shared.away.load(Ordering::SeqCst) {
                    return;
                }
                link.set_nodelay(true).unwrap();
                *shared.link.lock().unwrap() = Some(link.try_clone().unwrap());
                let _ = connected.send(());
                serve(&shared, link);
            }
        });
    }

    /// Ends the connection, and refuses every later one.
    pub fn go_away(&self) {
        self.shared.away.store(true, Ordering::SeqCst);
        self.hang_up();
        // The listener reads the flag when a connection comes in, and then stops listening.
        while TcpStream::connect(self.address).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Listens again where it was.
    pub fn come_back(&self) {
        self.shared.away.store(false, Ordering::SeqCst);
        self.listen(TcpListener::bind(self.address).unwrap());
    }

    pub fn url(&self) -> String {
        let scheme = if self.shared.manners.raw {
            "tcp"
        } else {
            "rfc2217"
        };
        format!("{scheme}://{}", self.address)
    }

    /// What COM port control was used for, each with its value.
    pub fn settings(&self) -> Vec<Vec<u8>> {
        self.shared.settings.lock().unwrap().clone()
    }

    /// How many of the module's commands began like this.
    pub fn count(&self, prefix: &str) -> usize {
        let commands = self.shared.commands.lock().unwrap();
        commands.iter().filter(|c| c.starts_with(prefix)).count()
    }

    /// What the module says by itself.
    pub fn say(&self, bytes: &[u8]) {
        self.shared.say(bytes);
    }

    pub fn hang_up(&self) {
        let link = self.shared.link.lock().unwrap();
        link.as_ref().unwrap().shutdown(Shutdown::Both).unwrap();
    }

    pub fn await_connection(&self) {
        let connections = self.connections.lock().unwrap();
        connections.recv_timeout(PATIENCE).unwrap();
    }
}

impl Shared {
    /// Data, escaped where that is the custom.
    fn say(&self, bytes: &[u8]) {
        if self.manners.raw {
            self.send(bytes);
            return;
        }
        let escaped: Vec<u8> = bytes
            .iter()
            .flat_map(|&byte| std::iter::repeat_n(byte, if byte == IAC { 2 } else { 1 }))
            .collect();
        self.send(&escaped);
    }

    fn send(&self, bytes: &[u8]) {
        let link = self.link.lock().unwrap();
        let mut link = link.as_ref().unwrap();
        let size = if self.manners.byte_by_byte { 1 } else { 4096 };
        for chunk in bytes.chunks(size) {
            // A client that has gone is another test's subject.
            if link.write_all(chunk).is_err() {
                return;
            }
        }
    }

    /// What the server makes of a subnegotiation of the client.
    fn set(&self, content: &[u8], speed: &mut u32) {
        self.settings.lock().unwrap().push(content.to_vec());
        let mut answer = content.to_vec();
        answer[0] += 100;
        if content[0] == 1 {
            let asked = u32::from_be_bytes(content[1..5].try_into().unwrap());
            *speed = self.manners.baudrate.unwrap_or(asked);
            answer.splice(1.., speed.to_be_bytes());
        }
        let mut message = vec![IAC, 250, COM_PORT];
        message.extend(answer);
        message.extend([IAC, 240]);
        self.send(&message);
    }
}

fn serve(shared: &Shared, mut link: TcpStream) {
    let mut bytes = Vec::new();
    let mut line = Vec::new();
    let mut speed = 0;
    let mut buffer = [0; 4096];
    if !shared.manners.silent && !shared.manners.raw {
        // As ser2net greets: WILL SGA, WILL ECHO, DO BINARY, WILL BINARY.
        shared.send(&[IAC, 251, 3, IAC, 251, 1, IAC, 253, 0, IAC, 251, 0]);
    }
    while let Ok(count @ 1..) = link.read(&mut buffer) {
        if shared.manners.silent {
            continue;
        }
        bytes.extend(&buffer[..count]);
        while let Some(taken) = take(shared, &bytes, &mut line, &mut speed) {
            bytes.drain(..taken);
            if line.last() != Some(&b'\r') {
                continue;
            }
            let command = String::from_utf8_lossy(&line).trim().to_owned();
            line.clear();
            if shared.manners.module_speed.is_none_or(|own| own == speed) {
                shared.commands.lock().unwrap().push(command.clone());
                shared.say(answer(&command).as_bytes());
            }
        }
    }
}

/// Takes one byte of data or one command off the stream, once it is there as a whole, and returns
/// how long it was.
fn take(shared: &Shared, bytes: &[u8], line: &mut Vec<u8>, speed: &mut u32) -> Option<usize> {
    match *bytes {
        [byte, ..] if byte != IAC || shared.manners.raw => {
            line.push(byte);
            Some(1)
        }
        [] | [IAC] | [IAC, 250..=254] => None,
        [IAC, IAC, ..] => {
            line.push(IAC);
            Some(2)
        }
        [IAC, 250, ..] => {
            let end = bytes.windows(2).position(|pair| pair == [IAC, 240])?;
            assert_eq!(bytes[2], COM_PORT);
            shared.set(&bytes[3..end], speed);
            Some(end + 2)
        }
        // WILL COM-PORT is an offer to be taken; everything else here is an answer.
        [IAC, 251, COM_PORT, ..] => {
            let verb = if shared.manners.refuses_control {
                254
            } else {
                253
            };
            shared.send(&[IAC, verb, COM_PORT]);
            Some(3)
        }
        [IAC, 251..=254, _, ..] => Some(3),
        [..] => Some(2),
    }
}

fn answer(command: &str) -> &'static str {
    match command.split('=').next().unwrap_or("") {
        "AT+CGMM" => "\r\nM5311\r\n\r\nOK\r\n",
        "AT+MQTTSTAT?" => "\r\n+MQTTSTAT:0\r\n\r\nOK\r\n",
        "AT+MQTTSUB" => "\r\nOK\r\n+MQTTSUBACK:1,1,t\r\n",
        "AT+MQTTPUB" => "\r\nOK\r\n+MQTTPUBACK:2,0\r\n",
        "AT+MQTTOPEN" => "\r\nOK\r\n+MQTTOPEN:OK\r\n",
        "AT+CSQ" => "\r\n+CSQ:20,0\r\n\r\nOK\r\n",
        _ => "\r\nOK\r\n",
    }
}
