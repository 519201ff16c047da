//! Sleeping, waking and booting.

use std::time::{Duration, Instant};

use m531x_at::urc::Urc;

use super::radio::Radio;
use super::{Module, Settings};

/// How long a boot takes. The real ones need up to 10 s; a second is enough to be noticed.
const BOOT_TIME: Duration = Duration::from_secs(1);

/// Whether the module listens.
#[derive(Debug)]
pub(super) struct Power {
    state: State,
    /// When a byte last passed on the serial port.
    pub(super) last_traffic: Instant,
    /// `AT+SM=LOCK`, until the next boot.
    pub(super) locked: bool,
    /// `AT+SM=LOCK_FOREVER`.
    pub(super) locked_for_ever: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Awake,
    Asleep,
    Booting { until: Instant },
}

impl Power {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            state: State::Awake,
            last_traffic: now,
            locked: false,
            locked_for_ever: false,
        }
    }

    /// Whether bytes of the host go nowhere.
    pub(super) fn is_deaf(&self) -> bool {
        matches!(self.state, State::Booting { .. })
    }
}

impl Module {
    /// Reboots the module: every state but `LOCK_FOREVER` is lost, the banner of the model is said.
    ///
    /// The broker sees the connection break, without DISCONNECT.
    pub fn reboot(&mut self, now: Instant) {
        self.drop_mqtt();
        self.serial.reset(now);
        self.settings = Settings::default();
        let cut = self.radio.cut;
        self.radio = Radio {
            cut,
            ..Radio::new()
        };
        self.power.locked = false;
        self.power.state = State::Booting {
            until: now + BOOT_TIME,
        };
        if let Some(first) = self.profile.boot_banner.first() {
            if is_farewell(first) {
                self.say_banner(now, &[first]);
            }
        }
    }

    /// Puts the module to sleep: what the host sends next is lost, and wakes it.
    pub fn sleep(&mut self, now: Instant) {
        if self.power.state != State::Awake {
            return;
        }
        self.say_sleep_notice(now, &Urc::Sleep, 1);
        self.power.state = State::Asleep;
    }

    pub(super) fn power_timeout(&self) -> Option<Instant> {
        match self.power.state {
            State::Booting { until } => Some(until),
            State::Awake => self.sleep_due(),
            State::Asleep => None,
        }
    }

    pub(super) fn handle_power_timeout(&mut self, now: Instant) {
        match self.power.state {
            State::Booting { until } if until <= now => {
                self.power.state = State::Awake;
                let banner = self.profile.boot_banner;
                let rest = match banner.first() {
                    Some(first) if is_farewell(first) => &banner[1..],
                    _ => banner,
                };
                self.say_banner(now, rest);
                if self
                    .profile
                    .boot_banner
                    .iter()
                    .any(|line| line.starts_with("*ATREADY"))
                {
                    let address = self.identity.address.clone();
                    if self.is_attached() {
                        self.urc(now, &Urc::Ip(address.as_bytes()));
                    }
                }
            }
            State::Awake if self.sleep_due().is_some_and(|due| due <= now) => self.sleep(now),
            _ => {}
        }
    }

    /// The bytes that the module hears of those that came: none while it boots, and none of a sleeping
    /// module up to the CR that follows the bytes which wake it.
    pub(super) fn awake_to_hear<'a>(&mut self, now: Instant, bytes: &'a [u8]) -> Option<&'a [u8]> {
        match self.power.state {
            State::Booting { .. } => None,
            State::Awake => {
                self.power.last_traffic = now;
                Some(bytes)
            }
            State::Asleep => {
                self.wake(now);
                let cr = bytes.iter().position(|byte| *byte == b'\r')?;
                bytes.get(cr + 1..)
            }
        }
    }

    /// A sleeping module wakes before it says something.
    pub(super) fn wake_to_speak(&mut self, now: Instant) {
        if self.power.state == State::Asleep {
            self.wake(now);
        }
    }

    fn wake(&mut self, now: Instant) {
        self.power.state = State::Awake;
        self.power.last_traffic = now;
        self.say_sleep_notice(now, &Urc::Wake, 0);
    }

    fn sleep_due(&self) -> Option<Instant> {
        let locked = self.power.locked || self.power.locked_for_ever;
        let after = self
            .faults
            .sleep_after()
            .or(self.profile.sleep_after.filter(|_| !locked))?;
        Some(self.power.last_traffic + after)
    }

    /// An M5311 reports its sleep, an M5310-A only after `AT+NPSMR=1`.
    fn say_sleep_notice(&mut self, now: Instant, notice: &Urc<'_>, power_saving: u8) {
        if self.profile.sleep_after.is_some() {
            self.urc(now, notice);
        } else if self.settings.reports_power_saving {
            self.urc(now, &Urc::PowerSaving { mode: power_saving });
        }
    }

    fn say_banner(&mut self, now: Instant, lines: &[&str]) {
        self.serial.after_result = false;
        let mut unit = b"\r\n".to_vec();
        for line in lines {
            self.transcript
                .record(now, crate::Direction::FromModule, line.as_bytes());
            unit.extend_from_slice(line.as_bytes());
            unit.extend_from_slice(b"\r\n");
        }
        self.say(now, unit);
    }
}

/// Whether the module says this line of its banner before it goes down, not after it came up.
fn is_farewell(line: &str) -> bool {
    line.starts_with("REBOOTING")
}
