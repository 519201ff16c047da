//! The faults of one modem at work: each decision in one place, drawn from one seed.

use std::time::Duration;

use m531x_at::QoS;

use super::rate::Meter;
use super::{Ack, Fault, Moment, Sim};

/// What becomes of an acknowledgement of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AckFate {
    Arrives,
    Lost,
    Late(Duration),
}

/// What happens once, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    Reboot,
    CutNetwork,
}

/// Decides, fault by fault, what goes wrong now.
#[derive(Debug)]
pub(crate) struct Injector {
    random: fastrand::Rng,
    split: Option<u16>,
    merge: Option<Duration>,
    delay: Option<(Duration, Duration)>,
    urc: Option<Meter>,
    lost: Vec<(Ack, Meter)>,
    late: Vec<(Ack, Duration)>,
    mishaps: Vec<(Moment, Mishap)>,
    declared_longer: Option<(u16, Meter)>,
    no_final_crlf: Option<Meter>,
    garbage: Option<Meter>,
    drop_bytes: Option<Meter>,
    refused: Vec<Option<String>>,
    granted: Option<QoS>,
    sleep: Option<Duration>,
    slow: Option<(Duration, Duration)>,
    pub(crate) sim: Option<Sim>,
    pub(crate) registration: Option<u8>,
    pub(crate) rssi: Option<u8>,
    pub(crate) silent: bool,
}

impl Injector {
    /// The faults of the list; of two that exclude each other the later one counts.
    pub(crate) fn new(faults: &[Fault], seed: u64) -> Self {
        let mut injector = Self {
            random: fastrand::Rng::with_seed(seed),
            split: None,
            merge: None,
            delay: None,
            urc: None,
            lost: Vec::new(),
            late: Vec::new(),
            mishaps: Vec::new(),
            declared_longer: None,
            no_final_crlf: None,
            garbage: None,
            drop_bytes: None,
            refused: Vec::new(),
            granted: None,
            sleep: None,
            slow: None,
            sim: None,
            registration: None,
            rssi: None,
            silent: false,
        };
        for fault in faults {
            injector.add(fault);
        }
        injector
    }

    fn add(&mut self, fault: &Fault) {
        match fault {
            Fault::SplitWrites(most) => self.split = Some((*most).max(1)),
            Fault::MergeWrites(hold) => self.merge = Some(*hold),
            Fault::Delay(least, most) => self.delay = Some((*least, *most.max(least))),
            Fault::UrcInResponse(rate) => self.urc = Some(Meter::new(*rate)),
            Fault::LostAck(ack, rate) => self.lost.push((*ack, Meter::new(*rate))),
            Fault::LateAck(ack, late) => self.late.push((*ack, *late)),
            Fault::RebootAt(moment) => self.mishaps.push((moment.clone(), Mishap::Reboot)),
            Fault::CutNetworkAt(moment) => self.mishaps.push((moment.clone(), Mishap::CutNetwork)),
            Fault::DeclaredLonger(bytes, rate) => {
                self.declared_longer = Some((*bytes, Meter::new(*rate)));
            }
            Fault::NoFinalCrlf(rate) => self.no_final_crlf = Some(Meter::new(*rate)),
            Fault::Garbage(rate) => self.garbage = Some(Meter::new(*rate)),
            Fault::DropBytes(rate) => self.drop_bytes = Some(Meter::new(*rate)),
            Fault::RefuseSubscription(filter) => self.refused.push(filter.clone()),
            Fault::DowngradeSubscription(qos) => self.granted = Some(*qos),
            Fault::Sleep(after) => self.sleep = Some(*after),
            Fault::Sim(sim) => self.sim = Some(*sim),
            Fault::Registration(stat) => self.registration = Some(*stat),
            Fault::Signal(rssi) => self.rssi = Some(*rssi),
            Fault::SlowNetwork(least, most) => self.slow = Some((*least, *most.max(least))),
            Fault::Silent => self.silent = true,
            // The module consults its traits itself.
            Fault::Trait(_) => {}
        }
    }

    // ---- what the module says

    /// How long this output is held back.
    pub(crate) fn delay(&mut self) -> Duration {
        let Some((least, most)) = self.delay else {
            return Duration::ZERO;
        };
        least + most.saturating_sub(least).mul_f64(self.random.f64())
    }

    /// How long output waits for more to leave with it.
    pub(crate) fn merge(&self) -> Option<Duration> {
        self.merge
    }

    /// The size of the next piece of `remaining` bytes, and the pause before the one after it.
    pub(crate) fn split(&mut self, remaining: usize) -> (usize, Duration) {
        match self.split {
            Some(most) if remaining > 1 => {
                let size = self.random.usize(1..=usize::from(most).min(remaining));
                (size, Duration::from_millis(self.random.u64(1..=5)))
            }
            _ => (remaining, Duration::ZERO),
        }
    }

