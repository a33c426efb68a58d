//! The subscriptions of one session.

use std::collections::BTreeMap;

use lacewing_protocol::{SubscriptionOptions, TopicFilter};

/// How a session is subscribed to a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) options: SubscriptionOptions,
    pub(crate) id: Option<u32>,
}

/// What a filter counts against [`Config::subscription_bytes`](crate::Config::subscription_bytes).
pub(crate) fn cost(filter: &TopicFilter) -> u64 {
    let levels = if filter.is_wildcard() { filter.levels().count() as u64 } else { 0 };
    filter.len() as u64 + 64 * levels
}

/// Up to so many a sorted list is smaller than a tree, whose smallest node has room for eleven.
const FEW: usize = 16;

/// Subscriptions by filter, in order.
#[derive(Debug, Default)]
pub(crate) struct SubscriptionList {
    list: List,
    bytes: u64,
}

#[derive(Debug)]
enum List {
    Few(Vec<(TopicFilter, Subscription)>),
    Many(BTreeMap<TopicFilter, Subscription>),
}

impl Default for List {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl SubscriptionList {
    pub(crate) fn len(&self) -> u32 {
        let len = match &self.list {
            List::Few(list) => list.len(),
            List::Many(tree) => tree.len(),
        };
        u32::try_from(len).unwrap_or(u32::MAX)
    }

    /// What all filters cost.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn find(&self, filter: &TopicFilter) -> Option<&Subscription> {
        match &self.list {
            List::Few(list) => {
                let at = list.binary_search_by(|(known, _)| known.cmp(filter)).ok()?;
                list.get(at).map(|(_, subscription)| subscription)
            }
            List::Many(tree) => tree.get(filter),
        }
    }

    pub(crate) fn insert(&mut self, filter: TopicFilter, subscription: Subscription) {
        if let List::Few(list) = &mut self.list {
            match list.binary_search_by(|(known, _)| known.cmp(&filter)) {
                Ok(at) => return list[at].1 = subscription,
                Err(at) if list.len() < FEW => {
                    self.bytes += cost(&filter);
                    list.reserve_exact(1);
                    return list.insert(at, (filter, subscription));
                }
                Err(_) => self.list = List::Many(list.drain(..).collect()),
            }
        }
        if let List::Many(tree) = &mut self.list {
            let bytes = cost(&filter);
            if tree.insert(filter, subscription).is_none() {
                self.bytes += bytes;
            }
        }
    }

    pub(crate) fn remove(&mut self, filter: &TopicFilter) -> Option<Subscription> {
        let removed = match &mut self.list {
            List::Few(list) => {
                let at = list.binary_search_by(|(known, _)| known.cmp(filter)).ok()?;
                list.remove(at).1
            }
            List::Many(tree) => tree.remove(filter)?,
        };
        self.bytes -= cost(filter);
        Some(removed)
    }

    /// Takes any one out.
    pub(crate) fn pop(&mut self) -> Option<(TopicFilter, Subscription)> {
        let (filter, subscription) = match &mut self.list {
            List::Few(list) => list.pop()?,
            List::Many(tree) => tree.pop_first()?,
        };
        self.bytes -= cost(&filter);
        Some((filter, subscription))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&TopicFilter, &Subscription)> {
        let (few, many) = match &self.list {
            List::Few(list) => (Some(list), None),
            List::Many(tree) => (None, Some(tree)),
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
            list.insert(filter.clone(), subscription);
        }
        assert_eq!(list.iter().map(|(filter, _)| filter.clone()).collect::<Vec<_>>(), filters);
        assert_eq!(list.remove(&filters[3]), Some(subscription));
        assert_eq!(list.remove(&filters[3]), None);
        assert_eq!((list.len(), list.bytes()), (49, 49 * 4));
        assert_eq!(std::iter::from_fn(|| list.pop()).count(), 49);
        assert_eq!(list.bytes(), 0);
    }
}
