//! The thread that changes connection and subscriptions; as nobody else does, it knows them.

use std::collections::BTreeMap;

use m531x_core::operation::{Config, Delete, SetAckTimeout};
use m531x_core::{ConnectOptions, Error, ErrorCode, Modem, MqttState, QoS, SubscribeOptions};
use m531x_virtual_modem::firmware::Traits;

use super::plan::Order;
use super::workers::{judge_command, refused};
use m531x_test_support::words::ensure;

/// Subscribed with every connection: what is published there last comes last.
pub(crate) const BARRIER_TOPIC: &str = "barrier";

/// What is true of connection and subscriptions.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) model: &'static str,
    /// What its firmware refuses: to unsubscribe from what it does not have, and to subscribe again.
    traits: Traits,
    pub(crate) state: MqttState,
    /// What `subscriptions()` tells: those of the client that is configured.
    listed: BTreeMap<&'static str, QoS>,
    /// What the broker knows of the client, connected or not.
    pub(crate) at_broker: BTreeMap<&'static str, QoS>,
    /// Whether the broker remembers it when the connection has ended.
    pub(crate) kept: bool,
    clean_session: bool,
    /// How often a connection was made.
    pub(crate) connections: usize,
    /// How often somebody has cancelled an order, so that it was given again.
    pub(crate) insisted: usize,
}

