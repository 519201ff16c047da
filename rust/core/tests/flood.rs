//! Whoever sends without end neither fills the memory nor stops anything: each input of the product is
//! flooded, with 1 MB here and with 100 MB by `make flood`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_precision_loss, reason = "megabytes are rounded")]

mod flood_support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use flood_support::broker;
use flood_support::module::{MadModule, Pieces, again, options};
use flood_support::{Row, flood_bytes, measure, write_page};
use m531x_core::{Modem, ModemOptions, Overflow, RecordingOptions};
use m531x_test_support::mqtt::{packet, publish, subscribe, text};
use m531x_virtual_modem::broker::EmbeddedBroker;
use m531x_virtual_modem::{BrokerChoice, LinkChoice, VirtualModem, VirtualModemOptions};

/// What the process may grow by.
const MOST_GROWTH: u64 = 64 << 20;
/// Generous, for a machine that is busy with something else: what is stopped takes for ever.
const LONGEST_COMMAND: Duration = Duration::from_secs(20);
const LONGEST_CLOSE: Duration = Duration::from_secs(5);

#[test]
fn a_flood_of_any_input_stops_nothing() {
    let mut rows = module_floods();
    rows.extend(serial_server_floods());
    rows.extend(virtual_modem_floods());
    rows.extend(broker_floods());
    write_page(&rows);
    for row in &rows {
        assert!(row.bytes > 0, "{}: nothing was taken", row.input);
        assert!(
            row.growth <= MOST_GROWTH,
            "{}: {} bytes",
            row.input,
            row.growth
        );
        assert!(
            row.command <= LONGEST_COMMAND,
            "{}: {:?}",
            row.input,
            row.command
        );
        assert!(row.close <= LONGEST_CLOSE, "{}: {:?}", row.input, row.close);
    }
}

fn message(topic: &str, length: usize) -> Vec<u8> {
    let payload = "x".repeat(length);
    format!("+MQTTPUBLISH:0,0,0,0,{topic},{length},{payload}\r\n").into_bytes()
}

fn noise() -> Pieces {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    Box::new(move || {
        (0..512)
            .flat_map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()
            })
            .collect()
    })
}

fn numbered(piece: impl Fn(u64) -> String + Send + 'static) -> Pieces {
    let mut number = 0;
    Box::new(move || {
        number += 1;
        piece(number).into_bytes()
    })
}

fn with_modem(input: &'static str, opened: impl FnOnce() -> (MadModule, Modem)) -> Row {
    measure(
        input,
        |meter| {
            let (module, modem) = opened();
            module.flood(&modem, meter);
            (module, modem)
        },
        |(module, modem)| {
            modem.close().unwrap();
            // Its own end is not the modem's.
            drop(module);
        },
    )
}

fn from_module(input: &'static str, pieces: Pieces) -> Row {
    with_modem(input, || MadModule::in_memory(pieces, options()))
}

