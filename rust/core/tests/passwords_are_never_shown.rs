//! Passwords are planted, everything that can print itself does, and the output is searched.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::{Debug, Write};
use std::time::Duration;

use m531x_at::command::{Command, MqttCfg};
use m531x_at::command_line::Line;
use m531x_at::framer::{Frame, Framer, FramerConfig};
use m531x_at::hex;
use m531x_at::redact::{EchoGuard, redact};
use m531x_at::response::FinalResult;
use m531x_core::operation::{self, Config, Connect, Delete};
use m531x_core::session::{Outcome, Request, RequestKind, Session, SessionConfig};
use m531x_core::{
    ConnectOptions, Error, Incoming, Model, Modem, ModemOptions, RecordingOptions, Secret, Stream,
};
use m531x_virtual_modem::broker::BrokerOptions;
use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};

const PASSWORDS: [&str; 3] = [
    "Zq7vTr9Kx2mPw4Ls",
    "Wort,mit Komma=9Xk4;und:mehr",
    "Schlüssel-密码-91QzR",
];

/// Everything that was printed.
#[derive(Default)]
struct Everything(String);

impl Everything {
    fn add(&mut self, thing: &dyn Debug) {
        write!(self.0, "{thing:?}\n{thing:#?}\n").unwrap();
    }

    fn add_error<T: Debug>(&mut self, result: Result<T, Error>) {
        let error = result.unwrap_err();
        writeln!(self.0, "{error}").unwrap();
        self.add(&error);
    }

    /// No six characters in a row of the password stand there, in whatever form.
    fn search(&self, password: &str) {
        let bytes = password.as_bytes();
        let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
        let reversed: String = password.chars().rev().collect();
        let latin: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let looks = [
            password.to_owned(),
            reversed,
            latin,
            bytes.escape_ascii().to_string(),
            password.escape_unicode().to_string(),
            password.escape_default().to_string(),
            hex::encode(bytes),
            hex::encode(bytes).to_ascii_lowercase(),
        ];
        let squeezed: String = self.0.split_whitespace().collect();
        for look in looks {
            let look: Vec<char> = look.chars().filter(|c| !c.is_whitespace()).collect();
            for piece in look.windows(6) {
                let piece: String = piece.iter().collect();
                let found = squeezed
                    .find(&piece)
                    .map(|at| &squeezed[at.saturating_sub(90)..]);
                let around = found.map(|text| text.chars().take(150).collect::<String>());
                assert_eq!(around, None, "{piece:?}");
            }
        }
        for piece in numbers.windows(4) {
            let piece = piece.join(",");
            assert!(!squeezed.contains(&format!(",{piece},")), "{piece}");
        }
    }
}

fn options(password: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new("broker.example", "c");
    options.username = Some("u".into());
    options.password = Some(Secret::new(password));
    options
}

