//! From what the module says to bytes on the line, at their time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::fault::Injector;

/// Bytes on their way to the host, in order, each piece with the instant from which it may leave.
#[derive(Debug)]
pub(super) struct SerialOut {
    baudrate: Option<u32>,
    pieces: VecDeque<Piece>,
    queued: usize,
    /// No later piece leaves before this.
    last_at: Instant,
}

#[derive(Debug)]
struct Piece {
    at: Instant,
    bytes: Vec<u8>,
    /// Leaves in a write of its own.
    alone: bool,
}

impl SerialOut {
    pub(super) fn new(now: Instant, baudrate: Option<u32>) -> Self {
        Self {
            baudrate: baudrate.filter(|baudrate| *baudrate > 0),
            pieces: VecDeque::new(),
            queued: 0,
            last_at: now,
        }
    }

    /// Queues what the module says, as the faults would have it.
    pub(super) fn push(&mut self, now: Instant, bytes: Vec<u8>, faults: &mut Injector) {
        let bytes = faults.distort(bytes);
        if bytes.is_empty() {
            return;
        }
        if let Some(hold) = faults.merge() {
            self.queued += bytes.len();
            match self.pieces.back_mut() {
                Some(last) if last.at > now => last.bytes.extend(bytes),
                _ => {
                    let at = self.last_at.max(now + faults.delay() + hold);
                    self.enqueue(at, bytes, true);
                }
            }
            return;
        }
        let mut at = self.last_at.max(now + faults.delay());
        self.queued += bytes.len();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (size, pause) = faults.split(rest.len());
            let (piece, remaining) = rest.split_at(size);
            at = self.pace(at, piece, !pause.is_zero());
            at += pause;
            rest = remaining;
        }
    }

    /// What may leave now, for one write.
    pub(super) fn poll(&mut self, now: Instant) -> Option<Vec<u8>> {
        let mut out: Option<Vec<u8>> = None;
        while let Some(piece) = self.pieces.front() {
            if piece.at > now || (out.is_some() && piece.alone) {
                break;
            }
            let Some(piece) = self.pieces.pop_front() else {
                break;
            };
            match &mut out {
                None => out = Some(piece.bytes),
                Some(out) => out.extend(piece.bytes),
            }
            if piece.alone {
                break;
            }
        }
        self.queued -= out.as_ref().map_or(0, Vec::len);
        out
    }

    /// When something may leave next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.pieces.front().map(|piece| piece.at)
    }

    /// How many bytes wait.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    /// Everything that has not left is lost.
    pub(super) fn clear(&mut self, now: Instant) {
        self.pieces.clear();
        self.queued = 0;
        self.last_at = now;
    }

    /// Queues bytes from `at` on at the speed of the line; returns when the last has left.
    fn pace(&mut self, at: Instant, bytes: &[u8], alone: bool) -> Instant {
        let Some(baudrate) = self.baudrate else {
            self.enqueue(at, bytes.to_vec(), alone);
            return at;
        };
        // Ten milliseconds of the line in one write.
        let per_write = usize::try_from(baudrate / 10 / 100)
            .unwrap_or(usize::MAX)
            .max(1);
        let mut at = at;
        for chunk in bytes.chunks(per_write) {
            at += time_on_line(baudrate, chunk.len());
            self.enqueue(at, chunk.to_vec(), alone);
        }
        at
    }

    fn enqueue(&mut self, at: Instant, bytes: Vec<u8>, alone: bool) {
        self.last_at = at;
        self.pieces.push_back(Piece { at, bytes, alone });
    }
}

/// How long this many bytes take at 8N1: ten bits each.
pub(super) fn time_on_line(baudrate: u32, bytes: usize) -> Duration {
    let bits = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(10);
    Duration::from_nanos(bits.saturating_mul(1_000_000_000) / u64::from(baudrate.max(1)))
}
