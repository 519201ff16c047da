//! Pseudo terminals under a stable name, TCP ports, and who may have them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use m531x_test_support::host::Host;
use m531x_virtual_modem::{LinkChoice, StartError, VirtualModem, VirtualModemOptions};
use rustix::termios::{OptionalActions, ioctl_tiocexcl, tcgetattr, tcsetattr};

fn start(link: LinkChoice) -> Result<VirtualModem, StartError> {
    VirtualModem::start(VirtualModemOptions {
        link,
        ..VirtualModemOptions::default()
    })
}

fn on_pty(link: &Path) -> Result<VirtualModem, StartError> {
    start(LinkChoice::Pty {
        symlink: Some(link.to_owned()),
    })
}

fn open(path: &str) -> fs::File {
    fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .unwrap()
}

#[test]
fn a_terminal_answers_under_its_stable_name_host_after_host() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("modem");
    let modem = on_pty(&link).unwrap();
    assert_eq!(modem.port(), link.to_str().unwrap());
    for _ in 0..3 {
        let mut host = Host::on(open(&modem.port()));
        assert_eq!(host.ask("AT+CGMM"), "\r\nM5310-A\r\n\r\nOK\r\n");
    }
    modem.close();
    assert!(
        fs::symlink_metadata(&link).is_err(),
        "the link goes with the modem"
    );
    assert_eq!(
        fs::read_dir(directory.path()).unwrap().count(),
        0,
        "and nothing is left behind"
    );
}

#[test]
fn a_link_that_a_living_modem_holds_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("modem");
    let first = on_pty(&link).unwrap();
    let error = on_pty(&link).unwrap_err();
    assert!(matches!(error, StartError::LinkTaken(_)), "{error}");
    assert!(error.to_string().contains("choose another link"), "{error}");
    Host::on(open(&first.port())).ok("AT");
    drop(first);
    on_pty(&link).unwrap();
}

#[test]
fn the_link_of_a_killed_modem_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("modem");
    let lock = directory.path().join("modem.lock");
    let killed = on_pty(&link).unwrap();
    let (target, line) = (fs::read_link(&link).unwrap(), fs::read(&lock).unwrap());
    killed.close();
    symlink(&target, &link).unwrap();
    fs::write(&lock, line).unwrap();
    let modem = on_pty(&link).unwrap();
    Host::on(open(&modem.port())).ok("AT");
    modem.close();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn what_no_virtual_modem_has_made_is_left_as_it_is() {
    for (name, content) in [
        ("modem.new", "a draft"),
        ("modem.lock", "a lock of another program"),
        ("modem.lock", ""),
        ("modem.lock", "m531x virtual modem "),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("modem");
        let foreign = directory.path().join(name);
        fs::write(&foreign, content).unwrap();
        match on_pty(&link) {
            Ok(modem) if name == "modem.new" => modem.close(),
            Err(StartError::LinkOccupied(path)) => assert_eq!(path, foreign),
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(fs::read_to_string(&foreign).unwrap(), content);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_link_of_another_program_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("modem");
    for target in ["/dev/pts/no-more", "/dev/null", "elsewhere"] {
        symlink(target, &link).unwrap();
        let error = on_pty(&link).unwrap_err();
        assert!(matches!(error, StartError::LinkOccupied(_)), "{error}");
        assert_eq!(fs::read_link(&link).unwrap(), Path::new(target));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        fs::remove_file(&link).unwrap();
    }
}

#[test]
fn what_took_the_place_of_link_and_lock_meanwhile_stays() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("modem");
    let lock = directory.path().join("modem.lock");
    let modem = on_pty(&link).unwrap();
    for path in [&link, &lock] {
        fs::remove_file(path).unwrap();
        fs::write(path, "somebody else's").unwrap();
    }
    modem.close();
    for path in [&link, &lock] {
        assert_eq!(fs::read_to_string(path).unwrap(), "somebody else's");
    }
}

#[test]
fn many_that_want_one_link_at_once_leave_it_to_one() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("modem");
    for _ in 0..20 {
        let modems: Vec<_> = thread::scope(|scope| {
            let starting: Vec<_> = (0..4).map(|_| scope.spawn(|| on_pty(&link))).collect();
            let started = starting.into_iter().map(|thread| thread.join().unwrap());
            started.collect()
        });
        assert_eq!(modems.iter().filter(|modem| modem.is_ok()).count(), 1);
        drop(modems);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_file_in_the_place_of_the_link_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("precious");
    fs::write(&link, "data").unwrap();
    let error = on_pty(&link).unwrap_err();
    assert!(matches!(error, StartError::LinkOccupied(_)), "{error}");
    assert_eq!(fs::read_to_string(&link).unwrap(), "data");
    let error = on_pty(&directory.path().join("no/such/place")).unwrap_err();
    assert!(matches!(error, StartError::Link { .. }), "{error}");
}

#[test]
fn a_link_in_the_place_of_the_lock_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let victim = directory.path().join("victim");
    symlink(&victim, directory.path().join("modem.lock")).unwrap();
    let error = on_pty(&directory.path().join("modem")).unwrap_err();
    assert!(matches!(error, StartError::Link { .. }), "{error}");
    assert!(fs::symlink_metadata(&victim).is_err(), "nothing was made");
    fs::write(&victim, "data").unwrap();
    on_pty(&directory.path().join("modem")).unwrap_err();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "data");
}