fn configuration(password: &str) -> String {
    format!(r#"AT+MQTTCFG="broker",1883,"c",60,"u","{password}",1"#)
}

/// Other commands with secrets, well formed or not.
fn raw_commands(password: &str) -> Vec<String> {
    vec![
        format!(r#"AT+CPIN="{password}""#),
        format!(r#"at+cpin = "{password}" , "{password}""#),
        format!(r#"AT+CLCK="SC",1,"{password}""#),
        format!(r#"AT+CPWD="SC","{password}","{password}""#),
        format!(r#"AT+CPWD="{password}","{password}""#),
        format!(r#"AT+CGAUTH=1,1,"user","{password}""#),
        format!(r#"AT*MCGDEFCONT="IP","apn","{password}","{password}""#),
        format!(r#"AT+CSQ;+CPIN="{password}""#),
        format!(r#"AT+CPIN="{password}"#),
    ]
}

#[test]
fn a_driven_modem_shows_no_password() {
    for (password, faults) in
        PASSWORDS
            .into_iter()
            .zip([&[][..], &["split-writes"], &["merge-writes"]])
    {
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("recording");
        let mut all = Everything::default();
        let module = VirtualModem::start(VirtualModemOptions {
            model: Model::M5311,
            link: LinkChoice::Memory,
            echo: Some(true),
            faults: faults.iter().map(|fault| fault.parse().unwrap()).collect(),
            seed: Some(1),
            ..VirtualModemOptions::default()
        })
        .unwrap();
        let modem_options = ModemOptions {
            model: Some(Model::M5311),
            trace: 1000,
            recording: Some(RecordingOptions::new(&recording)),
            ..ModemOptions::default()
        };
        all.add(&modem_options);
        let stream = Stream::from(module.connect().unwrap());
        let modem = Modem::open_stream(stream, modem_options).unwrap();
        let connect = Connect(options(password));
        all.add(&connect);
        let pending = modem.start(connect).unwrap();
        all.add(&pending);
        pending.wait().unwrap();
        all.add(&modem.run(Config).unwrap());
        all.add_error(modem.connect(options(&format!("{password}\""))));
        all.add_error(modem.connect(options(&password.repeat(99))));
        all.add_error(modem.connect(ConnectOptions {
            username: None,
            ..options(password)
        }));
        for wrong in [
            format!("{}\r", configuration(password)),
            configuration(&password.repeat(99)),
            configuration(password).replace("=\"", " \""),
            configuration(password).replace(",1", ""),
        ] {
            all.add_error(modem.command(&wrong, None));
        }
        for line in raw_commands(password) {
            // None of them is known to the virtual modem.
            all.add_error(modem.command(&line, None));
            let command = operation::Command::new(&line);
            all.add(&command);
            let pending = modem.start(command).unwrap();
            all.add(&pending);
            all.add_error(pending.wait());
            module.inject(format!("{line}\r\n").as_bytes());
        }
        modem.run(Delete).unwrap();
        modem.command(&configuration(password), None).unwrap();
        let line = configuration(password);
        let (first, rest) = line.as_bytes().split_at(line.find(password).unwrap() + 7);
        let cut = [first, b"\r\n+CEREG: 1\r\n", rest, b"\r\n+CEREG: 2\r\n"].concat();
        module.inject(&cut);
        while !modem
            .trace(0)
            .iter()
            .any(|entry| entry.line == b"+CEREG: 2")
        {
            std::thread::yield_now();
        }
        modem.command("AT+MQTTCFG?", None).unwrap();
        module.inject(format!("{line}\r\n+MQTTCFG: {}\r\n", &line[11..]).as_bytes());
        module.inject(b"+CEREG: 5\r\n");
        loop {
            let incoming = modem.recv(Some(Duration::from_secs(20))).unwrap().unwrap();
            all.add(&incoming);
            if matches!(&incoming, Incoming::Event(event) if event.text == "+CEREG: 5") {
                break;
            }
        }
        all.add(&modem);
        all.add(&modem.stats());
        all.add(&modem.trace(0));
        all.add(&module);
        all.add(&module.transcript());
        for entry in module.transcript() {
            writeln!(all.0, "{entry}").unwrap();
        }
        let recorder = modem.recording().unwrap();
        all.add(&recorder);
        modem.close().unwrap();
        recorder.finish().unwrap();
        let recorded = std::fs::read_to_string(&recording).unwrap();
        assert!(recorded.contains("MQTTCFG"), "{recorded}");
        all.0.push_str(&recorded);
        all.add_error(modem.connect(options(password)));
        all.add_error(modem.command(&configuration(password), None));
        assert!(all.0.matches("***").count() > 10, "{}", all.0);
        all.search(password);
    }
}

#[test]
fn no_public_type_shows_a_password() {
    for password in PASSWORDS {
        let mut all = Everything::default();
        let line = configuration(password);
        let profile = Model::M5311.profile();
        all.add(&Secret::new(password));
        all.add(&options(password));
        let kinds = raw_commands(password)
            .into_iter()
            .chain([line.clone()])
            .map(RequestKind::Command);
        for kind in kinds.chain([RequestKind::Connect(options(password))]) {
            all.add(&Request::new(kind).with_timeout(Duration::from_secs(1)));
        }
        for line in raw_commands(password) {
            all.add(&Outcome::Lines(vec![line.clone()]));
            all.add(&Line::raw(&line, 1024).unwrap());
            all.add(&Command::decode(line.as_bytes()));
            all.add(&Frame::Line(line.as_bytes()));
            let refusal = format!("+CME ERROR: {line}");
            all.add(&FinalResult::parse(refusal.as_bytes()).unwrap());
        }
        let readback = line.replace("AT+MQTTCFG=", "+MQTTCFG: ");
        all.add(&Outcome::Lines(vec![line.clone(), readback.clone()]));
        let command = Command::MqttCfg(MqttCfg {
            host: "broker".into(),
            port: 1883,
            client_id: "c".into(),
            keepalive: 60,
            username: Some("u".into()),
            password: Some(Secret::new(password)),
            clean_session: true,
            tls: false,
        });
        all.add(&command);
        all.add(&command.encode(profile).unwrap());
        all.add(&Line::raw(&line, 1024).unwrap());
        all.add(&Line::raw(&line.repeat(50), 1024).unwrap_err());
        all.add(&Command::decode(line.as_bytes()));
        all.add(&Command::decode(line.replace("1883", "x").as_bytes()));
        all.add(&Command::decode(line.replace(",1", ",7").as_bytes()));
        all.add(&String::from_utf8_lossy(&redact(line.as_bytes())));
        let mut guard = EchoGuard::default();
        guard.sent(line.as_bytes());
        all.add(&guard);
        let mut framer = Framer::new(FramerConfig::default());
        framer.handle_input(std::time::Instant::now(), line.as_bytes());
        all.add(&framer);
        all.add(&Frame::Line(line.as_bytes()));
        all.add(&Frame::Untrusted(readback.as_bytes()));
        let mut session = Session::new(SessionConfig::default());
        let now = std::time::Instant::now();
        let begun = session.begin(now, Request::new(RequestKind::Connect(options(password))));
        begun.unwrap();
        all.add(&session);
        all.add(&BrokerOptions {
            users: Some([("u".to_owned(), password.to_owned())].into()),
            ..BrokerOptions::default()
        });
        assert!(all.0.matches("***").count() > 10, "{}", all.0);
        all.search(password);
    }
}

#[test]
fn the_search_finds_what_it_looks_for() {
    for password in PASSWORDS {
        for shown in [
            format!("{password:?}"),
            format!(
                "{:?}",
                [1, 2, 3]
                    .iter()
                    .chain(password.as_bytes())
                    .collect::<Vec<_>>()
            ),
            hex::encode(password.as_bytes()),
            password.replace('x', "x\n"),
        ] {
            let all = Everything(shown.clone());
            let found = std::panic::catch_unwind(|| all.search(password));
            assert!(found.is_err(), "{shown}");
        }
    }
}
