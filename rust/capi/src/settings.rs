//! What was set by options, and what the core makes of it.

use std::time::Duration;

use m531x_core::clouds::{Device, Login};
use m531x_core::{
    AskPassword, ConnectOptions, Error, HealthCheck, ModemOptions, OnAmbiguous, OutboxOptions,
    OutboxOverflow, Overflow, QoS, RecordingOptions, Recovery, Secret, Will,
};

use crate::api_constants::m531x_option as name;
use crate::marshal::{invalid, parsed};
use crate::option_row::OptionRow;
use crate::option_table::OPTIONS;

/// The value of every option.
#[derive(Clone)]
pub(crate) struct Settings {
    numbers: [u32; OPTIONS.len()],
    texts: [Option<Vec<u8>>; OPTIONS.len()],
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            numbers: std::array::from_fn(|index| OPTIONS[index].initial),
            texts: std::array::from_fn(|_| None),
        }
    }
}

impl Settings {
    /// Sets a number, if all of them go together.
    pub(crate) fn set_number(&mut self, option: i32, value: u32) -> Result<(), Error> {
        let (index, row) = find(option)?;
        row.check(value)?;
        self.numbers[index] = value;
        self.recovery().check()
    }

    /// Sets a text, or for an option that takes them, bytes.
    pub(crate) fn set_text(
        &mut self,
        option: i32,
        text: Option<&[u8]>,
        bytes: bool,
    ) -> Result<(), Error> {
        let (index, row) = find(option)?;
        row.check_text(bytes)?;
        self.texts[index] = text.map(<[u8]>::to_vec);
        if index == place(name::M531X_OPTION_MODEL) {
            self.model()?;
        }
        self.recovery().check()
    }

    pub(crate) fn get_number(&self, option: i32) -> Result<u32, Error> {
        let (index, row) = find(option)?;
        row.check(self.numbers[index])?;
        Ok(self.numbers[index])
    }

    /// Passwords stay here.
    pub(crate) fn get_text(&self, option: i32) -> Result<String, Error> {
        let (index, row) = find(option)?;
        row.check_text(false)?;
        if index == place(name::M531X_OPTION_PASSWORD)
            || index == place(name::M531X_OPTION_CLOUD_KEY)
        {
            return Err(invalid("a password or key is not given out"));
        }
        let text = self.texts[index].clone().unwrap_or_default();
        String::from_utf8(text).map_err(|_| invalid(format!("{} is no text", row.name)))
    }

    pub(crate) fn number(&self, option: name) -> u32 {
        self.numbers[place(option)]
    }

    pub(crate) fn is_on(&self, option: name) -> bool {
        self.number(option) != 0
    }

    pub(crate) fn milliseconds(&self, option: name) -> Duration {
        Duration::from_millis(self.number(option).into())
    }

