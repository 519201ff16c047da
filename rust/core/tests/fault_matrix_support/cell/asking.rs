//! Asks for operations, lets time pass, and judges how each operation ends.

use std::time::{Duration, Instant};

use m531x_core::QoS;
use m531x_core::session::{Outcome, Request, RequestKind};

use super::super::fault::{Act, Kind};
use super::super::oracle::{self, Asked, Sent, ensure};
use super::{Cell, PATIENCE};

impl Cell {
    pub(super) fn send(&mut self, topic: &str, payload: &[u8], qos: QoS) {
        self.sent.push(Sent {
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            qos,
        });
        self.simulation.publish_to_module(topic, payload, qos);
    }

    pub(super) fn ask(
        &mut self,
        kind: RequestKind,
        limit: Option<Duration>,
    ) -> Result<usize, String> {
        let request = Request {
            kind: kind.clone(),
            timeout: limit,
        };
        match self.simulation.try_begin(request) {
            Ok(id) => self.asked.push(Asked {
                id,
                kind,
                judged: false,
                result: None,
            }),
            Err(error) => {
                ensure(
                    matches!(self.fault.kind, Kind::PortGone),
                    &format!("refused at once: {error}"),
                )?;
                oracle::judge_end(&self.simulation, &kind, &Err(error))?;
            }
        }
        self.judge()?;
        Ok(self.asked.len())
    }

    /// Does something and waits for its end.
    pub(super) fn attempt(
        &mut self,
        kind: RequestKind,
    ) -> Result<Result<Outcome, m531x_core::Error>, String> {
        let count = self.asked.len();
        self.ask(kind, None)?;
        if self.asked.len() == count {
            return Err("the port is still gone".to_owned());
        }
        self.pass(PATIENCE, |cell| cell.asked[count].judged)?;
        match self.asked[count].result.clone() {
            Some(result) => Ok(result),
            None => Err(format!("{:?} does not end", self.asked[count].kind)),
        }
    }

    /// Does something that must succeed.
    pub(super) fn must(&mut self, kind: RequestKind) -> Result<(), String> {
        let result = self.attempt(kind)?;
        result
            .map(drop)
            .map_err(|error| format!("before the fault: {error}"))
    }

    /// Lets time pass until something is so; every operation is judged as it ends.
    pub(super) fn pass(
        &mut self,
        time: Duration,
        until: impl Fn(&Self) -> bool,
    ) -> Result<(), String> {
        let end = self.simulation.now + time;
        loop {
            self.judge()?;
            if until(self) {
                return Ok(());
            }
            let next = self.acts.iter().map(|(at, _)| *at).min();
            let stop = next.map_or(end, |next| next.min(end));
            if !self.simulation.step(stop) {
                self.perform();
                if self.simulation.now >= end {
                    return self.judge();
                }
            }
        }
    }

    /// Does what is due to the simulation.
    pub(super) fn perform(&mut self) {
        let now = self.simulation.now;
        let (due, later) = std::mem::take(&mut self.acts)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.acts = later;
        let mut due: Vec<(Instant, Act)> = due;
        due.sort_by_key(|(at, _)| *at);
        for (_, act) in due {
            act(&mut self.simulation);
        }
    }

    fn judge(&mut self) -> Result<(), String> {
        for asked in &mut self.asked {
            if asked.judged {
                continue;
            }
            let Some((_, result)) = self.simulation.end_of(asked.id) else {
                continue;
            };
            asked.judged = true;
            asked.result = Some(result.clone());
            let harm = self.harm;
            if harm.mangles {
                continue;
            }
            oracle::judge_end(&self.simulation, &asked.kind, result)?;
            if let Err(error) = result {
                let kept = match &asked.kind {
                    RequestKind::Publish { qos, .. } => {
                        *qos != QoS::AtMostOnce && self.limit.is_none()
                    }
                    _ => false,
                };
                ensure(
                    harm.fails && !kept,
                    &format!("{:?} failed: {error}", asked.kind),
                )?;
            }
        }
        Ok(())
    }
}
