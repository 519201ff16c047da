//! `m531x demo`.

use std::io::Write;
use std::sync::mpsc;
use std::time::Duration;

use anstream::stdout;
use anstyle::{AnsiColor, Style};
use clap::Args;
use m531x_core::{
    ConnectOptions, Incoming, Model, Modem, ModemOptions, PublishOptions, QoS, SubscribeOptions,
};
use m531x_virtual_modem::{Direction, VirtualModem, VirtualModemOptions};

use crate::failure::Failure;

const TOPIC: &str = "m531x/demo";
const PAYLOAD: &str = r#"{"temperature": 21.5, "note": "OK, says the payload"}"#;
const PATIENCE: Duration = Duration::from_secs(10);
/// Width of the transcript's column on the screen.
const COLUMN: usize = 70;

#[derive(Args)]
#[command(after_help = "Example:\n  m531x demo\n\n\
    A virtual modem on a pseudo terminal, a broker of its own, and this program as the host: it connects, \
    subscribes, publishes and compares what came back. Nothing leaves this computer.")]
pub(crate) struct Arguments {
    /// Which module to be
    #[arg(long, default_value = "M5310-A")]
    model: Model,
}

/// One line of the picture.
struct Row {
    at: Duration,
    kind: Kind,
    text: String,
}

enum Kind {
    ToModule,
    FromModule,
    Program,
}

impl Arguments {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let virtual_modem = VirtualModem::start(VirtualModemOptions {
            model: self.model,
            ..VirtualModemOptions::default()
        })?;
        let mut out = stdout().lock();
        writeln!(
            out,
            "virtual {} on {}, broker on {}\n",
            self.model,
            virtual_modem.port(),
            virtual_modem.broker()
        )?;
        let mut diary = Vec::new();
        let came_back = talk(&virtual_modem, &mut diary);
        let mut rows: Vec<Row> = virtual_modem
            .transcript()
            .into_iter()
            .map(|entry| Row {
                at: entry.at,
                kind: match entry.direction {
                    Direction::ToModule => Kind::ToModule,
                    Direction::FromModule => Kind::FromModule,
                },
                text: entry.text,
            })
            .collect();
        rows.append(&mut diary);
        rows.sort_by_key(|row| row.at);
        print(&rows, &mut out)?;
        same(&came_back?)?;
        writeln!(out, "\nwhat was published came back, byte for byte")?;
        Ok(())
    }
}

/// Does the same without a picture.
pub(super) fn round_trip() -> Result<(), Failure> {
    let virtual_modem = VirtualModem::start(VirtualModemOptions::default())?;
    same(&talk(&virtual_modem, &mut Vec::new())?)
}

fn same(came_back: &[u8]) -> Result<(), Failure> {
    if came_back == PAYLOAD.as_bytes() {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "published {PAYLOAD:?}, but {:?} came back",
        String::from_utf8_lossy(came_back)
    )))
}

/// Plays the host and returns the payload that came back.
fn talk(virtual_modem: &VirtualModem, diary: &mut Vec<Row>) -> Result<Vec<u8>, Failure> {
    let mut note = |text: String| {
        diary.push(Row {
            at: virtual_modem.uptime(),
            kind: Kind::Program,
            text,
        });
    };
    let modem = Modem::open(&virtual_modem.port(), ModemOptions::default())?;
    note("the modem is open".into());
    modem.connect(ConnectOptions::new("broker.example", "m531x-demo"))?;
    note("connected".into());
    let (sender, receiver) = mpsc::channel();
    modem.on_incoming(move |incoming| {
        if let Incoming::Message(message) = incoming {
            // The demo has failed: there is no one to notify.
            let _ = sender.send(message);
        }
    })?;
    let qos = QoS::AtLeastOnce;
    let options = SubscribeOptions {
        qos,
        ..SubscribeOptions::default()
    };
    let granted = modem.subscribe(TOPIC, options)?;
    note(format!("subscribed to {TOPIC}, QoS {}", u8::from(granted)));
    let options = PublishOptions {
        qos,
        ..PublishOptions::default()
    };
    let receipt = modem.publish(TOPIC, PAYLOAD.as_bytes(), options)?;
    note(format!(
        "published, acknowledged as packet {}",
        receipt.packet_id.unwrap_or_default()
    ));
    let message = receiver
        .recv_timeout(PATIENCE)
        .map_err(|_| Failure::Failed(format!("nothing came back within {PATIENCE:?}")))?;
    note(format!("callback: {} {}", message.topic, message.text()));
    modem.disconnect()?;
    note("disconnected".into());
    modem.close()?;
    Ok(message.payload)
}

fn print(rows: &[Row], out: &mut impl Write) -> Result<(), Failure> {
    let paint = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    writeln!(
        out,
        "{:>8}  {:<COLUMN$}  this program",
        "seconds", "serial port"
    )?;
    for row in rows {
        let seconds = row.at.as_secs_f64();
        let (style, arrow) = match row.kind {
            Kind::Program => {
                let style = paint(AnsiColor::Green);
                writeln!(
                    out,
                    "{seconds:8.3}  {:<COLUMN$}  {style}{}{style:#}",
                    "", row.text
                )?;
                continue;
            }
            Kind::ToModule => (paint(AnsiColor::Cyan), '>'),
            Kind::FromModule => (paint(AnsiColor::Yellow), '<'),
        };
        writeln!(out, "{seconds:8.3}  {style}{arrow} {}{style:#}", row.text)?;
    }
    Ok(())
}
