use std::collections::BTreeMap;

use lacewing_protocol::{QoS, SubscriptionOptions};

use super::{GroupKey, Inserted, SessionKey};

/// Up to so many subscribers a sorted list is smaller and faster than a tree.
const FEW: usize = 64;

/// What counts of a subscription when a message is routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) qos: QoS,
    pub(super) no_local: bool,
    pub(super) retain_as_published: bool,
    /// The Subscription Identifier; 0 for none.
    id: u32,
}

impl Subscription {
    pub(super) fn new(options: SubscriptionOptions, id: Option<u32>) -> Self {
        Self {
            qos: options.qos,
            no_local: options.no_local,
            retain_as_published: options.retain_as_published,
            id: id.unwrap_or(0),
        }
    }

    pub(super) fn id(self) -> Option<u32> {
        (self.id != 0).then_some(self.id)
    }
}

/// Everything that is subscribed to one filter.
#[derive(Debug, Default)]
pub(super) struct Leaf {
    pub(super) subscribers: Subscribers,
    /// The groups that share the filter, oldest first.
    pub(super) groups: Vec<GroupKey>,
}

impl Leaf {
    pub(super) fn is_empty(&self) -> bool {
        self.subscribers.len() == 0 && self.groups.is_empty()
    }
}

/// The sessions subscribed to one filter, in the order of their keys.
#[derive(Debug)]
pub(super) enum Subscribers {
    Few(Vec<(SessionKey, Subscription)>),
    Many(BTreeMap<SessionKey, Subscription>),
}

impl Default for Subscribers {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Subscribers {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(list) => list.len(),
            Self::Many(tree) => tree.len(),
        }
    }

    pub(super) fn contains(&self, session: SessionKey) -> bool {
        match self {
            Self::Few(list) => list.binary_search_by_key(&session, |(key, _)| *key).is_ok(),
            Self::Many(tree) => tree.contains_key(&session),
        }
    }

    pub(super) fn insert(&mut self, session: SessionKey, subscription: Subscription) -> Inserted {
        if let Self::Few(list) = self {
            match list.binary_search_by_key(&session, |(key, _)| *key) {
                Ok(at) => {
                    list[at].1 = subscription;
                    return Inserted::Replaced;
                }
                Err(at) if list.len() < FEW => {
                    list.insert(at, (session, subscription));
                    return Inserted::New;
                }
                Err(_) => *self = Self::Many(list.drain(..).collect()),
            }
        }
        let Self::Many(tree) = self else { return Inserted::New };
        match tree.insert(session, subscription) {
            None => Inserted::New,
            Some(_) => Inserted::Replaced,
        }
    }

    pub(super) fn remove(&mut self, session: SessionKey) -> bool {
        match self {
            Self::Few(list) => {
                let Ok(at) = list.binary_search_by_key(&session, |(key, _)| *key) else { return false };
                list.remove(at);
                true
            }
            Self::Many(tree) => {
                let removed = tree.remove(&session).is_some();
                if tree.len() <= FEW / 4 {
                    *self = Self::Few(std::mem::take(tree).into_iter().collect());
                }
                removed
            }
        }
    }

    pub(super) fn extend_into(&self, all: &mut Vec<(SessionKey, Subscription)>) {
        match self {
            Self::Few(list) => all.extend_from_slice(list),
            Self::Many(tree) => {
                all.extend(tree.iter().map(|(&session, &subscription)| (session, subscription)))
            }
        }
    }
}
