use lacewing_protocol::TopicName;

use super::{NodeId, Trie};
use crate::routing::subscribers::Leaf;

/// What it takes to visit a node, in steps of which an entry that is only looked at takes one.
pub(in crate::routing) const NODE: u32 = 12;

/// A walk to all that is subscribed to a filter that matches a topic, which can be left at any node.
///
/// It goes depth first, and where it stands is a path of levels and `+`, which means the same however the trie has
/// changed meanwhile. So what is there from its beginning to its end is visited, and nothing is visited twice; what
/// comes or goes in between is visited if it is there when the walk comes by.
#[derive(Debug)]
pub(in crate::routing) struct Walk {
    /// The nodes from the root to where it stands.
    path: Vec<Stand>,
    /// How many nodes the trie had ever freed when it was left.
    freed: u64,
}

#[derive(Debug)]
struct Stand {
    node: NodeId,
    /// Where in the topic the level starts that leads on; behind its end after the last.
    offset: usize,
    /// What is to be done next at this node.
    next: Option<Way>,
}

/// Where a walk goes from a node, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To what is subscribed to the path to the node.
    Here,
    /// To the child at the topic's level.
    Level,
    /// To the child at `+`.
    Any,
}

impl Trie {
    /// A walk that is still to be begun.
    pub(in crate::routing) fn walk(&self) -> Walk {
        Walk { path: vec![Stand::at(self.root, 0)], freed: self.freed }
    }

    /// Goes on with a walk for `topic`, always the same, and shows `visit` what it comes to; whether it is done.
    ///
    /// Each node takes [`NODE`] of `steps`, and each leaf what `visit` answers. The walk is left where none remain.
    pub(in crate::routing) fn go_on(
        &self,
        walk: &mut Walk,
        topic: &TopicName,
        steps: &mut u32,
        mut visit: impl FnMut(&Leaf) -> u32,
    ) -> bool {
        if walk.freed != self.freed {
            walk.freed = self.freed;
            self.retrace(walk, topic);
        }
        while let Some(stand) = walk.path.last_mut() {
            let Some(way) = stand.next else {
                walk.path.pop();
                continue;
            };
            if *steps == 0 {
                return false;
            }
            stand.next = way.next();
            if way == Way::Here {
                let spent = self.leaves(stand, topic).into_iter().flatten().map(&mut visit);
                *steps = steps.saturating_sub(spent.fold(NODE, u32::saturating_add));
                continue;
            }
            let next = self.follow(stand, way, topic);
            walk.path.extend(next);
        }
        true
    }

    /// Finds the nodes of the path anew, as far as it is still there.
    fn retrace(&self, walk: &mut Walk, topic: &TopicName) {
        for index in 1..walk.path.len() {
            let stand = &walk.path[index - 1];
            let way = if stand.next == Some(Way::Any) { Way::Level } else { Way::Any };
            match self.follow(stand, way, topic) {
                Some(Stand { node, .. }) => walk.path[index].node = node,
                None => return walk.path.truncate(index),
            }
        }
    }

    /// The child of a node by some way, where a walk has not done anything yet.
    fn follow(&self, stand: &Stand, way: Way, topic: &TopicName) -> Option<Stand> {
        let text = topic.get(stand.offset..)?.split('/').next()?;
        let child = match way {
            Way::Level => self.children.get(&(stand.node, self.levels.find(text)?)).copied(),
            Way::Any if self.is_wild(stand, topic) => self.node(stand.node).any,
            Way::Any | Way::Here => None,
        };
        Some(Stand::at(child?, stand.offset + text.len() + 1))
    }

    /// The leaves at a node whose filters match the topic.
    fn leaves(&self, stand: &Stand, topic: &TopicName) -> [Option<&Leaf>; 2] {
        let node = self.node(stand.node);
        let ends_here = stand.offset > topic.len();
        [
            node.here.as_deref().filter(|_| ends_here),
            node.below.as_deref().filter(|_| self.is_wild(stand, topic)),
        ]
    }

    /// Whether a wildcard at a node matches: at the start it does not for a topic that starts with $ [MQTT-4.7.2-1].
    fn is_wild(&self, stand: &Stand, topic: &TopicName) -> bool {
        stand.node != self.root || !topic.is_dollar()
    }
}

impl Stand {
    fn at(node: NodeId, offset: usize) -> Self {
        Self { node, offset, next: Some(Way::Here) }
    }
}

impl Way {
    fn next(self) -> Option<Self> {
        match self {
            Self::Here => Some(Self::Level),
            Self::Level => Some(Self::Any),
            Self::Any => None,
        }
    }
}
