use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use slab::Slab;

/// The hash of a level or a topic.
pub(super) fn hash(hasher: &FixedState, text: &str) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// The number of a level that some filter contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LevelId(u32);

/// The texts of levels, each held once, for as long as it is used.
#[derive(Debug)]
pub(super) struct Levels {
    hasher: FixedState,
    levels: Slab<Level>,
    by_text: HashTable<LevelId>,
}

#[derive(Debug)]
struct Level {
    text: Box<str>,
    uses: u32,
}

impl Levels {
    pub(super) fn new(hasher: FixedState) -> Self {
        Self { hasher, levels: Slab::new(), by_text: HashTable::new() }
    }

    /// The number of `text`, if a filter contains it.
    pub(super) fn find(&self, text: &str) -> Option<LevelId> {
        let hash = hash(&self.hasher, text);
        self.by_text.find(hash, |id| &*self.levels[id.index()].text == text).copied()
    }

    /// The number of `text`, which is used once more.
    pub(super) fn acquire(&mut self, text: &str) -> LevelId {
        if let Some(id) = self.find(text) {
            self.levels[id.index()].uses += 1;
            return id;
        }
        let id = LevelId(self.levels.insert(Level { text: text.into(), uses: 1 }) as u32);
        let (hasher, levels) = (&self.hasher, &self.levels);
        self.by_text.insert_unique(hash(hasher, text), id, |id| hash(hasher, &levels[id.index()].text));
        id
    }

    /// Uses `id` once less.
    pub(super) fn release(&mut self, id: LevelId) {
        let level = &mut self.levels[id.index()];
        level.uses -= 1;
        if level.uses > 0 {
            return;
        }
        let level = self.levels.remove(id.index());
        let hash = hash(&self.hasher, &level.text);
        if let Ok(entry) = self.by_text.find_entry(hash, |other| *other == id) {
            entry.remove();
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.levels.len()
    }
}

impl LevelId {
    fn index(self) -> usize {
        self.0 as usize
    }
}