fn module_floods() -> Vec<Row> {
    let long_line = || again("x".repeat(4096));
    let rows = vec![
        from_module("module: messages of 10 bytes", again(message("a/b", 10))),
        from_module(
            "module: messages of 5,000 bytes",
            again(message("a/b", 5000)),
        ),
        from_module(
            "module: messages of 60,000 bytes",
            again(message("a/b", 60_000)),
        ),
        with_modem("module: messages, `drop_oldest`", || {
            let options = ModemOptions {
                overflow: Overflow::DropOldest,
                ..options()
            };
            MadModule::in_memory(again(message("a/b", 5000)), options)
        }),
        from_module(
            "module: messages with two readings",
            again(message("a,60000,b", 1)),
        ),
        from_module("module: unknown lines", again("+X: 1,2,3\r\n")),
        from_module(
            "module: late acknowledgements",
            numbered(|n| format!("+MQTTPUBACK:{},0\r\n", n % 65_536)),
        ),
        from_module(
            "module: reconnects by itself",
            again("+MQTTREC:1\r\n+MQTTOPEN:OK\r\n"),
        ),
        from_module("module: disconnects", again("+MQTTDISC:OK\r\n")),
        from_module("module: boots", again("REBOOTING..\r\n")),
        from_module(
            "module: lines of the answer without end",
            again("+CSQ:1,99\r\n"),
        ),
        from_module("module: a line without end", long_line()),
        from_module(
            "module: messages that never end",
            again("+MQTTPUBLISH:0,0,0,0,a,60000,x\r\n"),
        ),
        from_module("module: noise", noise()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let recorded = ModemOptions {
        recording: Some(RecordingOptions::new(folder.path().join("flood.rec"))),
        ..options()
    };
    let recorded = with_modem("module, recorded: messages of 5,000 bytes", || {
        MadModule::in_memory(again(message("a/b", 5000)), recorded)
    });
    rows.into_iter().chain([recorded]).collect()
}

fn serial_server_floods() -> Vec<Row> {
    let raw = with_modem("serial server: messages of 5,000 bytes", || {
        MadModule::over_tcp(again(message("a/b", 5000)), options())
    });
    let telnet = measure(
        "serial server (RFC 2217): an option toggled, no answer read",
        |meter| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = format!("rfc2217://{}", listener.local_addr().unwrap());
            let server = thread::spawn(move || {
                let (mut link, _) = listener.accept().unwrap();
                link.set_write_timeout(Some(Duration::from_secs(5)))
                    .unwrap();
                // DO and DONT of an option that nobody minds.
                let toggles = [255, 253, 3, 255, 254, 3].repeat(2000);
                let mut sent = 0;
                while sent < flood_bytes() && link.write_all(&toggles).is_ok() {
                    sent += toggles.len() as u64;
                }
                sent
            });
            let options = ModemOptions {
                open_timeout: Duration::from_secs(5),
                ..options()
            };
            let opened = meter.time(|| Modem::open(&port, options));
            meter.bytes = server.join().unwrap();
            opened
        },
        drop,
    );
    vec![raw, telnet]
}

fn virtual_modem_floods() -> Vec<Row> {
    let start = |broker| {
        VirtualModem::start(VirtualModemOptions {
            link: LinkChoice::Memory,
            broker,
            ..VirtualModemOptions::default()
        })
        .unwrap()
    };
    let from_host = |input: &'static str, piece: &str, baudrate: Option<u32>| {
        let piece = piece.repeat(4096 / piece.len());
        measure(
            input,
            |meter| {
                let modem = VirtualModem::start(VirtualModemOptions {
                    link: LinkChoice::Memory,
                    baudrate,
                    ..VirtualModemOptions::default()
                })
                .unwrap();
                let mut host = modem.connect().unwrap();
                host.set_write_timeout(Some(Duration::from_millis(200)))
                    .unwrap();
                while meter.bytes < flood_bytes() && !meter.is_over_time() {
                    if host.write_all(piece.as_bytes()).is_err() {
                        // It waits for its answers to be taken, as it should.
                        break;
                    }
                    meter.bytes += piece.len() as u64;
                    if meter.bytes % (64 * 4096) == 0 {
                        meter.time(|| modem.transcript());
                    }
                }
                meter.time(|| modem.transcript());
                (modem, host)
            },
            |(modem, _)| modem.close(),
        )
    };
    let mut rows = vec![
        from_host("virtual modem: commands, no answer read", "AT\r", None),
        from_host("virtual modem: commands at 9600 baud", "AT\r", Some(9600)),
        from_host("virtual modem: a command without end", "x", None),
    ];
    rows.push(measure(
        "virtual modem: messages of its broker, host reads nothing",
        |meter| {
            let broker = TcpListener::bind("127.0.0.1:0").unwrap();
            let modem = start(BrokerChoice::Address(
                broker.local_addr().unwrap().to_string(),
            ));
            let mut host = modem.connect().unwrap();
            connect_to_broker(&mut host);
            let (mut link, _) = broker.accept().unwrap();
            link.set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            let _ = link.read(&mut [0; 1024]);
            link.write_all(&[0x20, 2, 0, 0]).unwrap();
            link.set_write_timeout(Some(Duration::from_millis(500)))
                .unwrap();
            let piece = publish(0, 0, false, "a/b", &[b'x'; 1000]).repeat(16);
            while meter.bytes < flood_bytes() && !meter.is_over_time() {
                if link.write_all(&piece).is_err() {
                    break;
                }
                meter.bytes += piece.len() as u64;
                meter.time(|| modem.dropped_bytes());
            }
            (modem, host, link)
        },
        |(modem, ..)| modem.close(),
    ));
    rows
}

