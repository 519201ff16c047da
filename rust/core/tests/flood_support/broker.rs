//! Clients and brokers that flood, in plain MQTT.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use m531x_test_support::mqtt::connect;
use m531x_virtual_modem::broker::EmbeddedBroker;

use super::{Meter, flood_bytes};

pub(crate) fn connected(address: SocketAddr, name: &str, clean: bool) -> TcpStream {
    let mut link = TcpStream::connect(address).unwrap();
    link.set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    link.write_all(&connect(name, clean)).unwrap();
    link.read_exact(&mut [0; 4]).unwrap();
    link
}

/// Floods the broker with packets over connections that are opened again when the broker ends them;
/// another client is served meanwhile.
pub(crate) fn flood(
    broker: &EmbeddedBroker,
    meter: &mut Meter,
    clean: bool,
    reads: bool,
    mut pieces: impl FnMut() -> Vec<u8> + Send + 'static,
) {
    let address = broker.address();
    let stop = Arc::new(AtomicBool::new(false));
    let poured = Arc::new(AtomicU64::new(0));
    let flooder = thread::spawn({
        let (stop, poured) = (Arc::clone(&stop), Arc::clone(&poured));
        move || {
            let mut number = 0;
            while !stop.load(Ordering::SeqCst) && poured.load(Ordering::SeqCst) < flood_bytes() {
                number += 1;
                let mut link = connected(address, &format!("flooder-{number}"), clean);
                link.set_write_timeout(Some(Duration::from_millis(500)))
                    .unwrap();
                let reader = reads.then(|| {
                    let mut link = link.try_clone().unwrap();
                    thread::spawn(
                        move || while link.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {},
                    )
                });
                while !stop.load(Ordering::SeqCst) && poured.load(Ordering::SeqCst) < flood_bytes()
                {
                    let piece = pieces();
                    if link.write_all(&piece).is_err() {
                        break;
                    }
                    poured.fetch_add(piece.len() as u64, Ordering::SeqCst);
                }
                let _ = link.shutdown(std::net::Shutdown::Both);
                if let Some(reader) = reader {
                    reader.join().unwrap();
                }
            }
        }
    });
    let mut other = connected(address, "other", true);
    while !flooder.is_finished() && !meter.is_over_time() {
        meter.time(|| {
            other.write_all(&[0xc0, 0]).unwrap();
            let mut answer = [0; 2];
            other.read_exact(&mut answer).unwrap();
            assert_eq!(answer, [0xd0, 0]);
        });
        thread::sleep(Duration::from_millis(2));
    }
    stop.store(true, Ordering::SeqCst);
    flooder.join().unwrap();
    meter.bytes = poured.load(Ordering::SeqCst);
}
