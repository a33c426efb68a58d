use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::topics::{Who, is_level};
use crate::{Access, AccessRule, Act};

/// No rule: later than every other.
const NONE: u32 = u32::MAX;

/// So many nodes stand together, so that a tree grows and goes in small pieces.
const PAGE: usize = 256;
/// How many named levels are compared for one unit of a call's budget.
const KEYS_PER_COST: usize = 8;
/// How many bytes of a level are read for one unit.
const BYTES_PER_COST: usize = 512;

/// A list of rules by the levels of their patterns, to find the first that speaks of a topic.
///
/// It holds no text: whoever asks it hands it the list that it was grown from.
#[derive(Debug)]
pub(super) struct Tree {
    /// All but the last are full.
    pages: Vec<Vec<Node>>,
}

/// How far a list of rules has been taken in.
#[derive(Debug, Default)]
pub(super) struct Place {
    rule: usize,
    /// Where in the rule's pattern the next level starts, and the node it leads on from.
    at: usize,
    node: usize,
    /// Whether any rule so far denies publishing, and subscribing.
    pub(super) guards_publishing: bool,
    pub(super) guards_reading: bool,
}

#[derive(Debug)]
struct Node {
    /// What comes after a level without a wildcard.
    exact: Exact,
    /// What comes after a level with a client id or user name in it.
    named: Vec<(Level, u32)>,
    /// What comes after `+`.
    any: Option<u32>,
    /// The first rule that ends here, by act.
    here: Firsts,
    /// The first rule that ends in `#` here.
    below: Firsts,
    /// The first rule here or further down.
    first: Firsts,
}

/// Most nodes lead on by one level at most, and then nothing is allocated for it.
#[derive(Debug)]
enum Exact {
    None,
    One(Level, u32),
    Many(Box<HashTable<(Level, u32)>>),
}

/// Where a level stands in a list of rules.
#[derive(Debug, Clone, Copy)]
struct Level {
    rule: u32,
    at: u16,
    len: u16,
}

/// The first rules that speak of publishing and of subscribing.
#[derive(Debug, Clone, Copy)]
struct Firsts {
    publish: u32,
    subscribe: u32,
}

impl Tree {
    /// No rules.
    pub(super) fn new() -> Self {
        Self { pages: vec![vec![Node::new()]] }
    }

    /// Takes in rules of a list from `place` on while the budget lasts, about a unit for each level; whether all are in.
    pub(super) fn grow(&mut self, rules: &[AccessRule], place: &mut Place, budget: &mut u32) -> bool {
        while let Some(rule) = rules.get(place.rule) {
            let number = place.rule as u32;
            loop {
                if *budget == 0 {
                    return false;
                }
                let rest = &rule.topics.as_str()[place.at..];
                let level = rest.split('/').next().unwrap_or_default();
                let node = self.node_mut(place.node);
                let compared = if level.contains('%') { node.named.len() / KEYS_PER_COST } else { 0 };
                *budget = budget.saturating_sub((1 + compared + level.len() / BYTES_PER_COST) as u32);
                let place_of_level = Level { rule: number, at: place.at as u16, len: level.len() as u16 };
                node.first.add(number, rule.act);
                if level == "#" {
                    node.below.add(number, rule.act);
                    break;
                }
                place.node = self.child(rules, place.node, place_of_level);
                if level.len() == rest.len() {
                    let last = self.node_mut(place.node);
                    last.first.add(number, rule.act);
                    last.here.add(number, rule.act);
                    break;
                }
                place.at += level.len() + 1;
            }
            if rule.verdict == Access::Deny {
                place.guards_publishing |= rule.act.includes(Act::Publish);
                place.guards_reading |= rule.act.includes(Act::Subscribe);
            }
            *place = Place { rule: place.rule + 1, at: 0, node: 0, ..*place };
        }
        true
    }

