//! Publishes of QoS 1 with an outbox on disk, against the same without one.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use m531x_core::{
    ConnectOptions, Model, Modem, ModemOptions, OutboxOptions, PublishOptions, QoS, Stream,
};
use m531x_virtual_modem::{LinkChoice, VirtualModem, VirtualModemOptions};

const MESSAGES: usize = 2000;
const PAYLOAD: [u8; 64] = [b'x'; 64];
const OPTIONS: PublishOptions = PublishOptions {
    qos: QoS::AtLeastOnce,
    retain: false,
    timeout: None,
};

fn main() -> Result<(), Box<dyn Error>> {
    // Not in /tmp, which may be memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    println!("outbox: {MESSAGES} publishes of 64 bytes, QoS 1, through a virtual modem in memory");
    for threads in [1, 8, 64] {
        let file = folder.path().join(format!("accept-{threads}"));
        let modem = Connected::open(Some(&OutboxOptions::new(file)))?;
        modem.modem.disconnect()?;
        let rate = accept(&modem.modem, threads)?;
        println!("  accepted on disk, {threads:2} threads        {rate:8.0}/s");
    }
    println!(
        "  one fsync of this disk              {:8.0}/s",
        fsync(folder.path())?
    );
    for in_flight in [1, 8] {
        let with = OutboxOptions {
            in_flight,
            ..OutboxOptions::new(folder.path().join(format!("through-{in_flight}")))
        };
        let rate = through(&Connected::open(Some(&with))?.modem)?;
        println!("  to the broker, outbox, in flight {in_flight}  {rate:8.0}/s");
    }
    let rate = through(&Connected::open(None)?.modem)?;
    println!("  to the broker, no outbox            {rate:8.0}/s");
    Ok(())
}

struct Connected {
    modem: Modem,
    _virtual_modem: VirtualModem,
}

impl Connected {
    fn open(outbox: Option<&OutboxOptions>) -> Result<Self, Box<dyn Error>> {
        let virtual_modem = VirtualModem::start(VirtualModemOptions {
            link: LinkChoice::Memory,
            ..VirtualModemOptions::default()
        })?;
        let options = ModemOptions {
            model: Some(Model::M5310A),
            outbox: outbox.cloned(),
            ..ModemOptions::default()
        };
        let modem = Modem::open_stream(Stream::from(virtual_modem.connect()?), options)?;
        modem.connect(ConnectOptions::new("broker.example", "bench"))?;
        Ok(Self {
            modem,
            _virtual_modem: virtual_modem,
        })
    }
}

/// Accepted publishes a second, from so many threads, while nothing is sent.
fn accept(modem: &Modem, threads: usize) -> Result<f64, Box<dyn Error>> {
    let begun = Instant::now();
    let ended = thread::scope(|scope| {
        let publish = || {
            (0..MESSAGES / threads).try_for_each(|_| {
                modem
                    .publish_nowait("meters/17", &PAYLOAD, OPTIONS)
                    .map(drop)
            })
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(publish)).collect();
        running
            .into_iter()
            .try_for_each(|thread| thread.join().expect("publishing does not panic"))
    });
    ended?;
    Ok(per_second(MESSAGES / threads * threads, begun.elapsed()))
}

/// Acknowledged publishes a second.
fn through(modem: &Modem) -> Result<f64, Box<dyn Error>> {
    let begun = Instant::now();
    let deliveries = (0..MESSAGES)
        .map(|_| modem.publish_nowait("meters/17", &PAYLOAD, OPTIONS))
        .collect::<Result<Vec<_>, _>>()?;
    for delivery in deliveries {
        delivery.wait(None)?;
    }
    Ok(per_second(MESSAGES, begun.elapsed()))
}

/// What the disk itself can do: 4 KiB appended and synced, one after the other.
fn fsync(folder: &Path) -> Result<f64, Box<dyn Error>> {
    let mut file = std::fs::File::create(folder.join("synced"))?;
    let begun = Instant::now();
    for _ in 0..200 {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
    }
    Ok(per_second(200, begun.elapsed()))
}

fn per_second(count: usize, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of thousands")]
    let count = count as f64;
    count / time.as_secs_f64()
}
