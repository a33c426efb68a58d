//! Topics that were seen, to complete one that is being typed.

use crate::sorted::ByName;

/// How many topics are remembered; further ones are not.
const TOPICS: usize = 2_000;
/// The most suggestions at a time.
const SUGGESTIONS: usize = 12;

/// Every topic that a message came on.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    topics: ByName<()>,
}

impl Seen {
    /// A topic was seen.
    pub(crate) fn topic(&mut self, topic: &str) {
        if self.topics.len() < TOPICS && !self.topics.contains_key(topic) {
            self.topics.insert(topic.into(), ());
        }
    }

    /// Topics for what was typed so far: those that begin with it, then those that contain it.
    pub(crate) fn suggest(&self, typed: &str) -> Vec<String> {
        let topics = || self.topics.iter().map(|(topic, ())| topic);
        let begins = topics().filter(|topic| topic.starts_with(typed));
        let contains = topics().filter(|topic| !topic.starts_with(typed) && topic.contains(typed));
        begins.chain(contains).filter(|topic| *topic != typed).take(SUGGESTIONS).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_that_begin_with_what_was_typed_come_first() {
        let mut seen = Seen::default();
        ["a/home/x", "home/hall/light/set", "home/hall/light/state", "office"]
            .iter()
            .for_each(|topic| seen.topic(topic));
        assert_eq!(seen.suggest("home/"), ["home/hall/light/set", "home/hall/light/state", "a/home/x"]);
        assert_eq!(seen.suggest("office"), [""; 0]);
    }

    #[test]
    fn only_so_many_topics_are_remembered() {
        let mut seen = Seen::default();
        (0..TOPICS + 10).for_each(|number| seen.topic(&format!("t/{number}")));
        assert_eq!((seen.topics.len(), seen.suggest("").len()), (TOPICS, SUGGESTIONS));
    }
}