    /// Frees nodes while the budget lasts; whether all are gone. Nothing is to be asked of it any more.
    pub(super) fn shrink(&mut self, budget: &mut u32) -> bool {
        while let Some(page) = self.pages.last_mut() {
            if *budget == 0 {
                return false;
            }
            *budget -= 1;
            if page.pop().is_none() {
                self.pages.pop();
            }
        }
        true
    }

    #[inline]
    fn node(&self, at: usize) -> &Node {
        &self.pages[at / PAGE][at % PAGE]
    }

    fn node_mut(&mut self, at: usize) -> &mut Node {
        &mut self.pages[at / PAGE][at % PAGE]
    }

    fn child(&mut self, rules: &[AccessRule], at: usize, level: Level) -> usize {
        let full = self.pages.len().saturating_sub(1);
        let number = (full * PAGE + self.pages.last().map_or(0, Vec::len)) as u32;
        let node = self.node_mut(at);
        let text = level.text(rules);
        let child = if text == "+" {
            *node.any.get_or_insert(number)
        } else if !text.contains('%') {
            node.exact.get_or_insert(rules, level, number)
        } else {
            match node.named.iter().find(|(named, _)| named.text(rules) == text) {
                Some((_, child)) => *child,
                None => {
                    node.named.push((level, number));
                    number
                }
            }
        };
        if child == number {
            match self.pages.last_mut() {
                Some(page) if page.len() < PAGE => page.push(Node::new()),
                _ => self.pages.push(vec![Node::new()]),
            }
        }
        child as usize
    }

    /// The number of the first rule that speaks of doing this with this topic.
    ///
    /// Allocates only where several kinds of pattern lead on from the same level.
    pub(super) fn first(&self, rules: &[AccessRule], act: Act, topic: &str, who: &Who<'_>) -> Option<u32> {
        let mut first = NONE;
        let mut others = Vec::new();
        let mut next = Some((0, Some(topic)));
        while let Some((at, rest)) = next.take().or_else(|| others.pop()) {
            let node = self.node(at as usize);
            if node.first.of(act) >= first {
                continue;
            }
            first = first.min(node.below.of(act));
            let Some(rest) = rest else {
                first = first.min(node.here.of(act));
                continue;
            };
            let (level, rest) = match rest.split_once('/') {
                Some((level, rest)) => (level, Some(rest)),
                None => (rest, None),
            };
            let exact = node.exact.get(rules, level);
            let named = node.named.iter().filter(|(named, _)| is_level(named.text(rules), level, who));
            for child in exact.into_iter().chain(node.any).chain(named.map(|(_, child)| *child)) {
                match next {
                    None => next = Some((child, rest)),
                    Some(_) => others.push((child, rest)),
                }
            }
        }
        (first != NONE).then_some(first)
    }
}

impl Node {
    fn new() -> Self {
        let none = Firsts { publish: NONE, subscribe: NONE };
        Self { exact: Exact::None, named: Vec::new(), any: None, here: none, below: none, first: none }
    }
}

impl Exact {
    #[inline]
    fn get(&self, rules: &[AccessRule], level: &str) -> Option<u32> {
        match self {
            Self::None => None,
            Self::One(only, child) => (only.text(rules) == level).then_some(*child),
            Self::Many(many) => {
                let found = many.find(hash(level), |(known, _)| known.text(rules) == level)?;
                Some(found.1)
            }
        }
    }

    /// What comes after this level: what is known of it, or `new`.
    fn get_or_insert(&mut self, rules: &[AccessRule], level: Level, new: u32) -> u32 {
        if let Self::None = self {
            *self = Self::One(level, new);
            return new;
        }
        let text = level.text(rules);
        let rehash = |(known, _): &(Level, u32)| hash(known.text(rules));
        if let Self::One(only, child) = *self {
            if only.text(rules) == text {
                return child;
            }
            let mut many = HashTable::new();
            many.insert_unique(hash(only.text(rules)), (only, child), rehash);
            *self = Self::Many(Box::new(many));
        }
        let Self::Many(many) = self else { return new };
        match many.entry(hash(text), |(known, _)| known.text(rules) == text, rehash) {
            Entry::Occupied(known) => known.get().1,
            Entry::Vacant(free) => {
                free.insert((level, new));
                new
            }
        }
    }
}

