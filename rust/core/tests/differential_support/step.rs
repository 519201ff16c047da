//! What can happen in a scenario, and how one is drawn from a seed.

use m531x_core::QoS;

use m531x_test_support::words::{COMMANDS, FILTERS, TOPICS, draw_qos};

/// Faults that lose nothing on the line.
const FAULTS: [&str; 5] = [
    "delay=0-300",
    "delay=0-3000",
    "delay=0-12000",
    "lost-ack=any:1/3",
    "late-ack=any:4000",
];

/// One thing that happens. Numbers are drawn with the step, so that leaving out another step changes
/// nothing in it.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Connect {
        clean_session: bool,
    },
    Disconnect,
    Delete,
    Publish {
        number: usize,
        qos: QoS,
        limit: Option<u64>,
    },
    Subscribe {
        filter: &'static str,
        qos: QoS,
    },
    Unsubscribe {
        filter: &'static str,
    },
    Command {
        line: &'static str,
        limit: Option<u64>,
    },
    Ask(Question),
    /// Gives up one of the operations under way.
    Abandon(usize),
    /// Somebody else publishes.
    Inbound {
        number: usize,
        topic: &'static str,
        qos: QoS,
    },
    Pass {
        milliseconds: u64,
    },
    /// Everything is put right, and everything must come to rest.
    Settle,
    ModuleRestarts,
    ModuleSleeps,
    CutNetwork(bool),
    StopBroker(bool),
    Port {
        gone: bool,
    },
    /// A fault of the virtual modem goes on from now.
    Fault(&'static str),
    /// It ends.
    NoFault,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Question {
    Signal,
    Status,
    Config,
    Info,
    Wake,
    WaitForNetwork,
    Reboot,
    AckTimeout(u16),
    PingReport(bool),
}

/// The scenario of this seed.
pub(crate) fn draw(seed: u64, steps: usize) -> Vec<Step> {
    let mut random = fastrand::Rng::with_seed(seed);
    // Some scenarios are calm, some are not.
    let trouble = [0, 4, 12, 25][random.usize(0..4)];
    let mut scenario = vec![Step::Connect {
        clean_session: random.bool(),
    }];
    while scenario.len() < steps {
        let number = scenario.len();
        scenario.push(if random.u32(0..100) < trouble {
            draw_trouble(&mut random)
        } else {
            draw_ordinary(&mut random, number)
        });
    }
    scenario
}

fn draw_ordinary(random: &mut fastrand::Rng, number: usize) -> Step {
    let limit = (random.u8(0..5) == 0).then(|| random.u64(1..40));
    match random.u32(0..100) {
        0..25 => Step::Publish {
            number,
            qos: draw_qos(random),
            limit,
        },
        25..40 => Step::Inbound {
            number,
            topic: TOPICS[random.usize(0..TOPICS.len())],
            qos: draw_qos(random),
        },
        40..48 => Step::Subscribe {
            filter: FILTERS[random.usize(0..FILTERS.len())],
            qos: draw_qos(random),
        },
        48..52 => Step::Unsubscribe {
            filter: FILTERS[random.usize(0..FILTERS.len())],
        },
        52..58 => Step::Command {
            line: COMMANDS[random.usize(0..COMMANDS.len())],
            limit,
        },
        58..63 => Step::Ask(draw_question(random)),
        63..66 => Step::Abandon(random.usize(0..8)),
        66..69 => Step::Connect {
            clean_session: random.bool(),
        },
        69 => Step::Disconnect,
        70 => Step::Delete,
        71..74 => Step::Settle,
        _ => Step::Pass {
            milliseconds: match random.u8(0..10) {
                0..5 => random.u64(0..200),
                5..8 => random.u64(0..3000),
                8 => random.u64(0..30_000),
                _ => random.u64(0..200_000),
            },
        },
    }
}

fn draw_question(random: &mut fastrand::Rng) -> Question {
    match random.u8(0..9) {
        0 => Question::Signal,
        1 => Question::Status,
        2 => Question::Config,
        3 => Question::Info,
        4 => Question::Wake,
        5 => Question::WaitForNetwork,
        6 => Question::Reboot,
        7 => Question::AckTimeout(random.u16(3..30)),
        _ => Question::PingReport(random.bool()),
    }
}

fn draw_trouble(random: &mut fastrand::Rng) -> Step {
    match random.u8(0..12) {
        0..2 => Step::ModuleRestarts,
        2 => Step::ModuleSleeps,
        3 => Step::CutNetwork(true),
        4 => Step::CutNetwork(false),
        5 => Step::StopBroker(true),
        6 => Step::StopBroker(false),
        7 => Step::Port { gone: true },
        8 => Step::Port { gone: false },
        9 => Step::Fault(FAULTS[random.usize(0..FAULTS.len())]),
        10 => Step::NoFault,
        _ => Step::Settle,
    }
}
