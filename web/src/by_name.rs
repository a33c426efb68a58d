//! A map by name in one vector, sorted. The library's ordered map is faster with very many, and each kind of value in one adds kilobytes to
//! what the browser fetches; the page knows some thousands of names at most.

use std::mem;

/// Values by name, in the order of the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ByName<V>(Vec<(String, V)>);

impl<V> ByName<V> {
    /// An empty one.
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        self.find(name).ok().map(|at| &self.0[at].1)
    }

    /// The value of `name`, to be changed.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        self.find(name).ok().map(|at| &mut self.0[at].1)
    }

    /// The value of `name`; if there is none, one that is made now.
    pub(crate) fn get_or_insert_with(&mut self, name: &str, make: impl FnOnce() -> V) -> &mut V {
        let at = self.find(name).unwrap_or_else(|at| {
            self.0.insert(at, (name.to_owned(), make()));
            at
        });
        &mut self.0[at].1
    }

    /// Whether there is a value of `name`.
    pub(crate) fn contains_key(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// Gives `name` a value, in place of the one it had.
    pub(crate) fn insert(&mut self, name: String, value: V) -> Option<V> {
        match self.find(&name) {
            Ok(at) => Some(mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (name, value));
                None
            }
        }
    }

    /// Takes the value of `name` out.
    pub(crate) fn remove(&mut self, name: &str) -> Option<V> {
        self.find(name).ok().map(|at| self.0.remove(at).1)
    }

    /// Keeps those that `keep` says.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&String, &mut V) -> bool) {
        self.0.retain_mut(|(name, value)| keep(name, value));
    }

    /// All, in the order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &V)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// The values, in the order of their names.
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

    /// Where `name` is, or would be.
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(name))
    }
}

impl<V> Default for ByName<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> FromIterator<(String, V)> for ByName<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(all: I) -> Self {
        let mut by_name = Self::new();
        for (name, value) in all {
            by_name.insert(name, value);
        }
        by_name
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
