//! The MQTT state machine: URCs in, transitions with their cause out.

use m531x_at::response::MqttStat;

use super::mqtt_state::MqttState;

/// A change of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transition {
    pub from: MqttState,
    pub to: MqttState,
    pub cause: String,
    /// Whether the application asked for it.
    pub asked: bool,
}

impl Transition {
    fn asked_for(self) -> Self {
        Self {
            asked: true,
            ..self
        }
    }
}

/// Follows the module's MQTT client.
#[derive(Debug, Default)]
pub(super) struct ConnectionState {
    state: MqttState,
    /// Whether the module has reported its state, so that `Off` means that there is no client.
    known: bool,
    /// A disconnection was asked for and has not been reported yet.
    disconnecting: bool,
    attempts: u32,
    /// Counts what the module has said of the connection by itself.
    reports: u64,
}

impl ConnectionState {
    pub(super) fn state(&self) -> MqttState {
        self.state
    }

    /// How often the module has said something of the connection by itself: an answer that was asked
    /// for before the last of these may be older than it.
    pub(super) fn reports(&self) -> u64 {
        self.reports
    }

    /// Whether the module itself has reported the state.
    pub(super) fn is_known(&self) -> bool {
        self.known
    }

    /// Goes on from what another machine knew.
    pub(super) fn restore(&mut self, state: MqttState, known: bool) {
        self.state = state;
        self.known = known;
    }

    /// Whether the module has no client, for sure.
    pub(super) fn is_clean(&self) -> bool {
        self.known && self.state == MqttState::Off
    }

    /// Whether the module may have a connection, or be making one.
    pub(super) fn may_be_connected(&self) -> bool {
        !self.known
            || matches!(
                self.state,
                MqttState::Connecting | MqttState::Connected | MqttState::ModuleReconnecting
            )
    }

    /// `AT+MQTTCFG` was accepted.
    pub(super) fn on_configured(&mut self) -> Option<Transition> {
        self.known = true;
        self.disconnecting = false;
        self.go(MqttState::Configured, "the client is configured")
    }

    /// `AT+MQTTOPEN` is being sent.
    pub(super) fn on_opening(&mut self) -> Option<Transition> {
        self.disconnecting = false;
        self.attempts = 0;
        self.go(MqttState::Connecting, "the module was asked to connect")
    }

    /// The broker accepted the connection.
    pub(super) fn on_accepted(&mut self) -> Option<Transition> {
        self.reports += 1;
        let cause = match self.state {
            MqttState::ModuleReconnecting => {
                format!("the module reconnected by itself, {}", self.attempts_text())
            }
            MqttState::Connecting => "the broker accepted the connection".to_owned(),
            _ => "the module reports a connection".to_owned(),
        };
        self.attempts = 0;
        self.disconnecting = false;
        self.go(MqttState::Connected, cause)
    }

    /// The connection was refused or could not be made.
    pub(super) fn on_refused(&mut self, cause: &str) -> Option<Transition> {
        match self.state {
            MqttState::Connecting => self.go(MqttState::Configured, cause),
            _ => None,
        }
    }

    /// A disconnection is being asked for.
    pub(super) fn on_disconnecting(&mut self) {
        self.disconnecting = true;
    }

    /// The disconnection was refused: none will be reported.
    pub(super) fn on_disconnect_refused(&mut self) {
        self.disconnecting = false;
    }

    /// `+MQTTDISC`, whose cause the module does not report.
    pub(super) fn on_disc(&mut self) -> Option<Transition> {
        self.reports += 1;
        let asked = std::mem::take(&mut self.disconnecting);
        let clean = self.is_clean();
        self.known = true;
        match self.state {
            // It reports the end of the connection that went with the client.
            MqttState::Off if clean => None,
            _ if asked => self
                .go(MqttState::Configured, "asked for")
                .map(Transition::asked_for),
            MqttState::Connecting => {
                let cause = format!("the module gave up connecting, {}", self.attempts_text());
                self.go(MqttState::Configured, cause)
            }
            MqttState::ModuleReconnecting => {
                let cause = format!("the module gave up, {}", self.attempts_text());
                self.go(MqttState::Lost, cause)
            }
            MqttState::Connected => self.go(
                MqttState::Lost,
                "the broker or the network closed the connection",
            ),
            MqttState::Off | MqttState::Configured | MqttState::Lost => None,
        }
    }

