use foldhash::fast::FixedState;
use hashbrown::HashMap;
use lacewing_protocol::{TopicFilter, TopicName};
use slab::Slab;

use super::levels::{LevelId, Levels};
use super::subscribers::Leaf;

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
    /// Kept for its allocation.
    walk: Walk,
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
pub(super) struct Place {
    node: NodeId,
    multi_level: bool,
}

/// The nodes that a topic leads to, level by level.
#[derive(Debug, Default)]
struct Walk {
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
            walk: Walk::default(),
        }
    }

    /// Shows `visit` all that is subscribed to a filter that matches `topic` (§4.7).
    ///
    /// It takes time with the number of nodes whose path matches a beginning of the topic, each of which some filter
    /// made, and answers how many they were.
    pub(super) fn walk(&mut self, topic: &TopicName, visit: impl FnMut(Place, &Leaf)) -> u32 {
        let mut walk = std::mem::take(&mut self.walk);
        let visited = self.walk_with(&mut walk, topic, visit);
        self.walk = walk;
        visited
    }

    /// As [`walk`](Self::walk), for those who only look.
    pub(super) fn walk_shared(&self, topic: &TopicName, visit: impl FnMut(Place, &Leaf)) {
        self.walk_with(&mut Walk::default(), topic, visit);
    }

    fn walk_with(&self, walk: &mut Walk, topic: &TopicName, mut visit: impl FnMut(Place, &Leaf)) -> u32 {
        let mut visited = 0;
        walk.here.clear();
        walk.here.push(self.root);
        // A wildcard at the start does not match a topic that starts with $ [MQTT-4.7.2-1].
        let mut wildcards_match = !topic.is_dollar();
        for level in topic.levels() {
            let level = self.levels.find(level);
            walk.next.clear();
            visited += walk.here.len() as u32;
            for &id in &walk.here {
                let node = self.node(id);
                if wildcards_match {
                    if let Some(leaf) = &node.below {
                        visit(Place { node: id, multi_level: true }, leaf);
                    }
                    walk.next.extend(node.any);
                }
                if let Some(level) = level {
                    walk.next.extend(self.children.get(&(id, level)));
                }
            }
            if walk.next.is_empty() {
                return visited;
            }
            std::mem::swap(&mut walk.here, &mut walk.next);
            wildcards_match = true;
        }
        for &id in &walk.here {
            let node = self.node(id);
            if let Some(leaf) = &node.here {
                visit(Place { node: id, multi_level: false }, leaf);
            }
            // `a/#` matches `a` too (§4.7.1.2).
            if let Some(leaf) = &node.below {
                visit(Place { node: id, multi_level: true }, leaf);
            }
        }
        visited + walk.here.len() as u32
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

    /// The text of the filter whose leaf is at `place`.
    pub(super) fn filter_at(&self, place: Place) -> String {
        let mut levels = Vec::new();
        if place.multi_level {
            levels.push("#");
        }
        let mut at = place.node;
        while at != self.root {
            let node = self.node(at);
            levels.push(match node.by {
                Step::Level(level) => self.levels.text(level),
                Step::Any => "+",
            });
            at = node.parent;
        }
        levels.reverse();
        levels.join("/")
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
