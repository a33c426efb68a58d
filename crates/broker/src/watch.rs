//! The events that somebody asked for.

use crate::{Broker, Event, EventKind, EventMask, Output};

/// Which events are wanted, and how many wait.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) mask: EventMask,
    number: u64,
    waiting: u32,
    missed: u64,
}

impl Watch {
    /// Whether events of these groups are wanted; the one test on paths where they are not.
    #[inline]
    pub(crate) fn wants(&self, groups: EventMask) -> bool {
        self.mask.intersects(groups)
    }

    /// One event was drained.
    pub(crate) fn drained(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }
}

impl Broker {
    /// Reports an event that [`Watch::wants`] said is wanted.
    #[cold]
    pub(crate) fn event(&mut self, kind: EventKind) {
        let watch = &mut self.watch;
        if watch.waiting >= self.config.events {
            watch.number += 1;
            watch.missed += 1;
            self.metrics.events_missed += 1;
            return;
        }
        if watch.missed > 0 {
            let missed = std::mem::take(&mut watch.missed);
            self.push_event(EventKind::Overflow { missed });
        }
        self.push_event(kind);
    }

    fn push_event(&mut self, kind: EventKind) {
        self.watch.number += 1;
        self.watch.waiting += 1;
        let event = Event { number: self.watch.number, at: self.now.wall, kind };
        self.outputs.push_back(Output::Event(event));
    }
}
