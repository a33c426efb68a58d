//! The subscriptions of one session.

use std::collections::BTreeMap;

use lacewing_protocol::{SubscriptionOptions, TopicFilter};

/// How a session is subscribed to a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) options: SubscriptionOptions,
    pub(crate) id: Option<u32>,
}

/// Up to so many a sorted list is smaller than a tree, whose smallest node has room for eleven.
const FEW: usize = 16;

/// Subscriptions by filter, in order.
#[derive(Debug)]
pub(crate) enum SubscriptionList {
    Few(Vec<(TopicFilter, Subscription)>),
    Many(BTreeMap<TopicFilter, Subscription>),
}

impl Default for SubscriptionList {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl SubscriptionList {
    pub(crate) fn len(&self) -> u32 {
        let len = match self {
            Self::Few(list) => list.len(),
            Self::Many(tree) => tree.len(),
        };
        u32::try_from(len).unwrap_or(u32::MAX)
    }

    pub(crate) fn find(&self, filter: &TopicFilter) -> Option<&Subscription> {
        match self {
            Self::Few(list) => {
                let at = list.binary_search_by(|(known, _)| known.cmp(filter)).ok()?;
                list.get(at).map(|(_, subscription)| subscription)
            }
            Self::Many(tree) => tree.get(filter),
        }
    }

    pub(crate) fn insert(&mut self, filter: TopicFilter, subscription: Subscription) {
        if let Self::Few(list) = self {
            match list.binary_search_by(|(known, _)| known.cmp(&filter)) {
                Ok(at) => return list[at].1 = subscription,
                Err(at) if list.len() < FEW => {
                    list.reserve_exact(1);
                    return list.insert(at, (filter, subscription));
                }
                Err(_) => *self = Self::Many(list.drain(..).collect()),
            }
        }
        if let Self::Many(tree) = self {
            tree.insert(filter, subscription);
        }
    }

    pub(crate) fn remove(&mut self, filter: &TopicFilter) -> Option<Subscription> {
        match self {
            Self::Few(list) => {
                let at = list.binary_search_by(|(known, _)| known.cmp(filter)).ok()?;
                Some(list.remove(at).1)
            }
            Self::Many(tree) => tree.remove(filter),
        }
    }

    /// Takes any one out.
    pub(crate) fn pop(&mut self) -> Option<(TopicFilter, Subscription)> {
        match self {
            Self::Few(list) => list.pop(),
            Self::Many(tree) => tree.pop_first(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&TopicFilter, &Subscription)> {
        let (few, many) = match self {
            Self::Few(list) => (Some(list), None),
            Self::Many(tree) => (None, Some(tree)),
        };
        let few = few.into_iter().flatten().map(|(filter, subscription)| (filter, subscription));
        few.chain(many.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_or_many_they_are_found_and_come_in_order() {
        let subscription = Subscription { options: SubscriptionOptions::default(), id: None };
        let mut list = SubscriptionList::default();
        let filters: Vec<_> = (10..60).map(|n| TopicFilter::try_from(format!("t/{n}")).unwrap()).collect();
        for filter in filters.iter().rev() {
            list.insert(filter.clone(), subscription);
            assert_eq!(list.find(filter), Some(&subscription));
        }
        assert_eq!(list.iter().map(|(filter, _)| filter.clone()).collect::<Vec<_>>(), filters);
        assert_eq!(list.remove(&filters[3]), Some(subscription));
        assert_eq!(list.remove(&filters[3]), None);
        assert_eq!(list.len(), 49);
        assert_eq!(std::iter::from_fn(|| list.pop()).count(), 49);
    }
}