fn connect_to_broker(host: &mut UnixStream) {
    host.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    for command in [
        "AT+MQTTCFG=\"broker\",1883,\"id\",60,\"u\",\"p\",1",
        "AT+MQTTOPEN=1,1,0,0,0,\"\",\"\"",
    ] {
        host.write_all(format!("{command}\r").as_bytes()).unwrap();
        let mut heard = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(10);
        while !heard.windows(4).any(|bytes| bytes == b"OK\r\n") {
            assert!(
                Instant::now() < deadline,
                "{:?}",
                String::from_utf8_lossy(&heard)
            );
            let mut buffer = [0; 256];
            let count = host.read(&mut buffer).unwrap();
            heard.extend_from_slice(&buffer[..count]);
        }
    }
}

fn broker_floods() -> Vec<Row> {
    let of = |input: &'static str, clean: bool, reads: bool, pieces: Pieces| {
        measure(
            input,
            |meter| {
                let broker = EmbeddedBroker::start().unwrap();
                broker::flood(&broker, meter, clean, reads, pieces);
                broker
            },
            drop,
        )
    };
    let counted = |piece: fn(u16) -> Vec<u8>| -> Pieces {
        let mut number = 0_u16;
        Box::new(move || {
            number = number.wrapping_add(1).max(1);
            piece(number)
        })
    };
    let mut subscribed = false;
    vec![
        of(
            "broker: messages",
            true,
            true,
            again(publish(0, 0, false, "a/b", &[b'x'; 1000])),
        ),
        of(
            "broker: messages to itself, never read",
            true,
            false,
            Box::new(move || {
                if std::mem::replace(&mut subscribed, true) {
                    publish(0, 0, false, "a/b", &[b'x'; 1000]).repeat(16)
                } else {
                    subscribe(1, ["#".to_owned()], 0)
                }
            }),
        ),
        of(
            "broker: QoS 2 without PUBREL",
            true,
            true,
            counted(|id| publish(2, id, false, "a/b", &[b'x'; 1000])),
        ),
        of(
            "broker: retained messages",
            true,
            true,
            counted(|id| publish(1, id, true, &format!("a/{id}"), &[b'x'; 1000])),
        ),
        of(
            "broker: a packet of a megabyte",
            true,
            true,
            again(publish(0, 0, false, "a/b", &vec![b'x'; 1_000_000])),
        ),
        of(
            "broker: a subscription to 60,000 filters",
            true,
            true,
            again(subscribe(
                1,
                (0..60_000).map(|number| format!("a/{number}/+/#")),
                0,
            )),
        ),
        of(
            "broker: a packet over the limit",
            true,
            true,
            again(packet(0x30, &[text(b"a"), vec![b'x'; 2_000_000]].concat())),
        ),
        of("broker: pings", true, false, again([0xc0, 0].repeat(2048))),
        of(
            "broker: subscriptions kept and left behind",
            false,
            true,
            counted(|id| {
                // Each connection keeps what it subscribed to, and goes.
                [
                    subscribe(1, (0..100).map(|number| format!("b/{id}/{number}")), 0),
                    vec![0xff, 0xff],
                ]
                .concat()
            }),
        ),
    ]
}
