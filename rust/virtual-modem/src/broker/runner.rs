//! The thread with the sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use super::BrokerOptions;
use super::connection::ConnectionId;
use super::core::{Core, Output};
use super::published::PublishedLog;
use crate::local_stream::{self, LocalStream};
use crate::time_limit::time_limit;
use m531x_threads::spawn_thread;

/// Unsent bytes from which a connection counts as congested.
const CONGESTED: usize = 2 << 20;
/// Unsent bytes beyond which a client that does not read is given up.
const HOPELESS: usize = 8 << 20;
/// Unsent bytes of all clients together, beyond which one that has many is given up.
const MOST_UNSENT: usize = 16 << 20;
const MANY: usize = 64 << 10;
/// So many packets of one client are handled before the others have their turn.
const IN_A_ROW: usize = 64;
/// How long a refusal waits for its last bytes to be taken.
const LINGER: Duration = Duration::from_secs(1);
/// How long to leave the listener alone after it failed (out of descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An MQTT 3.1.1 broker on the loopback interface; it stops when dropped.
///
/// One thread serves all clients and sleeps while nothing happens. All methods may be called from
/// any thread.
#[derive(Debug)]
pub struct EmbeddedBroker {
    address: SocketAddr,
    published: PublishedLog,
    control: mpsc::Sender<Control>,
    wake: LocalStream,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Control {
    Options(BrokerOptions),
    Publish {
        topic: String,
        payload: Vec<u8>,
        qos: u8,
        retain: bool,
        /// Gets the number of clients to which it goes.
        done: mpsc::Sender<usize>,
    },
    Stop,
}

impl EmbeddedBroker {
    /// Starts a broker on 127.0.0.1 and a free port.
    pub fn start() -> io::Result<Self> {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Starts a broker on the given address; port 0 takes a free one.
    pub fn start_on(address: SocketAddr) -> io::Result<Self> {
        Self::start_with(address, BrokerOptions::default())
    }

    /// Starts a broker on the given address with other than the usual behaviour.
    pub fn start_with(address: SocketAddr, options: BrokerOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (wake, woken) = local_stream::pair()?;
        woken.set_nonblocking(true)?;
        let (control, controls) = mpsc::channel();
        let core = Core::new(options);
        let published = core.published();
        let runner = Runner {
            listener,
            accept_after: None,
            woken,
            controls,
            core,
            clients: BTreeMap::new(),
            busy: BTreeSet::new(),
            unsent: 0,
            next_id: 0,
        };
        let thread = spawn_thread("m531x-broker", move || runner.run())?;
        Ok(Self {
            address,
            published,
            control,
            wake,
            thread: Some(thread),
        })
    }

    /// Changes the behaviour towards packets that come from now on.
    pub fn set_options(&self, options: BrokerOptions) {
        self.send(Control::Options(options));
    }

    /// Publishes as another client would; returns to how many subscribed clients it goes.
    pub fn publish(&self, topic: &str, payload: &[u8], qos: u8, retain: bool) -> usize {
        let (done, count) = mpsc::channel();
        self.send(Control::Publish {
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            qos,
            retain,
            done,
        });
        // No answer comes only when the thread is gone, and with it every client.
        count.recv().unwrap_or(0)
    }

    /// What clients have published, wills included.
    pub fn published(&self) -> PublishedLog {
        self.published.clone()
    }

    /// The address that clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn send(&self, control: Control) {
        // Both fail only when the thread is gone, and then there is no one to notify.
        let _ = self.control.send(control);
        let _ = (&self.wake).write(&[0]);
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        self.send(Control::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported by its own thread.
            let _ = thread.join();
        }
    }
}

struct Runner {
    listener: TcpListener,
    accept_after: Option<Instant>,
    woken: LocalStream,
    controls: mpsc::Receiver<Control>,
    core: Core,
    clients: BTreeMap<ConnectionId, Client>,
    /// Those whose packets have not all been handled.
    busy: BTreeSet<ConnectionId>,
    /// What all clients have not been sent.
    unsent: usize,
    next_id: u64,
}

struct Client {
    stream: TcpStream,
    unsent: Vec<u8>,
    /// The core has closed it; the socket goes when all is sent, at the latest then.
    closing: Option<Instant>,
}

impl Runner {
    fn run(mut self) {
        loop {
            let Ok(ready) = self.wait() else {
                // The kernel has no memory for the list: try again a little later.
                thread::sleep(ACCEPT_PAUSE);
                continue;
            };
            if ready.woken && self.obey() {
                return;
            }
            let now = Instant::now();
            if ready.listener {
                self.accept(now);
            }
            for id in ready.readable {
                self.read(now, id);
            }
            for id in std::mem::take(&mut self.busy) {
                self.handle_some(now, id);
            }
            for id in ready.writable {
                self.flush(id);
            }
            if self.core.poll_timeout().is_some_and(|due| due <= now) {
                self.core.handle_timeout(now);
            }
            self.deliver();
            self.sweep(now);
        }
    }

