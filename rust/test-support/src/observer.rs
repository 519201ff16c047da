//! The least of an MQTT 3.1.1 client, written from the standard: it sees what the broker sees.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::mqtt::{connect, packet, publish, subscribe};

pub struct Observer {
    socket: TcpStream,
    next_id: u16,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: u8,
    pub retain: bool,
}

impl Observer {
    pub fn connect(port: u16, client_id: &str) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        socket.set_nodelay(true).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut observer = Self { socket, next_id: 0 };
        observer
            .socket
            .write_all(&connect(client_id, true))
            .unwrap();
        assert_eq!(observer.receive(), (0x20, vec![0, 0]), "CONNACK");
        observer
    }

    pub fn subscribe(&mut self, filter: &str, qos: u8) {
        let id = self.id();
        let packet = subscribe(id, [filter.to_owned()], qos);
        self.socket.write_all(&packet).unwrap();
        let (kind, body) = self.receive();
        assert_eq!((kind, body[2]), (0x90, qos), "SUBACK");
    }

    /// Publishes and waits for the end of the exchange.
    pub fn publish(&mut self, topic: &str, payload: &[u8], qos: u8, retain: bool) {
        let number = self.id();
        let id = number.to_be_bytes();
        let packet = publish(qos, number, retain, topic, payload);
        self.socket.write_all(&packet).unwrap();
        if qos == 1 {
            assert_eq!(self.receive(), (0x40, id.to_vec()), "PUBACK");
        }
        if qos == 2 {
            assert_eq!(self.receive(), (0x50, id.to_vec()), "PUBREC");
            self.send(0x62, &id);
            assert_eq!(self.receive(), (0x70, id.to_vec()), "PUBCOMP");
        }
    }

    /// The next publish that arrives, acknowledged.
    pub fn next_message(&mut self) -> Seen {
        let (kind, body) = self.receive();
        assert_eq!(kind & 0xf0, 0x30, "a PUBLISH");
        let qos = kind >> 1 & 3;
        let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
        let (topic, mut rest) = body[2..].split_at(length);
        if qos > 0 {
            let (id, payload) = rest.split_at(2);
            rest = payload;
            if qos == 1 {
                self.send(0x40, id);
            } else {
                self.send(0x50, id);
                assert_eq!(self.receive(), (0x62, id.to_vec()), "PUBREL");
                self.send(0x70, id);
            }
        }
        Seen {
            topic: String::from_utf8(topic.to_vec()).unwrap(),
            payload: rest.to_vec(),
            qos,
            retain: kind & 1 == 1,
        }
    }

    fn id(&mut self) -> u16 {
        self.next_id += 1;
        self.next_id
    }

    fn send(&mut self, kind: u8, body: &[u8]) {
        self.socket.write_all(&packet(kind, body)).unwrap();
    }

    fn receive(&mut self) -> (u8, Vec<u8>) {
        let kind = self.byte();
        let (mut length, mut shift) = (0, 0);
        loop {
            let digit = self.byte();
            length |= usize::from(digit & 0x7f) << shift;
            shift += 7;
            if digit & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.socket.read_exact(&mut body).unwrap();
        (kind, body)
    }

    fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.socket
            .read_exact(&mut byte)
            .expect("the broker says something in time");
        byte[0]
    }
}
