use hashbrown::HashTable;

use super::subscribers::Leaf;

/// The filters without wildcards, by the hash of the topic each of them matches.
#[derive(Debug, Default)]
pub(super) struct ExactTopics {
    topics: HashTable<Topic>,
}

#[derive(Debug)]
struct Topic {
    hash: u64,
    name: Box<str>,
    leaf: Leaf,
}

impl ExactTopics {
    pub(super) fn leaf(&self, hash: u64, name: &str) -> Option<&Leaf> {
        self.topics.find(hash, |topic| topic.is(hash, name)).map(|topic| &topic.leaf)
    }

    pub(super) fn leaf_or_insert(&mut self, hash: u64, name: &str) -> &mut Leaf {
        let entry = self.topics.entry(hash, |topic| topic.is(hash, name), |topic| topic.hash);
        let entry = entry.or_insert_with(|| Topic { hash, name: name.into(), leaf: Leaf::default() });
        &mut entry.into_mut().leaf
    }

    /// Changes the leaf, if there is one, and frees it when it is empty then; what `change` answered.
    pub(super) fn change_leaf(
        &mut self,
        hash: u64,
        name: &str,
        change: impl FnOnce(&mut Leaf) -> bool,
    ) -> bool {
        let Ok(mut entry) = self.topics.find_entry(hash, |topic| topic.is(hash, name)) else { return false };
        let changed = change(&mut entry.get_mut().leaf);
        if entry.get().leaf.is_empty() {
            entry.remove();
        }
        changed
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.topics.len()
    }
}

impl Topic {
    fn is(&self, hash: u64, name: &str) -> bool {
        self.hash == hash && &*self.name == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_of_one_hash_are_two_topics() {
        let mut topics = ExactTopics::default();
        topics.leaf_or_insert(7, "a");
        topics.leaf_or_insert(7, "b");
        assert_eq!(topics.len(), 2);
        assert!(topics.leaf(7, "a").is_some() && topics.leaf(7, "c").is_none());
        assert!(topics.change_leaf(7, "a", |_| true));
        assert!(topics.leaf(7, "a").is_none() && topics.leaf(7, "b").is_some());
    }
}
