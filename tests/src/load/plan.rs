//! Who publishes what to whom.

use super::Load;
use super::frame::Frame;

/// The shape of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// So many publishers, each with a subscriber and a topic of its own.
    Pairs(usize),
    /// One publisher to so many subscribers of its topic.
    FanOut(usize),
    /// So many publishers, each with its topic, to one subscriber of all of them.
    FanIn(usize),
    /// Ten publishers of 10 000 topics to so many subscribers with five wildcard filters each, of which no two match one topic.
    Wildcards(usize),
    /// So many clients that each publish to themselves.
    Selves(usize),
}

/// The places of [`Shape::Wildcards`]: streets, houses in each, things in each.
const STREETS: usize = 50;
const HOUSES: usize = 20;
const THINGS: usize = 10;
/// The filters of each subscriber there.
const FILTERS: usize = 5;
/// A publisher writes no more than this at once, in bytes.
const WRITE: usize = 32 << 10;

/// A shape with everyone and everything in it named.
#[derive(Debug)]
pub(super) struct Plan {
    /// The clients, in the order in which they connect: first those who subscribe.
    pub(super) clients: Vec<Role>,
    /// A message of each topic.
    pub(super) frames: Vec<Frame>,
    /// The subscribers of each topic, or how many there are where it is the same for all topics of all publishers.
    receivers: Vec<Vec<u32>>,
    /// How many subscribers a topic has, on average.
    pub(super) reach: f64,
    /// The most messages that one publisher sends at once.
    pub(super) burst: u64,
    publishers: usize,
    shape: Shape,
}

/// What one client does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Role {
    /// Its number among the subscribers, and what it subscribes to.
    pub(super) subscriber: Option<(u32, Vec<String>)>,
    /// Whether it publishes.
    pub(super) publishes: bool,
}

impl Plan {
    pub(super) fn new(shape: &Shape, load: &Load) -> Self {
        let shape = *shape;
        let named = |count: usize| (0..count).map(|number| format!("bench/load/{number}")).collect();
        let (publishers, subscribers, topics): (usize, usize, Vec<String>) = match shape {
            Shape::Pairs(count) | Shape::Selves(count) => (count, count, named(count)),
            Shape::FanOut(count) => (1, count, named(1)),
            Shape::FanIn(count) => (count, 1, named(count)),
            Shape::Wildcards(count) => (10, count, places()),
        };
        let receivers: Vec<Vec<u32>> = (0..topics.len())
            .map(|topic| match shape {
                Shape::Pairs(_) | Shape::Selves(_) => vec![topic as u32],
                Shape::FanOut(count) => (0..count as u32).collect(),
                Shape::FanIn(_) => vec![0],
                Shape::Wildcards(count) => {
                    (0..count as u32).filter(|&it| wants(it as usize, topic)).collect()
                }
            })
            .collect();
        let filters = |number: usize| match shape {
            Shape::Pairs(_) | Shape::Selves(_) | Shape::FanOut(_) => {
                vec![topics[number % topics.len()].clone()]
            }
            Shape::FanIn(_) => vec!["bench/load/+".to_owned()],
            Shape::Wildcards(_) => (0..FILTERS).map(|filter| wish(number, filter).filter()).collect(),
        };
        let both = matches!(shape, Shape::Selves(_));
        let mut clients: Vec<Role> = (0..subscribers)
            .map(|number| Role { subscriber: Some((number as u32, filters(number))), publishes: both })
            .collect();
        if !both {
            clients.resize(subscribers + publishers, Role { subscriber: None, publishes: true });
        }
        let frames: Vec<Frame> = topics.iter().map(|topic| Frame::new(load, topic)).collect();
        let reach = receivers.iter().map(Vec::len).sum::<usize>() as f64 / receivers.len() as f64;
        let longest = frames.iter().map(Frame::len).max().unwrap_or(1);
        // With many receivers each, messages go a few at a time, so that all publishers keep publishing.
        let burst = if matches!(shape, Shape::Wildcards(_)) { 4 } else { (WRITE / longest).max(1) };
        Self { clients, frames, receivers, reach, burst: burst as u64, publishers, shape }
    }

    /// The topic of a publisher's message `number`.
    pub(super) fn topic(&self, publisher: usize, number: u64) -> usize {
        match self.shape {
            Shape::FanOut(_) => 0,
            // Steps that share no divisor with the number of topics come to every one of them.
            Shape::Wildcards(_) => (number as usize * 7919 + publisher * 104_729) % self.frames.len(),
            _ => publisher,
        }
    }

