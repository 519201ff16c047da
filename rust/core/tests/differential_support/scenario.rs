//! One scenario, played step by step beside the model.

use std::time::{Duration, Instant};

use m531x_core::session::{Request, RequestKind};
use m531x_core::{Model as Module, QoS};

use super::model::Model;
use super::step::{Question, Step};
use m531x_test_support::simulation::{
    Lineage, SECOND, Simulation, SimulationConfig, connect, ms, publish, subscribe, unsubscribe,
};
use m531x_test_support::words::inbound_payload;

/// Longer than any operation without a limit of its own, once nothing is wrong any more.
const REST: Duration = Duration::from_secs(900);

/// What was wrong, and after how many steps.
pub(crate) struct Wrong {
    pub(crate) step: usize,
    pub(crate) why: String,
    pub(crate) trail: String,
}

/// Plays the scenario of these steps; what goes wrong ends it.
pub(crate) fn run(seed: u64, steps: &[Step], with_trail: bool) -> Result<(), Box<Wrong>> {
    let models = [Module::M5310A, Module::M5311, Module::M5312, Module::M5313];
    let mut scenario = Scenario::new(models[usize::try_from(seed % 4).unwrap()], seed, with_trail);
    let wrong = |scenario: &Scenario, step, why| {
        Box::new(Wrong {
            step,
            why,
            trail: scenario.simulation.trail.to_string(),
        })
    };
    for (number, step) in steps.iter().enumerate() {
        let ended = scenario.take(step);
        ended.map_err(|why| wrong(&scenario, number + 1, why))?;
    }
    let rested = scenario.take(&Step::Settle);
    rested.map_err(|why| wrong(&scenario, steps.len(), why))
}

struct Scenario {
    simulation: Simulation,
    model: Model,
    seed: u64,
    port_gone: bool,
    settled: u32,
    /// The module does not become slow before.
    calm_from: Instant,
}

impl Scenario {
    fn new(module: Module, seed: u64, with_trail: bool) -> Self {
        let mut simulation = Simulation::new(&SimulationConfig {
            model: module,
            lineage: Lineage::of_seed(seed),
            seed,
            paced: seed % 3 == 0,
        });
        simulation.network.latency = ms([30, 30, 200, 600][usize::try_from(seed / 3 % 4).unwrap()]);
        simulation.trail.on = with_trail;
        let start = simulation.start;
        let startup = simulation.begin(RequestKind::Startup);
        simulation.finish(startup, 60 * SECOND).unwrap();
        Self {
            simulation,
            model: Model::default(),
            seed,
            port_gone: false,
            settled: 0,
            calm_from: start,
        }
    }

    fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Connect { clean_session } => self.begin(connect(*clean_session), None)?,
            Step::Disconnect => self.begin(RequestKind::Disconnect, None)?,
            Step::Delete => self.begin(RequestKind::Delete, None)?,
            Step::Publish { number, qos, limit } => {
                let topic = format!("out/{number}");
                self.begin(publish(&topic, topic.as_bytes(), *qos), *limit)?;
            }
            Step::Subscribe { filter, qos } => self.begin(subscribe(filter, *qos), None)?,
            Step::Unsubscribe { filter } => self.begin(unsubscribe(filter), None)?,
            Step::Command { line, limit } => {
                self.begin(RequestKind::Command((*line).to_owned()), *limit)?;
            }
            Step::Ask(question) => self.ask(*question)?,
            Step::Abandon(index) => {
                let under_way = self.model.under_way();
                if let Some(id) = under_way.get(*index) {
                    self.model.abandoned(*id);
                    self.simulation.abandon(*id);
                }
            }
            Step::Inbound { number, topic, qos } => {
                let payload = inbound_payload(*number);
                self.model.inbound(&self.simulation, topic, &payload, *qos);
                self.simulation.publish_to_module(topic, &payload, *qos);
            }
            Step::Pass { milliseconds } => self.pass(ms(*milliseconds))?,
            Step::Settle => self.settle()?,
            trouble => self.suffer(trouble),
        }
        self.model.look(&self.simulation)
    }

    fn begin(&mut self, kind: RequestKind, limit: Option<u64>) -> Result<(), String> {
        let timeout = limit.map(Duration::from_secs);
        let request = Request {
            kind: kind.clone(),
            timeout,
        };
        let now = self.simulation.now;
        match self.simulation.try_begin(request) {
            Ok(id) => {
                self.model.begun(now, id, kind, timeout);
                Ok(())
            }
            Err(error) => self.model.refused(&kind, &error),
        }
    }

    fn ask(&mut self, question: Question) -> Result<(), String> {
        if matches!(question, Question::Reboot) {
            self.model.disturb();
            self.model.troubled = true;
            self.restarts();
        }
        let kind = match question {
            Question::Signal => RequestKind::Signal,
            Question::Status => RequestKind::Status,
            Question::Config => RequestKind::Config,
            Question::Info => RequestKind::Info,
            Question::Wake => RequestKind::Wake,
            Question::WaitForNetwork => RequestKind::WaitForNetwork,
            Question::Reboot => RequestKind::Reboot,
            Question::AckTimeout(seconds) => RequestKind::SetAckTimeout(seconds),
            Question::PingReport(report) => RequestKind::SetPingReport(report),
        };
        self.begin(kind, None)
    }

    fn suffer(&mut self, trouble: &Step) {
        self.model.disturb();
        self.model.troubled = true;
        match trouble {
            Step::ModuleRestarts => {
                self.restarts();
                self.simulation.reboot_module();
            }
            Step::ModuleSleeps => {
                self.simulation.module.sleep(self.simulation.now);
                self.simulation.run(Duration::ZERO);
            }
            Step::CutNetwork(cut) => self.simulation.cut_network(*cut),
            Step::StopBroker(down) => self.simulation.stop_broker(*down),
            Step::Port { gone } if *gone != self.port_gone => {
                self.port_gone = *gone;
                if *gone {
                    self.simulation.detach_port();
                } else {
                    self.simulation.attach_port();
                }
            }
            Step::Fault(_) if self.simulation.now < self.calm_from => {}
            Step::Fault(fault) => {
                let fault = fault.parse().unwrap();
                self.simulation.module.set_faults(&[fault], self.seed);
            }
            Step::NoFault => self.simulation.module.set_faults(&[], self.seed),
            _ => {}
        }
    }

    /// A restarting module is not slow: nobody could know what it answers after its banner to what
    /// it was sent before.
    fn restarts(&mut self) {
        self.simulation.module.set_faults(&[], self.seed);
        self.calm_from = self.simulation.now + 60 * SECOND;
    }

    /// Lets time pass, looking at every end as it comes.
    fn pass(&mut self, time: Duration) -> Result<(), String> {
        let end = self.simulation.now + time;
        while self.simulation.step(end) {
            self.model.look(&self.simulation)?;
        }
        self.model.look(&self.simulation)
    }

    fn settle(&mut self) -> Result<(), String> {
        for step in [
            Step::CutNetwork(false),
            Step::StopBroker(false),
            Step::Port { gone: false },
            Step::NoFault,
        ] {
            self.suffer(&step);
        }
        self.pass(REST)?;
        if self.model.wanted() {
            // A restart of which the module says nothing shows with the next command.
            self.settled += 1;
            let topic = format!("out/settled/{}", self.settled);
            self.begin(publish(&topic, topic.as_bytes(), QoS::AtLeastOnce), None)?;
            self.pass(REST)?;
        }
        self.model.judge_rest(&self.simulation)?;
        self.model.troubled = false;
        Ok(())
    }
}
