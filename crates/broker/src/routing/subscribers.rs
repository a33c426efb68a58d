use super::chunks::Chunks;
use super::{GroupKey, Inserted, Match, SessionKey};

/// Up to so many subscribers one sorted list is smaller and faster than chunks.
const FEW: usize = 64;

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
    Few(Vec<Match>),
    Many(Chunks),
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
            Self::Many(chunks) => chunks.len(),
        }
    }

    pub(super) fn insert(&mut self, entry: Match) -> Inserted {
        if let Self::Few(list) = self {
            match list.binary_search_by_key(&entry.session, |entry| entry.session) {
                Ok(at) => {
                    list[at] = entry;
                    return Inserted::Replaced;
                }
                Err(at) if list.len() < FEW => {
                    if list.is_empty() {
                        list.reserve_exact(1);
                    }
                    list.insert(at, entry);
                    return Inserted::New;
                }
                Err(_) => *self = Self::Many(list.drain(..).collect()),
            }
        }
        let Self::Many(chunks) = self else { return Inserted::New };
        match chunks.insert(entry) {
            None => Inserted::New,
            Some(_) => Inserted::Replaced,
        }
    }

    pub(super) fn remove(&mut self, session: SessionKey) -> bool {
        match self {
            Self::Few(list) => {
                let Ok(at) = list.binary_search_by_key(&session, |entry| entry.session) else { return false };
                list.remove(at);
                if list.len() * 4 <= list.capacity() {
                    list.shrink_to(list.len() * 2);
                }
                true
            }
            Self::Many(chunks) => {
                let removed = chunks.remove(session).is_some();
                if chunks.len() <= FEW / 4 {
                    *self = Self::Few(chunks.iter().copied().collect());
                }
                removed
            }
        }
    }

    pub(super) fn extend_into(&self, all: &mut Vec<Match>) {
        match self {
            Self::Few(list) => all.extend_from_slice(list),
            Self::Many(chunks) => chunks.extend_into(all),
        }
    }
}
