use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::ops::Bound;

use lacewing_protocol::TopicFilter;

/// So many entries are passed one by one before a jump is tried.
const STRIDE: u32 = 8;

/// One unit of budget pays for an entry with a topic up to so many bytes.
const BYTES_PER_ENTRY: usize = 256;

/// A place among the messages that a filter matches.
#[derive(Debug, Clone)]
pub(crate) struct Cursor {
    filter: TopicFilter,
    position: Position,
    /// The key that `position` is about.
    key: Vec<u8>,
}

/// A place as it can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Whether what has the key was passed already.
    pub(crate) passed: bool,
    pub(crate) key: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// The next entry is not before the key.
    At,
    /// The next entry is after the key.
    After,
    End,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'a, M> {
    /// This message.
    Found(&'a M),
    /// The budget is used up, and there may be more.
    Paused,
    /// There is no more.
    Done,
}

/// A run of steps of one cursor while nothing changes.
#[derive(Debug)]
pub(crate) struct Scan<'a, 'c, M> {
    messages: &'a BTreeMap<Box<[u8]>, M>,
    range: Range<'a, Box<[u8]>, M>,
    cursor: &'c mut Cursor,
    budget: u32,
}

enum Judgement {
    Matches,
    /// Neither this key nor any before the one written does.
    Seek,
    /// Neither this key nor any after it does.
    Nothing,
}

impl Cursor {
    pub(super) fn new(filter: &TopicFilter) -> Self {
        Self { filter: filter.clone(), position: Position::At, key: Vec::new() }
    }

    /// The place where another one was.
    pub(crate) fn at(filter: TopicFilter, place: Place) -> Self {
        let position = if place.passed { Position::After } else { Position::At };
        Self { filter, position, key: place.key }
    }

    /// Where it is; [`at`](Self::at) goes on there.
    pub(crate) fn place(&self) -> Place {
        Place { passed: self.position != Position::At, key: self.key.clone() }
    }

    /// The filter it follows.
    pub(crate) fn filter(&self) -> &TopicFilter {
        &self.filter
    }

    fn range<'a, M>(&self, messages: &'a BTreeMap<Box<[u8]>, M>) -> Range<'a, Box<[u8]>, M> {
        let from = match self.position {
            Position::At => Bound::Included(&self.key[..]),
            Position::After | Position::End => Bound::Excluded(&self.key[..]),
        };
        messages.range::<[u8], _>((from, Bound::Unbounded))
    }

    fn set_key(&mut self, key: &[u8]) {
        self.key.clear();
        self.key.extend_from_slice(key);
    }
}

impl<'a, 'c, M> Scan<'a, 'c, M> {
    pub(super) fn new(messages: &'a BTreeMap<Box<[u8]>, M>, cursor: &'c mut Cursor, budget: u32) -> Self {
        Self { messages, range: cursor.range(messages), cursor, budget }
    }

    /// The next message.
    pub(crate) fn next(&mut self) -> Step<'a, M> {
        if self.cursor.position == Position::End {
            return Step::Done;
        }
        let mut passed = 0;
        loop {
            if self.budget == 0 {
                return Step::Paused;
            }
            let Some((key, message)) = self.range.next() else {
                self.cursor.position = Position::End;
                return Step::Done;
            };
            let cost = 1 + key.len() / BYTES_PER_ENTRY;
            self.budget = self.budget.saturating_sub(cost as u32);
            if self.cursor.position == Position::At && **key < self.cursor.key[..] {
                passed += 1;
                if passed == STRIDE {
                    passed = 0;
                    self.range = self.cursor.range(self.messages);
                }
                continue;
            }
            match judge(self.cursor.filter.filter(), key, &mut self.cursor.key) {
                Judgement::Matches => {
                    self.cursor.set_key(key);
                    self.cursor.position = Position::After;
                    return Step::Found(message);
                }
                Judgement::Seek => self.cursor.position = Position::At,
                Judgement::Nothing => {
                    self.cursor.position = Position::End;
                    return Step::Done;
                }
            }
        }
    }
}

/// Whether `filter` matches the topic of `key`; if not, the least key after it that may match goes to `target`.
fn judge(filter: &str, key: &[u8], target: &mut Vec<u8>) -> Judgement {
    // A wildcard at the start does not match a topic that starts with $ [MQTT-4.7.2-1].
    if key.first() == Some(&b'$') && filter.starts_with(['+', '#']) {
        target.clear();
        target.push(b'$' + 1);
        return Judgement::Seek;
    }
    // Where the level of the key ends that the last `+` so far stands for.
    let mut any_end = None;
    let mut rest = Some(key);
    for level in filter.split('/') {
        if level == "#" {
            return Judgement::Matches;
        }
        let Some(from) = rest else {
            // The key ends here: next is what is below it.
            target.clear();
            target.extend_from_slice(key);
            target.push(0);
            if level != "+" {
                target.extend_from_slice(level.as_bytes());
            }
            return Judgement::Seek;
        };
        let start = key.len() - from.len();
        let length = from.iter().position(|byte| *byte == 0).unwrap_or(from.len());
        rest = from.get(length + 1..);
        if level == "+" {
            any_end = Some(start + length);
            continue;
        }
        match from[..length].cmp(level.as_bytes()) {
            Ordering::Equal => {}
            Ordering::Less => {
                target.clear();
                target.extend_from_slice(&key[..start]);
                target.extend_from_slice(level.as_bytes());
                return Judgement::Seek;
            }
            Ordering::Greater => return seek_past(key, any_end, target),
        }
    }
    match rest {
        None => Judgement::Matches,
        Some(_) => seek_past(key, any_end, target),
    }
}

/// Past all that is below the first `end` bytes of `key`.
fn seek_past(key: &[u8], end: Option<usize>, target: &mut Vec<u8>) -> Judgement {
    let Some(end) = end else { return Judgement::Nothing };
    target.clear();
    target.extend_from_slice(&key[..end]);
    target.push(1);
    Judgement::Seek
}
