//! Access rules for everyone: the first that speaks of a topic decides, and without one it is allowed.

use lacewing_broker::{Access, AccessRule, Act, Rules};

use super::messages::{levels_match, matches, shared};

/// Rules as they are written: `deny publish a/#`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Law(Vec<&'static str>);

impl Law {
    pub(crate) fn new(rules: &[Option<&'static str>]) -> Self {
        Self(rules.iter().copied().flatten().collect())
    }

    /// The same for the broker.
    pub(crate) fn to_rules(&self) -> Rules {
        let rule = |text: &&str| {
            let (allow, act, pattern) = parts(text);
            let verdict = if allow { Access::Allow } else { Access::Deny };
            let act = match act {
                "publish" => Act::Publish,
                "subscribe" => Act::Subscribe,
                _ => Act::Both,
            };
            AccessRule { verdict, act, topics: pattern.to_owned().try_into().unwrap() }
        };
        Rules { access: self.0.iter().map(rule).collect(), ..Rules::default() }
    }

    pub(crate) fn may_publish(&self, topic: &str) -> bool {
        self.decides("publish", |pattern, _| levels_match(pattern, topic))
    }

    pub(super) fn may_read(&self, topic: &str) -> bool {
        self.decides("subscribe", |pattern, _| levels_match(pattern, topic))
    }

    /// A subscription is refused if a rule denies all that it matches before one allows some of it.
    pub(super) fn may_subscribe(&self, filter: &str) -> bool {
        let filter = shared(filter).map_or(filter, |(_, filter)| filter);
        if !filter.contains(['+', '#']) {
            return self.may_read(filter);
        }
        let topics: Vec<String> = all_topics().into_iter().filter(|topic| matches(filter, topic)).collect();
        self.decides("subscribe", |pattern, allow| match allow {
            true => topics.iter().any(|topic| levels_match(pattern, topic)),
            false => topics.iter().all(|topic| levels_match(pattern, topic)),
        })
    }

    fn decides(&self, what: &str, speaks: impl Fn(&str, bool) -> bool) -> bool {
        let mut rules = self.0.iter().map(|text| parts(text));
        let is_it = |(allow, act, pattern): &(bool, &str, &str)| {
            (*act == what || *act == "both") && speaks(pattern, *allow)
        };
        rules.find(is_it).is_none_or(|(allow, ..)| allow)
    }
}

/// Whether it allows, which act, and the pattern.
fn parts(text: &str) -> (bool, &str, &str) {
    let mut words = text.split(' ');
    let allow = words.next() == Some("allow");
    (allow, words.next().unwrap(), words.next().unwrap())
}

/// Topics enough to tell all filters and patterns of these dialogues apart.
fn all_topics() -> Vec<String> {
    let levels = ["a", "b", "c", "", "other", "$data"];
    let mut all: Vec<String> = levels.map(str::to_owned).to_vec();
    let mut last = all.clone();
    for _ in 0..3 {
        last = last.iter().flat_map(|topic| levels.map(|level| format!("{topic}/{level}"))).collect();
        all.extend_from_slice(&last);
    }
    all
}
