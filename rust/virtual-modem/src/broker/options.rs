//! Behaviour beyond MQTT's, for tests of how a client takes it.

use std::collections::HashMap;
use std::fmt;

/// How an [`EmbeddedBroker`](super::EmbeddedBroker) treats its clients; the default hides nothing
/// and refuses no client.
#[derive(Clone, Default)]
pub struct BrokerOptions {
    /// Highest QoS granted to a subscription; `None` grants what was asked for.
    pub maximum_qos: Option<u8>,
    /// Filters that are refused with 128.
    pub refused_filters: Vec<String>,
    /// Acknowledgements that are never sent.
    pub withhold: Withhold,
    /// User names and their passwords; when set, no other client may connect (CONNACK 4 for a wrong
    /// password or an unknown name, 5 for none).
    pub users: Option<HashMap<String, String>>,
}

impl fmt::Debug for BrokerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerOptions")
            .field("maximum_qos", &self.maximum_qos)
            .field("refused_filters", &self.refused_filters)
            .field("withhold", &self.withhold)
            .field("users", &self.users.as_ref().map(|_| "***"))
            .finish()
    }
}

/// Which acknowledgements a broker withholds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Withhold {
    /// CONNACK.
    pub connect: bool,
    /// PUBACK, PUBREC and PUBCOMP.
    pub publish: bool,
    /// SUBACK.
    pub subscribe: bool,
    /// UNSUBACK.
    pub unsubscribe: bool,
    /// PINGRESP.
    pub ping: bool,
}
