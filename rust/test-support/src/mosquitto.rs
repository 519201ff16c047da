//! A mosquitto of one's own, on a free port.

use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

use rustix::process::{Pid, Signal};
use tempfile::TempDir;

pub struct Mosquitto {
    child: Child,
    port: u16,
    directory: TempDir,
}

impl Mosquitto {
    /// A broker that lets everybody in.
    pub fn start() -> Self {
        Self::launch(None)
    }

    /// A broker that lets only this user in.
    pub fn with_user(name: &str, password: &str) -> Self {
        Self::launch(Some((name, password)))
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends the broker as a power cut does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Keeps its connections and does nothing with them any more.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Goes on where it was.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// The same broker on the same port again, with nothing remembered.
    pub fn start_again(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            self.child = tool("mosquitto")
                .arg("-c")
                .arg(self.directory.path().join("mosquitto.conf"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            while self.child.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                    return;
                }
                thread::sleep(Duration::from_millis(5));
            }
            // The port may be held for a moment by what the old one left.
            assert!(Instant::now() < deadline, "mosquitto does not start again");
        }
    }

    fn launch(user: Option<(&str, &str)>) -> Self {
        let mut log = String::new();
        // Between the choice of a free port and mosquitto's own bind somebody else may take it.
        for _ in 0..10 {
            match Self::try_launch(user) {
                Ok(broker) => return broker,
                Err(error) => log = error,
            }
        }
        panic!("mosquitto did not start in ten attempts; the last one said: {log}");
    }

    fn try_launch(user: Option<(&str, &str)>) -> Result<Self, String> {
        let directory = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut config = format!(
            "listener {port} 127.0.0.1\nmax_queued_messages 0\nset_tcp_nodelay true\n\
             persistence false\nlog_dest stderr\n"
        );
        if let Some((name, password)) = user {
            let file = directory.path().join("passwords");
            fs::write(&file, "").unwrap();
            let made = tool("mosquitto_passwd")
                .arg("-b")
                .args([file.as_os_str(), name.as_ref(), password.as_ref()])
                .stderr(Stdio::null())
                .status();
            assert!(
                made.is_ok_and(|status| status.success()),
                "mosquitto_passwd failed"
            );
            // Started as root it would drop to a user who cannot read the file.
            write!(
                config,
                "user root\nallow_anonymous false\npassword_file {}\n",
                file.display()
            )
            .unwrap();
        } else {
            config.push_str("allow_anonymous true\n");
        }
        let config_file = directory.path().join("mosquitto.conf");
        let log_file = directory.path().join("log");
        fs::write(&config_file, config).unwrap();
        let mut child = tool("mosquitto")
            .arg("-c")
            .arg(&config_file)
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log_file).unwrap())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("mosquitto cannot be run ({error}): install it (apt-get install mosquitto)")
            });
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if child.try_wait().unwrap().is_some() {
                return Err(fs::read_to_string(&log_file).unwrap());
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(Self {
                    child,
                    port,
                    directory,
                });
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        let _ = child.wait();
        Err("nothing listens".to_owned())
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Debian puts mosquitto where only root's PATH looks.
fn tool(name: &str) -> Command {
    let path = env::var("PATH").unwrap_or_default();
    let mut command = Command::new(name);
    command.env("PATH", format!("{path}:/usr/sbin:/usr/local/sbin"));
    command
}
