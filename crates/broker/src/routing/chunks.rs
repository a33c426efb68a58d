use super::{Match, SessionKey};

/// So many entries stand together; moving half of them is cheap, and going through all meets few gaps.
const MOST: usize = 512;

/// Many entries in the order of their sessions, in pieces of memory that lie together: a message to all of a hundred
/// thousand subscribers is to wait for memory a few hundred times and not for each of a tree's nodes.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    /// None is empty.
    chunks: Vec<Vec<Match>>,
    len: usize,
}

impl Chunks {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds an entry, or replaces that of the same session, and says which.
    pub(super) fn insert(&mut self, entry: Match) -> Option<Match> {
        let Some((at, found)) = self.find(entry.session) else {
            self.chunks.push(vec![entry]);
            self.len = 1;
            return None;
        };
        let index = match found {
            Ok(index) => return Some(std::mem::replace(&mut self.chunks[at][index], entry)),
            Err(index) => index,
        };
        self.len += 1;
        let chunk = &mut self.chunks[at];
        if chunk.len() < MOST {
            chunk.insert(index, entry);
        } else if index == MOST {
            // Sessions come with growing keys: full chunks stay full.
            self.chunks.insert(at + 1, vec![entry]);
        } else {
            let mut later = chunk.split_off(MOST / 2);
            match index.checked_sub(MOST / 2) {
                Some(index) => later.insert(index, entry),
                None => chunk.insert(index, entry),
            }
            self.chunks.insert(at + 1, later);
        }
        None
    }

    /// Takes out the entry of a session, if there is one.
    pub(super) fn remove(&mut self, session: SessionKey) -> Option<Match> {
        let (at, Ok(index)) = self.find(session)? else { return None };
        self.len -= 1;
        let removed = self.chunks[at].remove(index);
        if self.chunks[at].is_empty() {
            self.chunks.remove(at);
            return Some(removed);
        }
        // With the one after it, then with the one before it.
        for first in [Some(at), at.checked_sub(1)].into_iter().flatten() {
            let len = |at: usize| self.chunks.get(at).map(Vec::len);
            if let (Some(len), Some(next)) = (len(first), len(first + 1))
                && len + next <= MOST / 2
            {
                let next = self.chunks.remove(first + 1);
                self.chunks[first].extend(next);
            }
        }
        Some(removed)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Match> {
        self.chunks.iter().flatten()
    }

    pub(super) fn extend_into(&self, all: &mut Vec<Match>) {
        all.reserve(self.len);
        for chunk in &self.chunks {
            all.extend_from_slice(chunk);
        }
    }

    /// The chunk in which a session is or would be, and where in it; `None` while there is none.
    fn find(&self, session: SessionKey) -> Option<(usize, Result<usize, usize>)> {
        let after =
            self.chunks.partition_point(|chunk| chunk.first().is_some_and(|first| first.session <= session));
        let at = after.saturating_sub(1);
        Some((at, self.chunks.get(at)?.binary_search_by_key(&session, |entry| entry.session)))
    }
}

impl FromIterator<Match> for Chunks {
    fn from_iter<T: IntoIterator<Item = Match>>(entries: T) -> Self {
        let mut chunks = Self::default();
        for entry in entries {
            chunks.insert(entry);
        }
        chunks
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lacewing_protocol::SubscriptionOptions;
    use proptest::prelude::*;

    use super::*;

    fn entry(session: u32, id: u32) -> Match {
        Match::new(SessionKey(session), SubscriptionOptions::default(), Some(id))
    }

    #[test]
    fn growing_keys_leave_full_chunks_and_removals_join_what_is_left() {
        let mut chunks: Chunks = (0..10_000).map(|session| entry(session, 1)).collect();
        assert_eq!(chunks.chunks.len(), 20);
        for session in (0..10_000).filter(|session| session % 20 != 0) {
            assert!(chunks.remove(SessionKey(session)).is_some());
        }
        assert_eq!(chunks.len(), 500);
        assert!(chunks.chunks.len() <= 5, "{}", chunks.chunks.len());
    }

    proptest! {
        #[test]
        fn they_agree_with_a_tree(steps in prop::collection::vec((0..3000u32, 0..4u32), 0..4000)) {
            let (mut chunks, mut model) = (Chunks::default(), BTreeMap::new());
            for (session, id) in steps {
                let key = SessionKey(session);
                if id == 0 {
                    prop_assert_eq!(chunks.remove(key), model.remove(&key));
                } else {
                    prop_assert_eq!(chunks.insert(entry(session, id)), model.insert(key, entry(session, id)));
                }
                prop_assert_eq!(chunks.len(), model.len());
            }
            prop_assert!(chunks.iter().eq(model.values()));
            prop_assert!(chunks.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= MOST));
        }
    }
}
