use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::topics::{Who, is_level};
use crate::{AccessRule, Act};

/// No rule: later than every other.
const NONE: u32 = u32::MAX;

/// A list of rules by the levels of their patterns, to find the first that speaks of a topic.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    /// What comes after a level without a wildcard.
    exact: HashMap<Box<str>, u32, FixedState>,
    /// What comes after a level with a client id or user name in it.
    named: Vec<(Box<str>, u32)>,
    /// What comes after `+`.
    any: Option<u32>,
    /// The first rule that ends here, by act.
    here: Firsts,
    /// The first rule that ends in `#` here.
    below: Firsts,
    /// The first rule here or further down.
    first: Firsts,
}

/// The first rules that speak of publishing and of subscribing.
#[derive(Debug, Clone, Copy)]
struct Firsts {
    publish: u32,
    subscribe: u32,
}

impl Tree {
    pub(super) fn new(rules: &[AccessRule]) -> Self {
        let mut tree = Self { nodes: vec![Node::new()] };
        for (number, rule) in (0..).zip(rules) {
            tree.add(number, rule);
        }
        tree
    }

    fn add(&mut self, number: u32, rule: &AccessRule) {
        let mut at = 0;
        for level in rule.topics.as_str().split('/') {
            self.nodes[at].first.add(number, rule.act);
            if level == "#" {
                return self.nodes[at].below.add(number, rule.act);
            }
            at = self.child(at, level);
        }
        self.nodes[at].first.add(number, rule.act);
        self.nodes[at].here.add(number, rule.act);
    }

    fn child(&mut self, at: usize, level: &str) -> usize {
        let new = self.nodes.len() as u32;
        let node = &mut self.nodes[at];
        let child = if level == "+" {
            *node.any.get_or_insert(new)
        } else if !level.contains('%') {
            *node.exact.entry(level.into()).or_insert(new)
        } else {
            match node.named.iter().find(|(name, _)| &**name == level) {
                Some((_, child)) => *child,
                None => {
                    node.named.push((level.into(), new));
                    new
                }
            }
        };
        if child == new {
            self.nodes.push(Node::new());
        }
        child as usize
    }

    /// The number of the first rule that speaks of doing this with this topic.
    ///
    /// Allocates only where several kinds of pattern lead on from the same level.
    pub(super) fn first(&self, act: Act, topic: &str, who: &Who<'_>) -> Option<u32> {
        let mut first = NONE;
        let mut others = Vec::new();
        let mut next = Some((0, Some(topic)));
        while let Some((at, rest)) = next.take().or_else(|| others.pop()) {
            let node: &Node = &self.nodes[at as usize];
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
            let exact = if node.exact.is_empty() { None } else { node.exact.get(level).copied() };
            let named = node.named.iter().filter(|(name, _)| is_level(name, level, who));
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
        Self { exact: HashMap::default(), named: Vec::new(), any: None, here: none, below: none, first: none }
    }
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
    use crate::Access;
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

    proptest! {
        #[test]
        fn it_finds_what_reading_the_list_finds(
            patterns in prop::collection::vec((pattern(), 0..3usize), 0..12),
            topic in topic(),
        ) {
            let acts = [Act::Publish, Act::Subscribe, Act::Both];
            let rules: Vec<_> = patterns.iter().map(|(text, act)| rule(text, acts[*act])).collect();
            let tree = Tree::new(&rules);
            let who = Who { client_id: "me", user: Some("kim") };
            for act in [Act::Publish, Act::Subscribe] {
                // Of a topic, a filter without wildcards, a pattern speaks if it covers it.
                let found = rules.iter().position(|rule| {
                    rule.act.includes(act) && covers(rule.topics.as_str(), &topic, &who)
                });
                prop_assert_eq!(tree.first(act, &topic, &who), found.map(|number| number as u32));
            }
        }
    }
}
