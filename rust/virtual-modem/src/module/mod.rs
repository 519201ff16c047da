//! The module itself, without I/O, thread or clock.
//!
//! A [`Module`] has a serial side and a network side. Time is an argument everywhere, so a test can
//! let three lost pings pass in no time. Four kinds of methods:
//!
//! - **inputs**: [`handle_serial`](Module::handle_serial), [`handle_timeout`](Module::handle_timeout),
//!   [`handle_connected`](Module::handle_connected), [`handle_connect_failed`](Module::handle_connect_failed),
//!   [`handle_name_unknown`](Module::handle_name_unknown),
//!   [`handle_network_bytes`](Module::handle_network_bytes), [`handle_network_lost`](Module::handle_network_lost);
//! - **what an operator does**: [`inject`](Module::inject), [`reboot`](Module::reboot),
//!   [`sleep`](Module::sleep), [`cut_network`](Module::cut_network), [`restore_network`](Module::restore_network),
//!   [`set_faults`](Module::set_faults);
//! - **outputs**, to be polled after each of them until there are none:
//!   [`poll_serial`](Module::poll_serial), [`poll_network`](Module::poll_network),
//!   [`poll_timeout`](Module::poll_timeout);
//! - **getters**.
//!
//! ```
//! use std::time::Instant;
//! use m531x_virtual_modem::module::{Module, ModuleConfig};
//!
//! let now = Instant::now();
//! let mut module = Module::new(now, ModuleConfig::default());
//! module.handle_serial(now, b"AT+MQTTSTAT?\r");
//! assert_eq!(module.poll_serial(now).as_deref(), Some(&b"\r\n+MQTTSTAT:0\r\n\r\nOK\r\n"[..]));
//! ```

mod air;
mod answer;
mod clock;
mod general;
mod identity;
mod input;
mod mqtt;
mod output;
mod power;
mod radio;
mod serial;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use m531x_at::profile::{Model, Profile};

use crate::Fault;
use crate::fault::{Injector, Mishap};
use crate::firmware::{Firmware, Trait, Traits};
use crate::transcript::{Transcript, TranscriptEntry};

use air::Air;
use general::Settings;
use identity::Identity;
use mqtt::Mqtt;
use power::Power;
use radio::Radio;
use serial::Serial;

/// What a [`Module`] is made of.
#[derive(Clone, Debug)]
pub struct ModuleConfig {
    /// Which module to be.
    pub model: Model,
    /// What it does where the manual is silent; `None` is [`Firmware::of`] the model.
    pub firmware: Option<Firmware>,
    /// Echo after boot; `None` is the model's own habit.
    pub echo: Option<bool>,
    /// Bits per second (8N1) at which bytes pass in both directions; `None` lets them pass at once.
    pub baudrate: Option<u32>,
    /// What goes wrong on purpose.
    pub faults: Vec<Fault>,
    /// What identity and faults are drawn from.
    pub seed: u64,
    /// The network's time at the start, in seconds since 1970, for `AT+CCLK?`.
    pub unix_time: u64,
}

impl Default for ModuleConfig {
    fn default() -> Self {
        Self {
            model: Model::M5310A,
            firmware: None,
            echo: None,
            baudrate: None,
            faults: Vec::new(),
            seed: 0,
            unix_time: 0,
        }
    }
}

/// What the module wants from the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkAction {
    /// Open a connection; answered by [`Module::handle_connected`] or
    /// [`Module::handle_connect_failed`].
    Connect {
        /// Name or address of the broker, as in `AT+MQTTCFG`.
        host: String,
        /// TCP port.
        port: u16,
        /// Whether TLS is wanted.
        tls: bool,
    },
    /// Send these bytes.
    Send(Vec<u8>),
    /// Close the connection in order.
    Close,
}

/// A module, from the factory: awake, registered, with its model's habits.
#[derive(Debug)]
pub struct Module {
    profile: &'static Profile,
    start: Instant,
    unix_time: u64,
    /// What it does where the manual is silent, as started.
    lineage: Traits,
    /// The same with what [`set_faults`](Self::set_faults) switched.
    traits: Traits,
    faults: Injector,
    identity: Identity,
    serial: Serial,
    power: Power,
    radio: Radio,
    settings: Settings,
    mqtt: Mqtt,
    network: VecDeque<NetworkAction>,
    air: Air,
    transcript: Transcript,
}

