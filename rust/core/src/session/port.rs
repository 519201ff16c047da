//! A port that is gone, and one that is there again.

use std::time::Instant;

use super::Session;
use super::scheduler::Scheduler;
use crate::{Error, ErrorCode, EventKind};

impl Session {
    /// Takes note that the port is gone: every operation fails, and so does every later one.
    pub fn handle_port_lost(&mut self, now: Instant, why: &str) {
        if self.lost.is_some() && !self.detached {
            return;
        }
        self.detached = false;
        let error = Scheduler::port_lost(why);
        self.scheduler.state.recovery.forget();
        self.scheduler.fail_all(now, &error);
        self.scheduler.state.recovery.rest();
        let transition = self.scheduler.state.connection.on_port_gone();
        self.scheduler.state.report(transition);
        self.scheduler.state.subscriptions.clear();
        self.scheduler.state.event(EventKind::PortLost, 0, why);
        self.lost = Some(error);
    }

    /// Takes note that the module is no longer in use: from now on there is no connection and no
    /// subscription here, no matter what the module keeps. It sends nothing and reports no event.
    pub fn handle_closed(&mut self) {
        let state = &mut self.scheduler.state;
        state.recovery.forget();
        state.recovery.rest();
        // Events have no receiver from now on.
        let _ = state.connection.on_port_gone();
        state.subscriptions.clear();
    }

    /// Takes note that the port is gone but may come back: operations that wait for a connection
    /// that is being made again go on waiting, all others fail, and so do those begun meanwhile.
    pub fn handle_port_detached(&mut self, now: Instant, why: &str) {
        if self.lost.is_some() {
            return;
        }
        let error = Error::new(
            ErrorCode::Port,
            format!("the port is gone: {why}; it is being looked for"),
        );
        self.detached = true;
        self.scheduler.detach(now, &error);
        self.scheduler.state.event(EventKind::PortLost, 0, why);
        self.lost = Some(error);
        self.framer.reset();
    }

    /// Takes note that the port is there again: the module is set up as at the start.
    pub fn handle_port_back(&mut self, now: Instant, port: &str) {
        if !std::mem::take(&mut self.detached) {
            return;
        }
        self.lost = None;
        self.scheduler.state.event(EventKind::PortBack, 0, port);
        self.scheduler.attach(now);
        self.scheduler.pump(now);
    }
}