impl Level {
    #[inline]
    fn text(self, rules: &[AccessRule]) -> &str {
        let pattern = rules.get(self.rule as usize).map_or("", |rule| rule.topics.as_str());
        let at = usize::from(self.at);
        pattern.get(at..at + usize::from(self.len)).unwrap_or_default()
    }
}

fn hash(level: &str) -> u64 {
    FixedState::default().hash_one(level)
}

impl Firsts {
    fn add(&mut self, number: u32, act: Act) {
        if act.includes(Act::Publish) {
            self.publish = self.publish.min(number);
        }
        if act.includes(Act::Subscribe) {
            self.subscribe = self.subscribe.min(number);
        }
    }

    #[inline]
    fn of(&self, act: Act) -> u32 {
        match act {
            Act::Publish => self.publish,
            Act::Subscribe => self.subscribe,
            Act::Both => self.publish.min(self.subscribe),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access::topics::covers;

    fn rule(pattern: &str, act: Act) -> AccessRule {
        AccessRule { verdict: Access::Deny, act, topics: pattern.to_owned().try_into().unwrap() }
    }

    fn pattern() -> impl Strategy<Value = String> {
        let level = prop::sample::select(vec!["a", "b", "", "+", "%c", "x%u", "$s"]);
        (prop::collection::vec(level, 0..4), any::<bool>()).prop_filter_map("empty", |(mut levels, open)| {
            if open {
                levels.push("#");
            }
            Some(levels.join("/")).filter(|pattern| !pattern.is_empty())
        })
    }

    fn topic() -> impl Strategy<Value = String> {
        let level = prop::sample::select(vec!["a", "b", "", "me", "xkim", "$s"]);
        let levels = prop::collection::vec(level, 1..5).prop_map(|levels| levels.join("/"));
        levels.prop_filter("empty", |topic| !topic.is_empty())
    }

    /// A tree that was grown with so much budget at a time.
    fn grown(rules: &[AccessRule], step: u32) -> Tree {
        let (mut tree, mut place) = (Tree::new(), Place::default());
        while !tree.grow(rules, &mut place, &mut step.clone()) {}
        tree
    }

    #[test]
    fn it_grows_and_goes_in_steps_that_its_budget_bounds() {
        let rules: Vec<_> =
            (0..1000).map(|number| rule(&format!("{number}/a/%c{number}/b/#"), Act::Both)).collect();
        let (mut tree, mut place) = (Tree::new(), Place::default());
        let mut steps = 0;
        while !tree.grow(&rules, &mut place, &mut 10) {
            steps += 1;
            assert!(place.rule <= steps * 2 + 1);
        }
        assert!(steps >= 490, "{steps}");
        assert_eq!(tree.pages.iter().map(Vec::len).sum::<usize>(), 4001);
        let mut steps = 0;
        while !tree.shrink(&mut 10) {
            steps += 1;
        }
        assert!((390..=500).contains(&steps), "{steps}");
    }

    proptest! {
        #[test]
        fn it_finds_what_reading_the_list_finds(
            patterns in prop::collection::vec((pattern(), 0..3usize), 0..12),
            topic in topic(),
            step in 1..40u32,
        ) {
            let acts = [Act::Publish, Act::Subscribe, Act::Both];
            let rules: Vec<_> = patterns.iter().map(|(text, act)| rule(text, acts[*act])).collect();
            let tree = grown(&rules, step);
            let who = Who { client_id: "me", user: Some("kim") };
            for act in [Act::Publish, Act::Subscribe] {
                // Of a topic, a filter without wildcards, a pattern speaks if it covers it.
                let found = rules.iter().position(|rule| {
                    rule.act.includes(act) && covers(rule.topics.as_str(), &topic, &who)
                });
                prop_assert_eq!(tree.first(&rules, act, &topic, &who), found.map(|number| number as u32));
            }
        }
    }
}
