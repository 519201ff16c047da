//! The two brokers that every scenario runs over.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use m531x_virtual_modem::broker::{BrokerOptions, EmbeddedBroker};
use tempfile::TempDir;

/// A running broker; it ends when dropped.
pub enum TestBroker {
    Embedded(EmbeddedBroker),
    Mosquitto(Mosquitto),
}

impl TestBroker {
    pub fn embedded() -> Self {
        Self::Embedded(EmbeddedBroker::start().unwrap())
    }

    pub fn mosquitto() -> Self {
        Self::Mosquitto(Mosquitto::start("allow_anonymous true\n", |_| {
            String::new()
        }))
    }

    /// Both kinds, admitting one user only.
    pub fn both_with_user(user: &str, password: &str) -> [Self; 2] {
        let options = BrokerOptions {
            users: Some([(user.to_owned(), password.to_owned())].into()),
            ..BrokerOptions::default()
        };
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let embedded = EmbeddedBroker::start_with(any, options).unwrap();
        let mosquitto = Mosquitto::start("allow_anonymous false\n", |directory| {
            let file = directory.join("passwords");
            let made = Command::new("mosquitto_passwd")
                .args(["-b", "-c"])
                .arg(&file)
                .args([user, password])
                .status()
                .expect("mosquitto_passwd is missing: install the package mosquitto");
            assert!(made.success());
            format!("password_file {}\n", file.display())
        });
        [Self::Embedded(embedded), Self::Mosquitto(mosquitto)]
    }

    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Embedded(broker) => broker.address(),
            Self::Mosquitto(broker) => broker.address,
        }
    }
}

/// A mosquitto of its own on a free loopback port.
pub struct Mosquitto {
    process: Child,
    pub address: SocketAddr,
    pub directory: TempDir,
}

impl Mosquitto {
    /// `settings` go before the listener's own, which `listener` makes once there is a directory.
    pub fn start(settings: &str, listener: impl Fn(&Path) -> String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let own = listener(directory.path());
        // Between finding a port and using it another test may take it.
        for _ in 0..20 {
            let port = free_port();
            let mut config = format!("{settings}listener {port} 127.0.0.1\n{own}");
            config.push_str("log_dest stderr\nuser root\npersistence false\n");
            writeln!(config, "max_queued_messages 10000").unwrap();
            let file = directory.path().join("mosquitto.conf");
            fs::write(&file, config).unwrap();
            let log = directory.path().join("log");
            let mut process = Command::new("mosquitto")
                .arg("-c")
                .arg(&file)
                .stdout(Stdio::null())
                .stderr(File::create(&log).unwrap())
                .spawn()
                .expect("mosquitto is missing: install the package mosquitto");
            if is_running(&mut process, &log) {
                return Self {
                    process,
                    address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
                    directory,
                };
            }
            process.kill().ok();
            process.wait().ok();
        }
        let log = fs::read_to_string(directory.path().join("log")).unwrap_or_default();
        panic!("mosquitto does not start:\n{log}");
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Waits until mosquitto says that it serves, or has ended.
fn is_running(process: &mut Child, log: &Path) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        if fs::read_to_string(log).is_ok_and(|text| text.contains(" running")) {
            return true;
        }
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    false
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Turns scenarios into tests over the embedded broker and over mosquitto, the reference.
#[macro_export]
macro_rules! on_both_brokers {
    ($(fn $name:ident($broker:ident) $body:block)*) => {
        $(fn $name($broker: &$crate::brokers::TestBroker) $body)*

        mod embedded {
            $(#[test] fn $name() { super::$name(&$crate::brokers::TestBroker::embedded()); })*
        }

        mod mosquitto {
            $(#[test] fn $name() { super::$name(&$crate::brokers::TestBroker::mosquitto()); })*
        }
    };
}
