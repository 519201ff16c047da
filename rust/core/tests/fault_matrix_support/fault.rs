//! The rows of the matrix.

use std::time::Duration;

use m531x_virtual_modem::Fault as Virtual;

use m531x_test_support::simulation::{Simulation, ms};

pub(crate) struct Fault {
    /// What the row says.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// How long it goes on; nothing for what happens once.
    pub(crate) lasts: Duration,
    pub(crate) harm: Harm,
}

pub(crate) enum Kind {
    Nothing,
    /// Faults of the virtual modem; the seed picks one of them.
    Virtual(&'static [&'static str]),
    /// Bytes take their time on the line.
    Paced,
    Reboot,
    /// A restart after some byte of what the module says.
    RebootInLine,
    /// A restart of which nothing is heard.
    QuietReboot,
    /// Asleep whenever something is sent.
    Sleep,
    CutNetwork,
    StopBroker,
    Silence,
    PortGone,
    HostLoss(f64),
}

/// What of a fault nobody at the host's end can undo.
#[derive(Clone, Copy, Default)]
pub(crate) struct Harm {
    /// An operation can fail, with a typed error; a publish of QoS 1 or 2 cannot.
    pub(crate) fails: bool,
    /// A publish of QoS 1 or 2 may have to be sent again, and so arrive twice.
    pub(crate) repeats: bool,
    /// Messages to the module may not arrive.
    pub(crate) loses: bool,
    /// Messages may arrive flagged as truncated or ambiguous.
    pub(crate) flags: bool,
    /// Bytes of messages get lost without a sign: this wire has no checksum.
    pub(crate) damages: bool,
    /// A message may bring what the module said next, if that fits into its declared length.
    pub(crate) overruns: bool,
    /// Bytes of commands get lost without a sign, so the module does something else.
    pub(crate) mangles: bool,
    /// Subscriptions are granted less than they ask for: where the module says nothing of it they fail.
    pub(crate) downgrades: bool,
}

const NONE: Harm = Harm {
    fails: false,
    repeats: false,
    loses: false,
    flags: false,
    damages: false,
    overruns: false,
    mangles: false,
    downgrades: false,
};
const FLAGS: Harm = Harm {
    flags: true,
    ..NONE
};
/// Acknowledgements are missing, messages are not.
const ACKS: Harm = Harm {
    fails: true,
    repeats: true,
    ..NONE
};
const REFUSES: Harm = Harm {
    fails: true,
    ..NONE
};
/// The connection, or the module's memory, is lost.
const CONNECTION: Harm = Harm {
    loses: true,
    ..ACKS
};
/// Bytes are lost.
const BYTES: Harm = Harm {
    flags: true,
    ..CONNECTION
};

const ONCE: Duration = Duration::ZERO;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn row(name: &'static str, kind: Kind, lasts: Duration, harm: Harm) -> Fault {
    Fault {
        name,
        kind,
        lasts,
        harm,
    }
}

