mod walk;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use lacewing_protocol::{TopicFilter, TopicName};
use slab::Slab;

use super::levels::{LevelId, Levels};
use super::subscribers::Leaf;

pub(super) use walk::{NODE, Walk};

/// The filters with wildcards, as a trie of their levels.
///
/// Nodes name each other by number, and all that goes down or up the trie is a loop, so its depth costs no stack.
#[derive(Debug)]
pub(super) struct Trie {
    levels: Levels,
    nodes: Slab<Node>,
    /// The child of a node at a level that is not a wildcard.
    children: HashMap<(NodeId, LevelId), NodeId, FixedState>,
    root: NodeId,
    frontier: Frontier,
    /// How many nodes were ever freed.
    freed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct NodeId(u32);

#[derive(Debug)]
struct Node {
    parent: NodeId,
    /// How the parent leads here.
    by: Step,
    /// The number of children, at levels and at `+`.
    children: u32,
    /// The child at `+`.
    any: Option<NodeId>,
    /// What is subscribed to the path to this node.
    here: Option<Box<Leaf>>,
    /// What is subscribed to the path to this node, and `/#`.
    below: Option<Box<Leaf>>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Level(LevelId),
    Any,
}

/// Where in the trie a leaf is.
#[derive(Debug, Clone, Copy)]
struct Place {
    node: NodeId,
    multi_level: bool,
}

/// The nodes that a topic leads to, level by level; kept for their allocation.
#[derive(Debug, Default)]
struct Frontier {
    here: Vec<NodeId>,
    next: Vec<NodeId>,
}

impl Trie {
    pub(super) fn new(hasher: FixedState) -> Self {
        let mut nodes = Slab::new();
        let root = NodeId(nodes.vacant_key() as u32);
        nodes.insert(Node::new(root, Step::Any));
        Self {
            levels: Levels::new(hasher.clone()),
            nodes,
            children: HashMap::with_hasher(hasher),
            root,
            frontier: Frontier::default(),
            freed: 0,
        }
    }

    /// Shows `visit` all that is subscribed to a filter that matches `topic` (§4.7).
    ///
    /// It takes time with the number of nodes whose path matches a beginning of the topic, each of which some filter
    /// made, and answers how many they were. When they are more than `most`, it stops and answers `None`.
    pub(super) fn visit(&mut self, topic: &TopicName, most: u32, visit: impl FnMut(&Leaf)) -> Option<u32> {
        let mut frontier = std::mem::take(&mut self.frontier);
        let visited = self.visit_with(&mut frontier, topic, most, visit);
        self.frontier = frontier;
        visited
    }

    fn visit_with(
        &self,
        frontier: &mut Frontier,
        topic: &TopicName,
        most: u32,
        mut visit: impl FnMut(&Leaf),
    ) -> Option<u32> {
        let Frontier { here, next } = frontier;
        let mut visited = 0;
        here.clear();
        here.push(self.root);
        // A wildcard at the start does not match a topic that starts with $ [MQTT-4.7.2-1].
        let mut wildcards_match = !topic.is_dollar();
        for level in topic.levels() {
            let level = self.levels.find(level);
            next.clear();
            visited += here.len() as u32;
            if visited > most {
                return None;
            }
            for &id in &*here {
                let node = self.node(id);
                if wildcards_match {
                    if let Some(leaf) = &node.below {
                        visit(leaf);
                    }
                    next.extend(node.any);
                }
                if let Some(level) = level {
                    next.extend(self.children.get(&(id, level)));
                }
            }
            if next.is_empty() {
                return Some(visited);
            }
            std::mem::swap(here, next);
            wildcards_match = true;
        }
        visited += here.len() as u32;
        if visited > most {
            return None;
        }
        for &id in &*here {
            let node = self.node(id);
            if let Some(leaf) = &node.here {
                visit(leaf);
            }
            // `a/#` matches `a` too (§4.7.1.2).
            if let Some(leaf) = &node.below {
                visit(leaf);
            }
        }
        Some(visited)
    }

    /// The leaf of `filter`, made with the nodes that lead to it if need be.
    pub(super) fn leaf_or_insert(&mut self, filter: &TopicFilter) -> &mut Leaf {
        let mut at = self.root;
        for level in filter.levels() {
            at = match level {
                "#" => return self.node_mut(at).below.get_or_insert_default(),
                "+" => self.any_or_insert(at),
                _ => self.child_or_insert(at, level),
            };
        }
        self.node_mut(at).here.get_or_insert_default()
    }

    /// Changes the leaf of `filter`, if there is one, and frees it and the nodes that only led to it when it is empty
    /// then; what `change` answered.
    pub(super) fn change_leaf(
        &mut self,
        filter: &TopicFilter,
        change: impl FnOnce(&mut Leaf) -> bool,
    ) -> bool {
        let Some(Place { node, multi_level }) = self.place(filter) else { return false };
        let slot = match multi_level {
            true => &mut self.node_mut(node).below,
            false => &mut self.node_mut(node).here,
        };
        let Some(leaf) = slot else { return false };
        let changed = change(leaf);
        if leaf.is_empty() {
            *slot = None;
            self.prune(node);
        }
        changed
    }

    fn place(&self, filter: &TopicFilter) -> Option<Place> {
        let mut node = self.root;
        for level in filter.levels() {
            node = match level {
                "#" => return Some(Place { node, multi_level: true }),
                "+" => self.node(node).any?,
                _ => *self.children.get(&(node, self.levels.find(level)?))?,
            };
        }
        Some(Place { node, multi_level: false })
    }

    fn any_or_insert(&mut self, at: NodeId) -> NodeId {
        if let Some(child) = self.node(at).any {
            return child;
        }
        let child = self.add(at, Step::Any);
        self.node_mut(at).any = Some(child);
        child
    }

    fn child_or_insert(&mut self, at: NodeId, level: &str) -> NodeId {
        let known = self.levels.find(level).and_then(|level| self.children.get(&(at, level)));
        if let Some(child) = known {
            return *child;
        }
        let level = self.levels.acquire(level);
        let child = self.add(at, Step::Level(level));
        self.children.insert((at, level), child);
        child
    }

    fn add(&mut self, parent: NodeId, by: Step) -> NodeId {
        self.node_mut(parent).children += 1;
        NodeId(self.nodes.insert(Node::new(parent, by)) as u32)
    }

    /// Frees `at`, and what is above it, as far as nothing needs it.
    fn prune(&mut self, mut at: NodeId) {
        while at != self.root && self.node(at).is_unused() {
            let Node { parent, by, .. } = self.nodes.remove(at.0 as usize);
            self.freed += 1;
            match by {
                Step::Any => self.node_mut(parent).any = None,
                Step::Level(level) => {
                    self.children.remove(&(parent, level));
                    self.levels.release(level);
                }
            }
            self.node_mut(parent).children -= 1;
            at = parent;
        }
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }

    /// The numbers of nodes, of literal edges and of levels held.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize, usize) {
        (self.nodes.len(), self.children.len(), self.levels.len())
    }
}

impl Node {
    fn new(parent: NodeId, by: Step) -> Self {
        Self { parent, by, children: 0, any: None, here: None, below: None }
    }

    fn is_unused(&self) -> bool {
        self.children == 0 && self.here.is_none() && self.below.is_none()
    }
}
