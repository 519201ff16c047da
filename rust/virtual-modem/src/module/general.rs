//! The commands that are not MQTT.

use std::time::Instant;

use m531x_at::command::{General, RebootForm, SleepMode};
use m531x_at::response::{
    AddressLine, AttachLine, ClockLine, ErrorReportLine, FunctionalityLine, IccidLine, ImeiLine,
    ImsiLine, PinLine, PsmReportLine, RadioConnectionLine, RegistrationLine, SignalLine,
};

use super::answer::{Answer, NO_SIM, NOT_SUPPORTED, UNKNOWN, WRONG_PARAMETERS, done, information};
use super::{Module, clock};
use crate::fault::Sim;

const MANUFACTURER: &str = "CMCC";

/// What the host set with commands that are not MQTT; forgotten at a boot.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// `AT+CMEE`: 0 from the factory, so that errors are a plain `ERROR`.
    pub(super) errors: u8,
    /// `AT+CEREG`.
    pub(super) registration: u8,
    /// `AT+CSCON`.
    radio_connection: u8,
    /// `AT+NPSMR`.
    pub(super) reports_power_saving: bool,
}

impl Module {
    /// Obeys a command; `None` for one that is answered by a reboot.
    pub(super) fn general(
        &mut self,
        now: Instant,
        command: General,
    ) -> Result<Option<Vec<Vec<u8>>>, u16> {
        match command {
            General::Reboot(form) => {
                let expected = match form {
                    RebootForm::Nrb => "AT+NRB",
                    RebootForm::Cmrb => "AT+CMRB",
                };
                if self.profile.reboot_command != expected {
                    return Err(UNKNOWN);
                }
                self.reboot(now);
                Ok(None)
            }
            command => self.general_answer(now, &command).map(Some),
        }
    }

    fn general_answer(&mut self, now: Instant, command: &General) -> Answer {
        let profile = self.profile;
        match command {
            General::At => done(),
            General::Echo(on) => {
                self.serial.echo = *on;
                done()
            }
            General::CmeeSet(level) => {
                self.settings.errors = *level;
                done()
            }
            General::CmeeRead => {
                let level = self.settings.errors;
                information(ErrorReportLine { level }.encode(profile))
            }
            General::Manufacturer => information(MANUFACTURER),
            General::ModelId => information(profile.model.name()),
            General::Identification => Ok(vec![
                MANUFACTURER.into(),
                profile.model.name().into(),
                self.revision().into(),
            ]),
            General::SoftwareVersion | General::FirmwareVersion | General::Revision => {
                information(self.revision())
            }
            General::Imei => {
                let imei = self.identity.imei.clone();
                information(ImeiLine { imei }.encode(profile))
            }
            General::Gsn => information(self.identity.imei.clone()),
            General::Imsi => {
                let imsi = self.identity.imsi.clone();
                information(ImsiLine { imsi }.encode(profile))
            }
            General::Iccid(form) if *form == profile.iccid_command => {
                let iccid = self.identity.iccid.clone();
                information(IccidLine { iccid }.encode(profile))
            }
            General::Iccid(_) => Err(UNKNOWN),
            General::PinRead => {
                let state = match self.faults.sim {
                    None => "READY",
                    Some(Sim::Absent) => return Err(NO_SIM),
                    Some(Sim::Pin) => "SIM PIN",
                    Some(Sim::Puk) => "SIM PUK",
                };
                let state = state.to_owned();
                information(PinLine { state }.encode(profile))
            }
            General::Clock => {
                let time = clock::format(self.unix_time + self.elapsed(now).as_secs());
                information(ClockLine { time }.encode(profile))
            }
            General::SleepMode(mode) => self.set_sleep_mode(*mode),
            General::Other(text) => Self::other(text.expose()),
            network => self.network_answer(now, network),
        }
    }