#[rustfmt::skip]
pub(crate) const FAULTS: &[Fault] = &[
    row("none", Kind::Nothing, ONCE, NONE),
    row("split reads", Kind::Virtual(&["split-writes=1", "split-writes=3", "split-writes=17"]), seconds(20), NONE),
    row("merged reads", Kind::Virtual(&["merge-writes=20", "merge-writes=150", "merge-writes=400"]), seconds(20), NONE),
    row("delays", Kind::Virtual(&["delay=0-50", "delay=200-900", "delay=1500"]), seconds(20), NONE),
    row("answers later than their timeout", Kind::Virtual(&["delay=4000-15000", "delay=11000", "delay=12000-25000"]), seconds(60), CONNECTION),
    row("baud pacing", Kind::Paced, ONCE, NONE),
    row("garbage", Kind::Virtual(&["garbage=0.1", "garbage=0.5", "garbage"]), seconds(20), BYTES),
    row("dropped bytes from the module", Kind::Virtual(&["drop-bytes=0.002", "drop-bytes=0.01", "drop-bytes=0.05"]), seconds(20), Harm { damages: true, ..BYTES }),
    row("dropped bytes to the module", Kind::HostLoss(0.02), seconds(20), Harm { mangles: true, ..CONNECTION }),
    row("lost acks", Kind::Virtual(&["lost-ack", "lost-ack=any:0.5", "lost-ack=any:1/2"]), seconds(25), ACKS),
    row("late acks", Kind::Virtual(&["late-ack=any:3000", "late-ack=any:12000", "late-ack=any:25000"]), seconds(30), ACKS),
    row("URC in a response", Kind::Virtual(&["urc-in-response", "urc-in-response=0.5"]), seconds(20), NONE),
    row("declared longer than delivered", Kind::Virtual(&["declared-longer=1", "declared-longer=4", "declared-longer=30:0.5"]), seconds(20), Harm { overruns: true, ..BYTES }),
    row("no final CR LF", Kind::Virtual(&["no-final-crlf", "no-final-crlf=0.5"]), seconds(20), FLAGS),
    row("reboot", Kind::Reboot, ONCE, CONNECTION),
    row("reboot in a line", Kind::RebootInLine, ONCE, BYTES),
    row("silent reboot", Kind::QuietReboot, ONCE, CONNECTION),
    row("sleep that eats the first bytes", Kind::Sleep, seconds(30), CONNECTION),
    row("network cut, 20 s", Kind::CutNetwork, seconds(20), CONNECTION),
    row("network cut, 5 min", Kind::CutNetwork, seconds(300), CONNECTION),
    row("broker gone, 1 min", Kind::StopBroker, seconds(60), CONNECTION),
    row("refused subscription", Kind::Virtual(&["refuse-subscription"]), seconds(20), REFUSES),
    row("downgraded subscription", Kind::Virtual(&["downgrade-subscription=0", "downgrade-subscription=1"]), seconds(20), Harm { downgrades: true, ..NONE }),
    row("silence, 45 s", Kind::Silence, seconds(45), CONNECTION),
    row("port gone, 30 s", Kind::PortGone, seconds(30), CONNECTION),
];

/// Something that will be done to the simulation.
pub(crate) type Act = Box<dyn FnOnce(&mut Simulation)>;

impl Fault {
    /// What happens, and how long after the beginning.
    pub(crate) fn acts(&self, seed: u64, random: &mut fastrand::Rng) -> Vec<(Duration, Act)> {
        let soon = ms(random.u64(0..1200));
        let lasting = |on: Act, off: Act| vec![(Duration::ZERO, on), (self.lasts, off)];
        match self.kind {
            Kind::Nothing | Kind::Paced => Vec::new(),
            Kind::Virtual(variants) => {
                let index = usize::try_from(seed).unwrap() % variants.len();
                let fault: Virtual = variants[index].parse().unwrap();
                lasting(
                    Box::new(move |simulation| simulation.module.set_faults(&[fault], seed)),
                    Box::new(|simulation| simulation.module.set_faults(&[], 0)),
                )
            }
            Kind::Reboot => vec![(soon, Box::new(Simulation::reboot_module))],
            Kind::RebootInLine => {
                let bytes = random.usize(1..60);
                vec![(
                    Duration::ZERO,
                    Box::new(move |simulation| simulation.line.reboot_after = Some(bytes)),
                )]
            }
            Kind::QuietReboot => vec![
                (
                    soon,
                    Box::new(|simulation| {
                        simulation.line.module_mute = true;
                        simulation.reboot_module();
                    }),
                ),
                (
                    soon + ms(1500),
                    Box::new(|simulation| simulation.line.module_mute = false),
                ),
            ],
            Kind::Sleep => {
                let fault: Virtual = "sleep=0.2".parse().unwrap();
                lasting(
                    Box::new(move |simulation| {
                        simulation.module.set_faults(&[fault], seed);
                        simulation.module.sleep(simulation.now);
                    }),
                    Box::new(|simulation| simulation.module.set_faults(&[], 0)),
                )
            }
            Kind::CutNetwork => lasting(
                Box::new(|simulation| simulation.cut_network(true)),
                Box::new(|simulation| simulation.cut_network(false)),
            ),
            Kind::StopBroker => lasting(
                Box::new(|simulation| simulation.stop_broker(true)),
                Box::new(|simulation| simulation.stop_broker(false)),
            ),
            Kind::Silence => lasting(
                Box::new(|simulation| simulation.line.silent = true),
                Box::new(|simulation| simulation.line.silent = false),
            ),
            Kind::PortGone => lasting(
                Box::new(Simulation::detach_port),
                Box::new(Simulation::attach_port),
            ),
            Kind::HostLoss(rate) => lasting(
                Box::new(move |simulation| simulation.line.host_loss = rate),
                Box::new(|simulation| simulation.line.host_loss = 0.0),
            ),
        }
    }
}