    pub(crate) fn text(&self, option: name) -> Option<String> {
        let text = self.texts[place(option)].as_deref()?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    pub(crate) fn password(&self) -> Option<Secret> {
        self.text(name::M531X_OPTION_PASSWORD).map(Secret::new)
    }

    /// What a connection is made of; host and client id may be left to the cloud.
    pub(crate) fn connect_options(
        &self,
        host: Option<&str>,
        port: u16,
        client_id: Option<&str>,
    ) -> Result<ConnectOptions, Error> {
        let mut options = if let Some(login) = self.login(client_id)? {
            login.connect_options()
        } else {
            let client_id = client_id.ok_or_else(|| invalid("client_id is NULL"))?;
            let mut options = ConnectOptions::new("", client_id);
            options.username = self.text(name::M531X_OPTION_USERNAME);
            options.password = self.password();
            options.ask_password = self
                .is_on(name::M531X_OPTION_ASK_PASSWORD)
                .then(AskPassword::by_event);
            options
        };
        match host {
            Some(host) => host.clone_into(&mut options.host),
            None if options.host.is_empty() => return Err(invalid("host is NULL")),
            None => {}
        }
        options.port = match port {
            0 => self.short(name::M531X_OPTION_PORT),
            port => port,
        };
        options.keepalive = self.short(name::M531X_OPTION_KEEPALIVE_S);
        options.clean_session = self.is_on(name::M531X_OPTION_CLEAN_SESSION);
        options.tls = self.is_on(name::M531X_OPTION_TLS);
        options.ack_timeout = self.short(name::M531X_OPTION_ACK_TIMEOUT_S);
        let limit = self.number(name::M531X_OPTION_CONNECT_LIMIT);
        options.connect_limit = (limit != 0).then_some(limit as usize);
        options.will = self.text(name::M531X_OPTION_WILL_TOPIC).map(|topic| Will {
            topic,
            payload: self.texts[place(name::M531X_OPTION_WILL_PAYLOAD)]
                .clone()
                .unwrap_or_default(),
            qos: self.will_qos(),
            retain: self.is_on(name::M531X_OPTION_WILL_RETAIN),
        });
        Ok(options)
    }

    /// The login to a cloud, if one is set.
    fn login(&self, client_id: Option<&str>) -> Result<Option<Login>, Error> {
        let Some(cloud) = self.text(name::M531X_OPTION_CLOUD) else {
            return Ok(None);
        };
        let text = |option| self.text(option).unwrap_or_default();
        let mut device = Device::new(
            cloud.parse()?,
            text(name::M531X_OPTION_CLOUD_PRODUCT),
            text(name::M531X_OPTION_CLOUD_DEVICE),
            text(name::M531X_OPTION_CLOUD_KEY),
        );
        if let Some(hash) = self.text(name::M531X_OPTION_CLOUD_HASH) {
            device.hash = hash.parse()?;
        }
        let valid_for = self.number(name::M531X_OPTION_CLOUD_VALID_FOR_S);
        device.valid_for = (valid_for != 0).then(|| Duration::from_secs(valid_for.into()));
        device.key_of_product = self.is_on(name::M531X_OPTION_CLOUD_KEY_OF_PRODUCT);
        device.region = self.text(name::M531X_OPTION_CLOUD_REGION);
        device.client_id = client_id.map(str::to_owned);
        device.login().map(Some)
    }

    pub(crate) fn recovery(&self) -> Recovery {
        let attempts = self.number(name::M531X_OPTION_RECOVERY_MAX_ATTEMPTS);
        Recovery {
            enabled: self.is_on(name::M531X_OPTION_RECOVERY),
            initial_delay: self.milliseconds(name::M531X_OPTION_RECOVERY_INITIAL_DELAY_MS),
            max_delay: self.milliseconds(name::M531X_OPTION_RECOVERY_MAX_DELAY_MS),
            jitter: f64::from(self.number(name::M531X_OPTION_RECOVERY_JITTER_PERCENT)) / 100.0,
            max_attempts: (attempts != 0).then_some(attempts),
            loss_budget: self.number(name::M531X_OPTION_RECOVERY_LOSS_BUDGET),
            health_check: self
                .is_on(name::M531X_OPTION_HEALTH_CHECK_S)
                .then(|| self.health_check()),
            ..Recovery::default()
        }
    }

    /// The outbox in this file.
    pub(crate) fn outbox(&self) -> Option<OutboxOptions> {
        let path = self.text(name::M531X_OPTION_OUTBOX)?;
        let overflow = self.number(name::M531X_OPTION_OUTBOX_OVERFLOW);
        Some(OutboxOptions {
            max_messages: self.number(name::M531X_OPTION_OUTBOX_MAX_MESSAGES).into(),
            max_bytes: self.number(name::M531X_OPTION_OUTBOX_MAX_BYTES).into(),
            overflow: *OutboxOverflow::ALL
                .iter()
                .find(|policy| **policy as u32 == overflow)
                .unwrap_or(&OutboxOverflow::Refuse),
            in_flight: self.size(name::M531X_OPTION_OUTBOX_IN_FLIGHT),
            ..OutboxOptions::new(path)
        })
    }

    /// Messages, bytes, and what happens beyond.
    pub(crate) fn queue_limits(&self) -> (usize, u64, Overflow) {
        let overflow = self.number(name::M531X_OPTION_OVERFLOW);
        (
            self.size(name::M531X_OPTION_QUEUE_SIZE),
            self.number(name::M531X_OPTION_QUEUE_BYTES).into(),
            *Overflow::ALL
                .iter()
                .find(|policy| **policy as u32 == overflow)
                .unwrap_or(&Overflow::DropOldest),
        )
    }

    pub(crate) fn max_waiting(&self) -> usize {
        self.size(name::M531X_OPTION_MAX_WAITING)
    }

    pub(crate) fn modem_options(
        &self,
        open_timeout: Option<Duration>,
    ) -> Result<ModemOptions, Error> {
        let defaults = ModemOptions::default();
        let (queue_size, queue_bytes, overflow) = self.queue_limits();
        let baudrate = self.number(name::M531X_OPTION_BAUDRATE);
        let guard_time = self.number(name::M531X_OPTION_GUARD_TIME_MS);
        Ok(ModemOptions {
            model: self.model()?,
            baudrate: (baudrate != 0).then_some(baudrate),
            dtr: self.line(name::M531X_OPTION_DTR),
            rts: self.line(name::M531X_OPTION_RTS),
            command_timeout: self.milliseconds(name::M531X_OPTION_COMMAND_TIMEOUT_MS),
            guard_time: (guard_time != u32::MAX).then(|| Duration::from_millis(guard_time.into())),
            queue_size,
            queue_bytes,
            overflow,
            max_waiting: self.max_waiting(),
            max_message: self.size(name::M531X_OPTION_MAX_MESSAGE),
            on_ambiguous: if self.is_on(name::M531X_OPTION_DROP_AMBIGUOUS) {
                OnAmbiguous::Drop
            } else {
                OnAmbiguous::Deliver
            },
            open_timeout: open_timeout.unwrap_or(defaults.open_timeout),
            recording: self
                .text(name::M531X_OPTION_RECORDING)
                .map(RecordingOptions::new),
            recovery: self.recovery(),
            outbox: self.outbox(),
            ..defaults
        })
    }

    fn model(&self) -> Result<Option<m531x_core::Model>, Error> {
        match self.text(name::M531X_OPTION_MODEL) {
            None => Ok(None),
            Some(auto) if auto.eq_ignore_ascii_case("auto") => Ok(None),
            Some(name) => parsed(&name).map(Some),
        }
    }

    /// Whether a line is on; it may be left as the system sets it.
    fn line(&self, option: name) -> Option<bool> {
        match self.number(option) {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn health_check(&self) -> HealthCheck {
        let seconds = |option| Duration::from_secs(self.number(option).into());
        HealthCheck {
            period: seconds(name::M531X_OPTION_HEALTH_CHECK_S),
            topic: self.text(name::M531X_OPTION_HEALTH_CHECK_TOPIC),
            timeout: seconds(name::M531X_OPTION_HEALTH_CHECK_TIMEOUT_S),
            misses: self.number(name::M531X_OPTION_HEALTH_CHECK_MISSES),
            loop_back: self.is_on(name::M531X_OPTION_HEALTH_CHECK_LOOP_BACK),
        }
    }

    fn will_qos(&self) -> QoS {
        let number = u8::try_from(self.number(name::M531X_OPTION_WILL_QOS)).unwrap_or_default();
        QoS::try_from(number).unwrap_or_default()
    }

    fn short(&self, option: name) -> u16 {
        u16::try_from(self.number(option)).unwrap_or(u16::MAX)
    }

    fn size(&self, option: name) -> usize {
        usize::try_from(self.number(option)).unwrap_or(usize::MAX)
    }
}

/// The place of an option, and what it may be.
pub(crate) fn find(option: i32) -> Result<(usize, &'static OptionRow), Error> {
    let index = usize::try_from(option)
        .ok()
        .and_then(|number| number.checked_sub(1));
    index
        .and_then(|index| Some((index, OPTIONS.get(index)?)))
        .ok_or_else(|| invalid(format!("there is no option {option}")))
}

/// The place of an option that is known here.
pub(crate) const fn place(option: name) -> usize {
    option as usize - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_set_is_the_default_of_the_core() {
        let settings = Settings::default();
        let (ours, theirs) = (
            settings.modem_options(None).unwrap(),
            ModemOptions::default(),
        );
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
        let ours = settings.connect_options(Some("host"), 0, Some("id"));
        let ours = ours.unwrap();
        assert_eq!(
            format!("{ours:?}"),
            format!("{:?}", ConnectOptions::new("host", "id"))
        );
        let mut with_outbox = settings;
        let option = name::M531X_OPTION_OUTBOX as i32;
        with_outbox.set_text(option, Some(b"a"), false).unwrap();
        assert_eq!(with_outbox.outbox(), Some(OutboxOptions::new("a")));
    }
}