    fn network_answer(&mut self, now: Instant, command: &General) -> Answer {
        let profile = self.profile;
        match command {
            General::FunctionalityRead => {
                let level = self.radio.functionality;
                information(FunctionalityLine { level }.encode(profile))
            }
            // 4 is the aeroplane mode of 3GPP TS 27.007.
            General::FunctionalitySet(level @ (0 | 1 | 4)) => {
                self.radio.functionality = *level;
                self.report_registration(now);
                done()
            }
            General::SignalQuality => {
                let line = if let Some(rssi) = self.faults.rssi {
                    SignalLine { rssi, ber: 99 }
                } else if self.registration() == 1 {
                    SignalLine { rssi: 23, ber: 0 }
                } else {
                    SignalLine { rssi: 99, ber: 99 }
                };
                information(line.encode(profile))
            }
            General::RegistrationRead => {
                let line = RegistrationLine {
                    reporting: self.settings.registration,
                    stat: self.registration(),
                };
                information(line.encode(profile))
            }
            General::RegistrationSet(level @ 0..=5) => {
                self.settings.registration = *level;
                done()
            }
            General::AttachRead => {
                let attached = self.is_attached();
                information(AttachLine { attached }.encode(profile))
            }
            General::AttachSet(wanted) => {
                self.radio.attach_wanted = *wanted;
                done()
            }
            General::Address { cid } => {
                let cid = cid.unwrap_or(1);
                let attached = cid <= 1 && self.is_attached();
                let address = attached.then(|| self.identity.address.clone());
                information(AddressLine { cid, address }.encode(profile))
            }
            General::ConnectionStatusRead => {
                let line = RadioConnectionLine {
                    reporting: self.settings.radio_connection,
                    mode: u8::from(self.mqtt.is_online() && self.is_attached()),
                };
                information(line.encode(profile))
            }
            General::ConnectionStatusSet(level @ 0..=1) => {
                self.settings.radio_connection = *level;
                done()
            }
            General::PsmReportRead => {
                let reporting = self.settings.reports_power_saving;
                let mode = reporting.then_some(0);
                information(PsmReportLine { reporting, mode }.encode(profile))
            }
            General::PsmReportSet(level @ 0..=1) => {
                self.settings.reports_power_saving = *level == 1;
                done()
            }
            _ => Err(WRONG_PARAMETERS),
        }
    }

    fn set_sleep_mode(&mut self, mode: SleepMode) -> Answer {
        if self.profile.wake_lock.is_none() {
            return Err(UNKNOWN);
        }
        match mode {
            SleepMode::Lock => self.power.locked = true,
            SleepMode::Unlock => self.power.locked = false,
            SleepMode::LockForever => self.power.locked_for_ever = true,
            SleepMode::UnlockForever => {
                self.power.locked = false;
                self.power.locked_for_ever = false;
            }
        }
        done()
    }

    /// Commands whose effect nothing here can show: settings are taken, readings plausible.
    fn other(text: &str) -> Answer {
        let upper = text.to_ascii_uppercase();
        if upper.ends_with("=?") {
            return done();
        }
        match upper.split(['=', '?']).next().unwrap_or_default() {
            "+NUESTATS" => Ok([
                "Signal power:-670",
                "Total power:-610",
                "TX power:-70",
                "TX time:1440",
                "RX time:28160",
                "Cell ID:27447553",
                "ECL:0",
                "SNR:214",
                "EARFCN:3684",
                "PCI:117",
                "RSRQ:-108",
            ]
            .map(Into::into)
            .to_vec()),
            // A known name with arguments that its decoder refused.
            "+CMEE" | "+CFUN" | "+CEREG" | "+CGATT" | "+CGPADDR" | "+CSCON" | "+NPSMR" | "+SM"
            | "+CGSN" | "+CPIN" | "+CSQ" | "+CIMI" => Err(WRONG_PARAMETERS),
            "+CCLK" => Err(NOT_SUPPORTED),
            _ => done(),
        }
    }

    fn revision(&self) -> String {
        format!(
            "{}_VIRTUAL_{}",
            self.profile.model.name(),
            env!("CARGO_PKG_VERSION")
        )
    }
}