#[test]
fn terminal_and_lock_are_for_their_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("modem");
    let modem = on_pty(&link).unwrap();
    for path in [
        Path::new(&modem.port()),
        &directory.path().join("modem.lock"),
    ] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    }
}

#[test]
fn the_terminal_is_as_new_for_the_next_host() {
    let modem = start(LinkChoice::Pty { symlink: None }).unwrap();
    let host = open(&modem.port());
    let fresh = tcgetattr(&host).unwrap();
    let mut changed = fresh.clone();
    changed.local_modes |= rustix::termios::LocalModes::ECHO | rustix::termios::LocalModes::ICANON;
    tcsetattr(&host, OptionalActions::Now, &changed).unwrap();
    ioctl_tiocexcl(&host).unwrap();
    drop(host);
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let modes = fs::File::options()
            .read(true)
            .write(true)
            .open(modem.port())
            .map(|host| tcgetattr(&host).unwrap().local_modes);
        if modes.is_ok_and(|modes| modes == fresh.local_modes) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "the terminal keeps what the last host set"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_tcp_port_serves_one_client_after_the_other() {
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let modem = start(LinkChoice::Tcp(loopback)).unwrap();
    let port = modem.port();
    let address = port.strip_prefix("tcp://").unwrap();
    let mut first = Host::on(TcpStream::connect(address).unwrap());
    first.ok("AT");
    let mut second = TcpStream::connect(address).unwrap();
    second.write_all(b"AT\r").unwrap();
    first.ok("AT");
    drop(first);
    let mut answer = [0; 6];
    second
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    second.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"\r\nOK\r\n");

    let taken: SocketAddr = address.parse().unwrap();
    let error = start(LinkChoice::Tcp(taken)).unwrap_err();
    assert!(matches!(error, StartError::AddressInUse(_)), "{error}");
}

#[test]
fn a_stream_in_memory_is_handed_out_anew() {
    let modem = start(LinkChoice::Memory).unwrap();
    let mut first = modem.connect().unwrap();
    let mut second = Host::of(&modem);
    second.ok("AT");
    assert_eq!(first.read(&mut [0; 8]).unwrap(), 0, "the first end is over");
    modem.close();
    modem.close();
    assert_eq!(
        modem.connect().unwrap_err().kind(),
        std::io::ErrorKind::NotConnected
    );
    assert_eq!(
        modem.transcript().len(),
        2,
        "the transcript outlives the modem"
    );
}
