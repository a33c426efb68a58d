//! A map in one vector, sorted. The library's ordered map is faster with very many, and each kind of value in one adds kilobytes to
//! what the browser fetches; the page and its workers know some thousands of each at most.

use std::borrow::Borrow;
use std::mem;

/// Values by key, in the order of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sorted<K, V>(Vec<(K, V)>);

/// Values by name.
pub(crate) type ByName<V> = Sorted<String, V>;

impl<K: Ord, V> Sorted<K, V> {
    /// An empty one.
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of `key`.
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|at| &self.0[at].1)
    }

    /// The value of `key`, to be changed.
    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|at| &mut self.0[at].1)
    }

    /// The value of `key`; if there is none, one that is made now.
    pub(crate) fn get_or_insert_with<Q: Ord + ToOwned<Owned = K> + ?Sized>(
        &mut self,
        key: &Q,
        make: impl FnOnce() -> V,
    ) -> &mut V
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).unwrap_or_else(|at| {
            self.0.insert(at, (key.to_owned(), make()));
            at
        });
        &mut self.0[at].1
    }

    /// Whether there is a value of `key`.
    pub(crate) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Gives `key` a value, in place of the one it had.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => Some(mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Takes the value of `key` out.
    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|at| self.0.remove(at).1)
    }

    /// Keeps those that `keep` says.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }

    /// All, in the order of their keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The values, in the order of their keys.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where `key` is, or would be.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|(known, _)| known.borrow().cmp(key))
    }
}

impl<K: Ord, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Sorted<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(all: I) -> Self {
        let mut sorted = Self::new();
        for (key, value) in all {
            sorted.insert(key, value);
        }
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_value_and_all_are_in_the_order_of_their_names() {
        let mut ages: ByName<u8> =
            [("b", 1), ("a", 2), ("b", 3)].map(|(name, age)| (name.to_owned(), age)).into_iter().collect();
        assert_eq!(
            ages.iter().map(|(name, age)| (name.as_str(), *age)).collect::<Vec<_>>(),
            [("a", 2), ("b", 3)]
        );
        assert_eq!((ages.get("a"), ages.get("c"), ages.len()), (Some(&2), None, 2));
        assert_eq!(ages.insert("c".into(), 9), None);
        assert_eq!((ages.remove("a"), ages.remove("a")), (Some(2), None));
        *ages.get_or_insert_with("d", || 4) += 1;
        ages.retain(|name, _| name != "b");
        assert_eq!(ages.values().copied().collect::<Vec<_>>(), [9, 5]);
        assert!(!ages.is_empty() && ages.contains_key("d"));
    }
}
