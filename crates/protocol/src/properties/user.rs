use crate::Utf8String;

/// User Properties: pairs of strings in the order of the packet; a name may appear more than once (§2.2.2.2).
///
/// There are as many as the packet has room for: the maximum packet size bounds them, at five bytes each or more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct UserProperties(Vec<(Utf8String, Utf8String)>);

impl UserProperties {
    /// No properties; allocates nothing.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one at the end.
    pub fn push(&mut self, name: Utf8String, value: Utf8String) {
        self.0.push((name, value));
    }

    /// The pairs in order.
    pub fn as_slice(&self) -> &[(Utf8String, Utf8String)] {
        &self.0
    }

    /// The pairs in order.
    pub fn iter(&self) -> std::slice::Iter<'_, (Utf8String, Utf8String)> {
        self.0.iter()
    }

    /// The first value under this name.
    pub fn first(&self, name: &str) -> Option<&Utf8String> {
        self.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no pair.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A copy whose strings have allocations of exactly their size.
    pub fn compact(&self) -> Self {
        self.0.iter().map(|(name, value)| (name.compact(), value.compact())).collect()
    }
}

impl FromIterator<(Utf8String, Utf8String)> for UserProperties {
    fn from_iter<I: IntoIterator<Item = (Utf8String, Utf8String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl Extend<(Utf8String, Utf8String)> for UserProperties {
    fn extend<I: IntoIterator<Item = (Utf8String, Utf8String)>>(&mut self, pairs: I) {
        self.0.extend(pairs);
    }
}

impl IntoIterator for UserProperties {
    type Item = (Utf8String, Utf8String);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a UserProperties {
    type Item = &'a (Utf8String, Utf8String);
    type IntoIter = std::slice::Iter<'a, (Utf8String, Utf8String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