impl Module {
    /// A module that has been booted; its boot banner was not printed.
    pub fn new(now: Instant, config: ModuleConfig) -> Self {
        let profile = config.model.profile();
        let firmware = config.firmware.unwrap_or(Firmware::of(config.model));
        let lineage = firmware.traits(profile).with(switched(&config.faults));
        Self {
            profile,
            start: now,
            unix_time: config.unix_time,
            lineage,
            traits: lineage,
            faults: Injector::new(&config.faults, config.seed),
            identity: Identity::from_seed(config.seed),
            serial: Serial::new(now, profile, config.echo, config.baudrate),
            power: Power::new(now),
            radio: Radio::new(),
            settings: Settings::default(),
            mqtt: Mqtt::new(config.seed),
            network: VecDeque::new(),
            air: Air::default(),
            transcript: Transcript::new(now),
        }
    }

    // ---- inputs

    /// The time of [`poll_timeout`](Self::poll_timeout) has come; harmless when early.
    pub fn handle_timeout(&mut self, now: Instant) {
        let mishaps = self
            .faults
            .at_time(now.saturating_duration_since(self.start));
        self.suffer(now, mishaps);
        self.handle_power_timeout(now);
        self.handle_serial_timeout(now);
        self.handle_air_timeout(now);
        self.handle_mqtt_timeout(now);
    }

    /// The connection asked for is open.
    pub fn handle_connected(&mut self, now: Instant) {
        self.mqtt_connected(now);
    }

    /// The connection asked for cannot be had; `why` in one line.
    pub fn handle_connect_failed(&mut self, now: Instant, why: &str) {
        self.mqtt_connect_failed(now, why);
    }

    /// The connection asked for cannot be had because the broker's name has no address.
    pub fn handle_name_unknown(&mut self, now: Instant) {
        self.mqtt_name_unknown(now);
    }

    /// Bytes came from the broker.
    pub fn handle_network_bytes(&mut self, now: Instant, bytes: &[u8]) {
        // What is in the air when the radio is cut does not arrive.
        if !self.network_cut() && !self.hold_up_bytes(now, bytes) {
            self.mqtt_bytes(now, bytes);
        }
    }

    /// The connection is gone; `why` in one line.
    pub fn handle_network_lost(&mut self, now: Instant, why: &str) {
        if !self.network_cut() && !self.hold_up_end(now, why) {
            self.mqtt_lost(now, why);
        }
    }

    // ---- what an operator does

    /// Changes what goes wrong on purpose from now on; moments count from the module's own start. Traits
    /// that were switched at the start stay so, unless these switch them anew.
    pub fn set_faults(&mut self, faults: &[Fault], seed: u64) {
        self.faults = Injector::new(faults, seed);
        self.traits = self.lineage.with(switched(faults));
        self.mqtt.follow_traits(self.traits);
    }

    /// Cuts the radio: nothing passes to or from the broker, and neither side is notified.
    pub fn cut_network(&mut self, now: Instant) {
        self.radio.cut = true;
        self.report_registration(now);
    }

    /// Undoes [`cut_network`](Self::cut_network).
    pub fn restore_network(&mut self, now: Instant) {
        self.radio.cut = false;
        self.report_registration(now);
    }

    // ---- outputs

    /// What the network is to do next, in order.
    pub fn poll_network(&mut self) -> Option<NetworkAction> {
        self.network.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [
            self.serial.poll_timeout(),
            self.power_timeout(),
            self.air_timeout(),
            self.mqtt.poll_timeout(),
            self.faults.next_time().map(|time| self.start + time),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    // ---- getters

    /// The facts about the model.
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// Whether nothing passes to or from the broker: cut, or the radio is off.
    pub fn network_cut(&self) -> bool {
        !self.is_attached()
    }

    /// Bytes that wait in the module for their time, in either direction.
    pub fn serial_backlog(&self) -> usize {
        self.serial.backlog()
    }

    /// What this module's firmware does where the manual is silent.
    pub fn traits(&self) -> Traits {
        self.traits
    }

    /// What passed on the serial port so far, without passwords; the last 10 000 lines.
    pub fn transcript(&self) -> Vec<TranscriptEntry> {
        self.transcript.entries()
    }

    fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start)
    }

    /// Executes one-time mishaps; returns whether the module rebooted.
    fn suffer(&mut self, now: Instant, mishaps: Vec<Mishap>) -> bool {
        let mut rebooted = false;
        for mishap in mishaps {
            match mishap {
                Mishap::Reboot => {
                    self.reboot(now);
                    rebooted = true;
                }
                Mishap::CutNetwork => self.cut_network(now),
            }
        }
        rebooted
    }
}

/// The traits among what goes wrong on purpose.
fn switched(faults: &[Fault]) -> impl Iterator<Item = &Trait> {
    faults.iter().filter_map(|fault| match fault {
        Fault::Trait(one) => Some(one),
        _ => None,
    })
}