    /// `+MQTTREC:n`.
    pub(super) fn on_rec(&mut self, attempt: u32) -> Option<Transition> {
        self.reports += 1;
        self.attempts = self.attempts.max(attempt.saturating_add(1));
        match self.state {
            // An attempt of the first connection still ends in one way or the other.
            MqttState::Connecting | MqttState::ModuleReconnecting => None,
            _ => self.go(
                MqttState::ModuleReconnecting,
                "the connection broke and the module makes it again",
            ),
        }
    }

    /// The connection is no longer usable, no matter what the module says.
    pub(super) fn on_lost(&mut self, cause: &str) -> Option<Transition> {
        self.disconnecting = false;
        self.go(MqttState::Lost, cause)
    }

    /// The port is gone, and with it all that was known of the module.
    pub(super) fn on_port_gone(&mut self) -> Option<Transition> {
        self.known = false;
        self.disconnecting = false;
        self.go(MqttState::Off, "the port is gone")
    }

    /// `AT+MQTTDEL` was accepted.
    pub(super) fn on_deleted(&mut self) -> Option<Transition> {
        self.known = true;
        self.disconnecting = false;
        self.go(MqttState::Off, "the client was removed")
            .map(Transition::asked_for)
    }

    /// The module restarted; by itself, or because it was asked to.
    pub(super) fn on_reboot(&mut self, asked: bool) -> Option<Transition> {
        self.known = true;
        self.disconnecting = false;
        self.attempts = 0;
        let transition = self.go(MqttState::Off, "the module restarted");
        transition.map(|transition| Transition {
            asked,
            ..transition
        })
    }

    /// The module reported its state.
    pub(super) fn on_stat(&mut self, stat: MqttStat) -> Option<Transition> {
        let state = match stat {
            MqttStat::NotInitialised => MqttState::Off,
            MqttStat::Initialised => MqttState::Configured,
            // A client that was connected and did not ask for the end has lost the connection.
            MqttStat::Disconnected => match self.state {
                _ if self.disconnecting => MqttState::Configured,
                MqttState::Connected | MqttState::ModuleReconnecting | MqttState::Lost => {
                    MqttState::Lost
                }
                _ => MqttState::Configured,
            },
            MqttStat::ConnectSent | MqttStat::TcpConnecting | MqttStat::TcpConnected => {
                match self.state {
                    MqttState::ModuleReconnecting => MqttState::ModuleReconnecting,
                    _ => MqttState::Connecting,
                }
            }
            MqttStat::Reconnecting => MqttState::ModuleReconnecting,
            MqttStat::Connected => MqttState::Connected,
            MqttStat::Other(_) => return None,
        };
        self.known = true;
        let asked = self.disconnecting && state == MqttState::Configured;
        if state != MqttState::Connected {
            self.disconnecting = false;
        }
        let transition = self.go(state, "the module reports its state");
        transition.map(|transition| Transition {
            asked,
            ..transition
        })
    }

    fn attempts_text(&self) -> String {
        match self.attempts {
            0 => "no attempt reported".to_owned(),
            1 => "after 1 attempt".to_owned(),
            n => format!("after {n} attempts"),
        }
    }

    fn go(&mut self, to: MqttState, cause: impl Into<String>) -> Option<Transition> {
        let from = std::mem::replace(&mut self.state, to);
        (from != to).then(|| Transition {
            from,
            to,
            cause: cause.into(),
            asked: false,
        })
    }
}