impl Link {
    pub(crate) fn new(model: &'static str, traits: Traits) -> Self {
        Self {
            model,
            traits,
            state: MqttState::Off,
            listed: BTreeMap::new(),
            at_broker: BTreeMap::new(),
            kept: false,
            clean_session: true,
            connections: 0,
            insisted: 0,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.state == MqttState::Connected
    }

    /// Gives the orders one after the other, and compares what becomes of each.
    pub(crate) fn control(&mut self, modem: &Modem, orders: &[Order]) -> Result<(), String> {
        for order in orders {
            self.obey(modem, order)
                .and_then(|()| self.compare(modem))
                .map_err(|why| format!("{order:?}: {why}"))?;
        }
        Ok(())
    }

    fn obey(&mut self, modem: &Modem, order: &Order) -> Result<(), String> {
        match *order {
            Order::Connect { clean_session } => self.connect(modem, clean_session),
            Order::Disconnect => self.disconnect(modem),
            Order::Delete => {
                self.insist(|| modem.run(Delete)).map_err(text)?;
                self.state = MqttState::Off;
                self.listed.clear();
                self.connection_ended();
                Ok(())
            }
            Order::Subscribe { filter, qos } => self.subscribe(modem, filter, qos),
            Order::SubscribeBadly { filter } => {
                let result = modem.subscribe(filter, SubscribeOptions::default());
                refused(result, ErrorCode::InvalidArgument, &[])
            }
            Order::Unsubscribe { filter } => self.unsubscribe(modem, filter),
            Order::Status => {
                let state = self.insist(|| modem.status()).map_err(text)?;
                ensure(state == self.state, || {
                    format!("{state} is not {}", self.state)
                })
            }
            Order::Config => self.read_config(modem),
            Order::Signal => self.insist(|| modem.signal()).map(drop).map_err(text),
            Order::AckTimeout(seconds) => self
                .insist(|| modem.run(SetAckTimeout(seconds)))
                .map_err(text),
            Order::Command { line } => {
                let result = self.insist(|| modem.command(line, None));
                judge_command(self.model, line, false, &[], &result)
            }
            Order::Close => modem.close().map_err(text),
        }
    }

    fn connect(&mut self, modem: &Modem, clean_session: bool) -> Result<(), String> {
        let options = || ConnectOptions {
            clean_session,
            ..ConnectOptions::new("broker.example", "meter")
        };
        self.insist(|| modem.connect(options())).map_err(text)?;
        self.state = MqttState::Connected;
        self.connections += 1;
        self.clean_session = clean_session;
        self.listed.clear();
        if clean_session || !self.kept {
            self.at_broker.clear();
        }
        self.kept = !clean_session;
        self.subscribe(modem, BARRIER_TOPIC, QoS::AtLeastOnce)
    }

    fn disconnect(&mut self, modem: &Modem) -> Result<(), String> {
        let before = self.insisted;
        let result = self.insist(|| modem.disconnect());
        let again = self.insisted > before;
        let nothing_to_end = !self.is_up() || again;
        if self.is_up() {
            self.state = MqttState::Configured;
            self.connection_ended();
        }
        match result {
            Err(error) if nothing_to_end && error.code() == ErrorCode::NotConnected => Ok(()),
            Ok(()) if !nothing_to_end || again => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }

    fn subscribe(&mut self, modem: &Modem, filter: &'static str, qos: QoS) -> Result<(), String> {
        let options = SubscribeOptions {
            qos,
            ..SubscribeOptions::default()
        };
        let before = self.insisted;
        let result = self.insist(|| modem.subscribe(filter, options));
        if !self.is_up() {
            return refused(result, ErrorCode::NotConnected, &[]);
        }
        let granted = result.map_err(text)?;
        // Where the module refuses to subscribe again, what it has stays as it is.
        let had = self.listed.get(filter).copied();
        let stays = had.filter(|_| self.traits.refused_double_sub.is_some());
        let expected = stays.unwrap_or(qos);
        self.listed.insert(filter, granted);
        self.at_broker.insert(filter, granted);
        // One that was given up may have been done, and is then asked for anew.
        let again = self.insisted > before && granted == qos;
        ensure(granted == expected || again, || {
            format!("granted {granted}")
        })
    }

    fn unsubscribe(&mut self, modem: &Modem, filter: &'static str) -> Result<(), String> {
        let before = self.insisted;
        let result = self.insist(|| modem.unsubscribe(filter));
        if !self.is_up() {
            return refused(result, ErrorCode::NotConnected, &[]);
        }
        let was_listed = self.listed.remove(filter).is_some();
        // What the module has forgotten the broker may still have; what was cancelled may be done.
        let refuses = self.traits.refused_unsub.is_some();
        let unknown = refuses && (!was_listed || self.insisted > before);
        if was_listed || !refuses {
            self.at_broker.remove(filter);
        }
        match result {
            Err(error) if unknown && error.code() == ErrorCode::Command => Ok(()),
            Ok(()) if !unknown || was_listed => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }

    fn read_config(&mut self, modem: &Modem) -> Result<(), String> {
        let config = self.insist(|| modem.run(Config)).map_err(text)?;
        let (client, clean) = (config.client_id.as_deref(), config.clean_session);
        let right = match self.state {
            MqttState::Off => client.is_none(),
            _ => client == Some("meter") && clean == Some(self.clean_session),
        };
        ensure(right, || format!("{config:?}, and {self:?}"))
    }

    fn connection_ended(&mut self) {
        if !self.kept {
            self.at_broker.clear();
        }
    }

    /// What the modem tells without asking the module.
    pub(crate) fn compare(&self, modem: &Modem) -> Result<(), String> {
        if modem.is_closed() {
            return Ok(());
        }
        let state = modem.mqtt_state();
        ensure(state == self.state, || {
            format!("{state} is not {}", self.state)
        })?;
        let mut listed = modem.subscriptions();
        listed.sort_unstable();
        ensure(self.listed.keys().eq(&listed), || {
            format!("{listed:?} is listed instead of {:?}", self.listed)
        })
    }

    /// Whoever is cancelled by somebody else asks again.
    fn insist<T>(&mut self, mut ask: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
        loop {
            match ask() {
                Err(error) if error.code() == ErrorCode::Cancelled => self.insisted += 1,
                result => return result,
            }
        }
    }
}

fn text(error: Error) -> String {
    error.to_string()
}