    /// Noise in front of an output, and bytes lost from it.
    pub(crate) fn distort(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let Self {
            random,
            garbage,
            drop_bytes,
            ..
        } = self;
        let mut out = Vec::with_capacity(bytes.len() + 8);
        if garbage.as_mut().is_some_and(|meter| meter.strikes(random)) {
            for _ in 0..random.usize(1..=8) {
                // Noise on an idle line is a falling start bit: the high bits stay set.
                out.push(random.u8(0x80..=0xff));
            }
        }
        match drop_bytes {
            None => out.extend(bytes),
            Some(meter) => out.extend(bytes.into_iter().filter(|_| !meter.strikes(random))),
        }
        out
    }

    /// Which of `count` URCs stands in front of the final result, if one does.
    pub(crate) fn urc_in_response(&mut self, count: usize) -> Option<usize> {
        let meter = self.urc.as_mut()?;
        meter
            .strikes(&mut self.random)
            .then(|| self.random.usize(0..count))
    }

    /// How many bytes too many a publish declares.
    pub(crate) fn declared_longer(&mut self) -> usize {
        let Some((bytes, meter)) = &mut self.declared_longer else {
            return 0;
        };
        if meter.strikes(&mut self.random) {
            usize::from(*bytes)
        } else {
            0
        }
    }

    /// Whether a publish ends without CR LF.
    pub(crate) fn no_final_crlf(&mut self) -> bool {
        self.no_final_crlf
            .as_mut()
            .is_some_and(|meter| meter.strikes(&mut self.random))
    }

    // ---- what the broker says

    /// How long it takes to arrive; or, of a later piece, how long after the one before.
    pub(crate) fn arrival(&mut self, later: bool) -> Duration {
        let Some((least, most)) = self.slow else {
            return Duration::ZERO;
        };
        if later {
            return most.mul_f64(self.random.f64() / 2.0);
        }
        // Never nothing, so that the order is that of the queue.
        (least + most.saturating_sub(least).mul_f64(self.random.f64()))
            .max(Duration::from_micros(1))
    }

    /// What becomes of this acknowledgement.
    pub(crate) fn ack_fate(&mut self, ack: Ack) -> AckFate {
        for (kind, meter) in &mut self.lost {
            if kind.covers(ack) && meter.strikes(&mut self.random) {
                return AckFate::Lost;
            }
        }
        self.late
            .iter()
            .find(|(kind, _)| kind.covers(ack))
            .map_or(AckFate::Arrives, |(_, late)| AckFate::Late(*late))
    }

    /// Whether a subscription to this filter is refused.
    pub(crate) fn refuses(&self, filter: &str) -> bool {
        self.refused
            .iter()
            .any(|refused| refused.as_deref().is_none_or(|refused| refused == filter))
    }

    /// The QoS a subscription asks the broker for.
    pub(crate) fn grant(&self, wanted: QoS) -> QoS {
        self.granted.map_or(wanted, |most| wanted.min(most))
    }

    // ---- when

    /// After how much silence the module sleeps, if not after its model's.
    pub(crate) fn sleep_after(&self) -> Option<Duration> {
        self.sleep
    }

    /// What this command brings about; at most once each.
    pub(crate) fn at_command(&mut self, name: &str) -> Vec<Mishap> {
        self.take(|moment| matches!(moment, Moment::Command(wanted) if wanted == name))
    }

    /// What the time since the start brings about.
    pub(crate) fn at_time(&mut self, elapsed: Duration) -> Vec<Mishap> {
        self.take(|moment| matches!(moment, Moment::After(time) if *time <= elapsed))
    }

    /// When `at_time` has something to say next, counted from the start.
    pub(crate) fn next_time(&self) -> Option<Duration> {
        let times = self.mishaps.iter().filter_map(|(moment, _)| match moment {
            Moment::After(time) => Some(*time),
            _ => None,
        });
        times.min()
    }

    /// How many more bytes may go to the host before `at_bytes` has something to say.
    pub(crate) fn bytes_left(&self, sent: u64) -> Option<u64> {
        let limits = self.mishaps.iter().filter_map(|(moment, _)| match moment {
            Moment::Bytes(limit) => Some(limit.saturating_sub(sent)),
            _ => None,
        });
        limits.min()
    }

    /// What the number of bytes sent to the host brings about.
    pub(crate) fn at_bytes(&mut self, sent: u64) -> Vec<Mishap> {
        self.take(|moment| matches!(moment, Moment::Bytes(limit) if *limit <= sent))
    }

    fn take(&mut self, due: impl Fn(&Moment) -> bool) -> Vec<Mishap> {
        let (now, later) = std::mem::take(&mut self.mishaps)
            .into_iter()
            .partition(|(moment, _)| due(moment));
        self.mishaps = later;
        let now: Vec<(Moment, Mishap)> = now;
        now.into_iter().map(|(_, mishap)| mishap).collect()
    }
}
