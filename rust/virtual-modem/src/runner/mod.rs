//! The thread of one modem: it joins the module, the link and the socket, and sleeps while nothing
//! happens.

mod engine;
mod mailbox;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::AsFd;

pub(crate) use engine::{Engine, Target};
pub(crate) use mailbox::Mailbox;

use crate::local_stream::LocalStream;
use crate::time_limit::time_limit;
use mailbox::Closing;

/// Runs until the engine is stopped.
pub(crate) fn run(mut engine: Engine, mailbox: &Arc<Mailbox>, wake: &LocalStream) {
    let mut closing = Closing::new(mailbox);
    while !engine.is_stopped() {
        mailbox.obey(&mut engine);
        engine.drive(Instant::now());
        if engine.is_stopped() {
            break;
        }
        let ready = wait(&engine, wake);
        if ready.wake {
            mailbox::drain(wake);
        }
        engine.handle_ready(Instant::now(), ready);
    }
    closing.keep(engine.transcript());
}

/// What woke the thread.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ready {
    wake: bool,
    presence: bool,
    data: bool,
    socket: bool,
}

/// Sleeps until a descriptor is ready or the module's time has come.
fn wait(engine: &Engine, wake: &LocalStream) -> Ready {
    let due = engine.poll_timeout();
    let timeout = due.and_then(|due| time_limit(Instant::now(), due));
    let sources = [
        Some((wake.as_fd(), PollFlags::IN)),
        engine.presence_source(),
        engine.data_source(),
        engine.socket_source(),
    ];
    let mut fds = Vec::with_capacity(sources.len());
    let mut places = [None; 4];
    for (place, source) in places.iter_mut().zip(&sources) {
        if let Some((fd, flags)) = source {
            *place = Some(fds.len());
            fds.push(PollFd::new(fd, *flags));
        }
    }
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) => {}
        Err(error) if error == rustix::io::Errno::INTR => return Ready::default(),
        Err(error) => {
            // Out of memory is all that is left; the next turn may fare better.
            debug_assert!(io::Error::from(error).kind() == io::ErrorKind::OutOfMemory);
            std::thread::yield_now();
            return Ready::default();
        }
    }
    let is_ready = |place: usize| {
        places[place]
            .and_then(|index| fds.get(index))
            .is_some_and(|fd| !fd.revents().is_empty())
    };
    Ready {
        wake: is_ready(0),
        presence: is_ready(1),
        data: is_ready(2),
        socket: is_ready(3),
    }
}