    /// The subscribers of a topic.
    pub(super) fn receivers(&self, topic: usize) -> &[u32] {
        &self.receivers[topic]
    }

    /// How many publishers there are.
    pub(super) fn publishers(&self) -> usize {
        self.publishers
    }

    /// How many subscribers there are.
    pub(super) fn subscribers(&self) -> usize {
        self.clients.iter().filter(|role| role.subscriber.is_some()).count()
    }

    /// How many publishers a subscriber hears.
    pub(super) fn heard_by_each(&self) -> usize {
        match self.shape {
            Shape::FanIn(count) => count,
            Shape::Wildcards(_) => self.publishers,
            _ => 1,
        }
    }

    /// The publisher whose messages alone a subscriber hears, if there is only one.
    pub(super) fn only_publisher(&self, subscriber: u32) -> Option<u32> {
        match self.shape {
            Shape::Pairs(_) | Shape::Selves(_) => Some(subscriber),
            Shape::FanOut(_) => Some(0),
            _ => None,
        }
    }
}

/// What one filter of [`Shape::Wildcards`] matches; without a number, any.
#[derive(Debug, Clone, Copy)]
struct Wish {
    street: Option<usize>,
    house: Option<usize>,
}

impl Wish {
    fn filter(self) -> String {
        match (self.street, self.house) {
            (Some(street), Some(house)) => format!("street/{street}/house/{house}/+"),
            (Some(street), None) => format!("street/{street}/#"),
            (None, Some(house)) => format!("street/+/house/{house}/#"),
            (None, None) => "street/#".to_owned(),
        }
    }

    fn matches(self, street: usize, house: usize) -> bool {
        self.street.is_none_or(|wanted| wanted == street) && self.house.is_none_or(|wanted| wanted == house)
    }
}

/// A third of the subscribers wants the houses of a number in every street, a third whole streets, a third single houses.
fn wish(subscriber: usize, filter: usize) -> Wish {
    let number = subscriber / 3 * FILTERS + filter;
    let (street, house) = (number % STREETS, number / STREETS % HOUSES);
    match subscriber % 3 {
        0 => Wish { street: None, house: Some(number % HOUSES) },
        1 => Wish { street: Some(street), house: None },
        _ => Wish { street: Some(street), house: Some(house) },
    }
}

fn wants(subscriber: usize, topic: usize) -> bool {
    let (street, house) = (topic / (HOUSES * THINGS), topic / THINGS % HOUSES);
    (0..FILTERS).any(|filter| wish(subscriber, filter).matches(street, house))
}

fn places() -> Vec<String> {
    let place = |topic: usize| {
        let (street, house) = (topic / (HOUSES * THINGS), topic / THINGS % HOUSES);
        format!("street/{street}/house/{house}/thing{}", topic % THINGS)
    };
    (0..STREETS * HOUSES * THINGS).map(place).collect()
}

#[cfg(test)]
mod tests {
    use lacewing_protocol::{TopicFilter, TopicName};

    use super::*;

    #[test]
    fn a_topics_receivers_are_those_whose_filters_match_it_once() {
        let plan = Plan::new(&Shape::Wildcards(200), &Load::new(0));
        for (topic, name) in places().iter().enumerate().step_by(97) {
            let name = TopicName::try_from(name.as_str()).unwrap();
            for role in plan.clients.iter().filter(|role| role.subscriber.is_some()) {
                let (number, filters) = role.subscriber.as_ref().unwrap();
                let matching = filters
                    .iter()
                    .filter(|filter| TopicFilter::try_from(filter.as_str()).unwrap().matches(&name))
                    .count();
                assert_eq!(matching, usize::from(plan.receivers(topic).contains(number)), "{filters:?}");
            }
        }
    }

    #[test]
    fn every_topic_is_published_to_and_reached() {
        let plan = Plan::new(&Shape::Wildcards(200), &Load::new(0));
        let mut seen = vec![false; plan.frames.len()];
        (0..10_000).for_each(|number| seen[plan.topic(3, number)] = true);
        assert!(seen.iter().all(|seen| *seen));
        assert!((20.0..30.0).contains(&plan.reach), "{}", plan.reach);
    }

    #[test]
    fn who_publishes_to_itself_is_one_client() {
        let plan = Plan::new(&Shape::Selves(3), &Load::new(0));
        assert_eq!((plan.clients.len(), plan.publishers(), plan.subscribers()), (3, 3, 3));
        assert_eq!(plan.receivers(2), [2]);
    }
}
