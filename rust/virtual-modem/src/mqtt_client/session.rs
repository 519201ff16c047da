//! What the client remembers between connections: QoS 1 and 2 on their way out and in.

use std::collections::{BTreeMap, BTreeSet};

use crate::codec::{Packet, Publish};

/// The client's session state (MQTT 3.1.1, 4.1).
#[derive(Debug, Default)]
pub(super) struct Session {
    /// In the order of first sending.
    outgoing: Vec<Outgoing>,
    /// QoS 2 ids that wait for PUBREL.
    incoming: BTreeMap<u16, Incoming>,
    /// QoS 1 ids of this connection that wait for the caller's acknowledgement.
    unacknowledged: BTreeSet<u16>,
}

#[derive(Debug)]
struct Outgoing {
    publish: Publish,
    awaits: Awaits,
    sent: bool,
}

/// The acknowledgement that is due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    /// PUBACK.
    Acknowledged,
    /// PUBREC.
    Received,
    /// PUBCOMP.
    Complete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Incoming {
    /// Shown to the caller, not yet acknowledged.
    Shown,
    /// PUBREC has gone out.
    Acknowledged,
}

/// What to do with a publish of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Show,
    /// Seen before and acknowledged: only PUBREC again.
    AcknowledgeAgain,
    /// Seen before; the caller still has to acknowledge.
    Ignore,
}

impl Session {
    /// Remembers a QoS 1 or 2 publish until it is acknowledged. `sent` is false for one that waits
    /// for a connection.
    pub(super) fn add(&mut self, publish: Publish, sent: bool) {
        self.outgoing
            .retain(|other| other.publish.packet_id != publish.packet_id);
        let awaits = if publish.qos == 1 {
            Awaits::Acknowledged
        } else {
            Awaits::Received
        };
        self.outgoing.push(Outgoing {
            publish,
            awaits,
            sent,
        });
    }

    /// PUBACK; whether it belongs to a publish in flight.
    pub(super) fn pub_ack(&mut self, packet_id: u16) -> bool {
        self.finish(packet_id, Awaits::Acknowledged)
    }

    /// PUBREC; whether it belongs to a publish in flight and came for the first time.
    pub(super) fn pub_rec(&mut self, packet_id: u16) -> bool {
        let outgoing = self
            .outgoing
            .iter_mut()
            .find(|out| out.publish.packet_id == packet_id && out.awaits == Awaits::Received);
        let Some(outgoing) = outgoing else {
            return false;
        };
        outgoing.awaits = Awaits::Complete;
        true
    }

    /// PUBCOMP; whether it belongs to a publish in flight.
    pub(super) fn pub_comp(&mut self, packet_id: u16) -> bool {
        self.finish(packet_id, Awaits::Complete)
    }

    /// A publish that is given up: none of its acknowledgements counts from now on.
    pub(super) fn forget(&mut self, packet_id: u16) {
        self.outgoing
            .retain(|out| out.publish.packet_id != packet_id);
    }

    fn finish(&mut self, packet_id: u16, awaits: Awaits) -> bool {
        let before = self.outgoing.len();
        self.outgoing
            .retain(|out| out.publish.packet_id != packet_id || out.awaits != awaits);
        self.outgoing.len() < before
    }

    /// A QoS 1 or 2 publish came from the broker; `again` shows one of QoS 2 that came before, too.
    pub(super) fn arrived(&mut self, qos: u8, packet_id: u16, again: bool) -> Arrival {
        if qos == 1 {
            self.unacknowledged.insert(packet_id);
            return Arrival::Show;
        }
        if again {
            self.incoming.insert(packet_id, Incoming::Shown);
            return Arrival::Show;
        }
        match self.incoming.get(&packet_id) {
            None => {
                self.incoming.insert(packet_id, Incoming::Shown);
                Arrival::Show
            }
            Some(Incoming::Shown) => Arrival::Ignore,
            Some(Incoming::Acknowledged) => Arrival::AcknowledgeAgain,
        }
    }

    /// The caller acknowledges; the packet to send, none when nothing is due for this id.
    pub(super) fn acknowledge(&mut self, qos: u8, packet_id: u16) -> Option<Packet> {
        match qos {
            1 => self
                .unacknowledged
                .remove(&packet_id)
                .then_some(Packet::PubAck(packet_id)),
            2 => {
                let incoming = self.incoming.get_mut(&packet_id)?;
                if *incoming == Incoming::Acknowledged {
                    return None;
                }
                *incoming = Incoming::Acknowledged;
                Some(Packet::PubRec(packet_id))
            }
            _ => None,
        }
    }

    /// PUBREL: the broker has forgotten the message, so do we.
    pub(super) fn pub_rel(&mut self, packet_id: u16) {
        self.incoming.remove(&packet_id);
    }

    /// Forgets everything (clean session).
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// A connection is up; without a session on the other side its packet ids are void.
    pub(super) fn resume(&mut self, session_present: bool) {
        self.unacknowledged.clear();
        if !session_present {
            self.incoming.clear();
        }
    }

    /// What is to be sent again on a new connection (MQTT 3.1.1, 4.4), oldest first.
    pub(super) fn resend(&mut self) -> Vec<Packet> {
        self.outgoing
            .iter_mut()
            .map(|out| {
                let dup = std::mem::replace(&mut out.sent, true);
                if out.awaits == Awaits::Complete {
                    Packet::PubRel(out.publish.packet_id)
                } else {
                    Packet::Publish(Publish {
                        dup,
                        ..out.publish.clone()
                    })
                }
            })
            .collect()
    }
}