    /// Sleeps until a descriptor is ready or a deadline has come.
    fn wait(&self) -> io::Result<Ready> {
        let now = Instant::now();
        let lingering = self.clients.values().filter_map(|client| client.closing);
        let due = self
            .core
            .poll_timeout()
            .into_iter()
            .chain(self.accept_after)
            .chain(lingering)
            .min();
        let due = if self.busy.is_empty() { due } else { Some(now) };
        let timeout = due.and_then(|due| time_limit(now, due));
        let accepting = self.accept_after.is_none_or(|after| after <= now);
        let mut fds = Vec::with_capacity(self.clients.len() + 2);
        fds.push(PollFd::new(&self.woken, PollFlags::IN));
        fds.push(PollFd::new(
            &self.listener,
            if accepting {
                PollFlags::IN
            } else {
                PollFlags::empty()
            },
        ));
        for (id, client) in &self.clients {
            let mut flags = PollFlags::empty();
            let reads = client.closing.is_none() && !self.busy.contains(id);
            flags.set(PollFlags::IN, reads);
            flags.set(PollFlags::OUT, !client.unsent.is_empty());
            fds.push(PollFd::new(&client.stream, flags));
        }
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let ended = PollFlags::ERR | PollFlags::HUP;
        let mut ready = Ready {
            woken: !fds[0].revents().is_empty(),
            listener: accepting && !fds[1].revents().is_empty(),
            ..Ready::default()
        };
        for (&id, fd) in self.clients.keys().zip(&fds[2..]) {
            if fd.revents().intersects(PollFlags::IN | ended) {
                ready.readable.push(id);
            }
            if fd.revents().intersects(PollFlags::OUT | ended) {
                ready.writable.push(id);
            }
        }
        Ok(ready)
    }

    /// Takes orders; whether to stop.
    fn obey(&mut self) -> bool {
        // Only the wake-up matters, not its bytes.
        let _ = self.woken.read(&mut [0; 64]);
        loop {
            match self.controls.try_recv() {
                Ok(Control::Options(options)) => self.core.set_options(options),
                Ok(Control::Publish {
                    topic,
                    payload,
                    qos,
                    retain,
                    done,
                }) => {
                    let count = self.core.publish(&topic, &payload, qos, retain);
                    // The caller may have stopped waiting.
                    let _ = done.send(count);
                }
                Err(mpsc::TryRecvError::Empty) => return false,
                Ok(Control::Stop) | Err(mpsc::TryRecvError::Disconnected) => return true,
            }
        }
    }

    fn accept(&mut self, now: Instant) {
        self.accept_after = None;
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if stream.set_nonblocking(true).is_err() || stream.set_nodelay(true).is_err() {
                        continue;
                    }
                    let id = ConnectionId(self.next_id);
                    self.next_id += 1;
                    self.core.handle_accepted(now, id);
                    let client = Client {
                        stream,
                        unsent: Vec::new(),
                        closing: None,
                    };
                    self.clients.insert(id, client);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                Err(_) => {
                    self.accept_after = Some(now + ACCEPT_PAUSE);
                    return;
                }
            }
        }
    }

    fn read(&mut self, now: Instant, id: ConnectionId) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let mut portion = [0; 16 * 1024];
        match client.stream.read(&mut portion) {
            Ok(count) if count > 0 && client.closing.is_none() => {
                self.core.feed(id, &portion[..count]);
                self.handle_some(now, id);
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Ok(_) | Err(_) => self.lose(id),
        }
    }

    /// Handles packets of a client, for a while.
    fn handle_some(&mut self, now: Instant, id: ConnectionId) {
        for _ in 0..IN_A_ROW {
            let more = self.core.handle_next(now, id);
            self.deliver();
            if !more {
                return;
            }
        }
        self.busy.insert(id);
    }

    fn lose(&mut self, id: ConnectionId) {
        if let Some(client) = self.clients.remove(&id) {
            self.unsent -= client.unsent.len();
        }
        self.core.handle_lost(id);
    }

    /// Carries out what the core wants; what goes to one client goes in one write.
    fn deliver(&mut self) {
        loop {
            let fresh = self.collect();
            if fresh.is_empty() {
                return;
            }
            // A client that turns out to be gone may leave a will, which is output again.
            for id in fresh {
                self.flush(id);
            }
        }
    }

    /// Passes the core's output to the clients; returns those whose sockets are not waiting yet.
    fn collect(&mut self) -> BTreeSet<ConnectionId> {
        let mut fresh = BTreeSet::new();
        while let Some(output) = self.core.poll_output() {
            match output {
                Output::Send(id, bytes) => {
                    let Some(client) = self.clients.get_mut(&id) else {
                        continue;
                    };
                    if client.unsent.is_empty() {
                        fresh.insert(id);
                    }
                    client.unsent.extend_from_slice(&bytes);
                    self.unsent += bytes.len();
                    let waiting = client.unsent.len();
                    if waiting > HOPELESS || (self.unsent > MOST_UNSENT && waiting > MANY) {
                        self.lose(id);
                    } else if client.unsent.len() > CONGESTED {
                        self.core.set_congested(id, true);
                    }
                }
                Output::Close(id) => {
                    if let Some(client) = self.clients.get_mut(&id) {
                        client.closing = Some(Instant::now() + LINGER);
                    }
                }
            }
        }
        fresh
    }

    fn flush(&mut self, id: ConnectionId) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let mut sent = 0;
        let broken = loop {
            if sent == client.unsent.len() {
                break false;
            }
            match client.stream.write(&client.unsent[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break error.kind() != ErrorKind::WouldBlock,
            }
        };
        client.unsent.drain(..sent);
        self.unsent -= sent;
        if broken {
            self.lose(id);
        } else {
            let congested = client.unsent.len() > CONGESTED;
            self.core.set_congested(id, congested);
        }
    }

    /// Closes sockets that are done.
    fn sweep(&mut self, now: Instant) {
        self.clients.retain(|_, client| {
            let done = client
                .closing
                .is_some_and(|until| client.unsent.is_empty() || until <= now);
            if done {
                // The peer may be gone already.
                let _ = client.stream.shutdown(Shutdown::Both);
                self.unsent -= client.unsent.len();
            }
            !done
        });
    }
}

#[derive(Default)]
struct Ready {
    woken: bool,
    listener: bool,
    readable: Vec<ConnectionId>,
    writable: Vec<ConnectionId>,
}
