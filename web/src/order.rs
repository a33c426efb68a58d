//! Putting a few in order, as many as a house has of rooms and devices. The library's sort is made for many, and each kind of thing that
//! it sorts adds kilobytes to the page.

use std::cmp::Ordering;

/// Puts `items` in the order of `compare`; equal ones stay as they are.
pub(crate) fn sort_few<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    for end in 1..items.len() {
        let mut at = end;
        while at > 0 && compare(&items[at - 1], &items[at]) == Ordering::Greater {
            items.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// The same, by a key of each.
pub(crate) fn sort_few_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_few(items, |one, other| key(one).cmp(&key(other)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_put_in_order_and_equal_ones_stay() {
        let mut few = [(3, 'a'), (1, 'b'), (3, 'c'), (2, 'd'), (1, 'e')];
        sort_few_by_key(&mut few, |(key, _)| *key);
        assert_eq!(few, [(1, 'b'), (1, 'e'), (2, 'd'), (3, 'a'), (3, 'c')]);
        sort_few_by_key(&mut [] as &mut [u8], |key| *key);
    }
}
