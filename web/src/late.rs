//! What is shown a while after it changed: when more changes at once than a frame has time for, each part has a turn of its own.

use std::any::Any;

/// How long each part waits for its turn after the page was told of a change: in milliseconds, but for [`PARTS`](turns::PARTS).
pub mod turns {
    /// A bead sets off: in a frame after that which shows what it brought about.
    pub const BEAD: u32 = 17;
    /// The phone app.
    pub const PHONE: u32 = 25;
    /// The figures over the list of messages.
    pub const FIGURES: u32 = 30;
    /// The broker's list of what it passed on.
    pub const BROKER: u32 = 34;
    /// The sentence under the house.
    pub const SENTENCE: u32 = 50;
    /// The first room, where there are too many messages for beads.
    pub const ROOMS: u32 = 75;
    /// Each further room that much after the one before.
    pub const ROOM: u32 = 100;
    /// In how many parts the devices of a room are drawn.
    pub const PARTS: u32 = 4;
    /// The first few rows of a list that nobody can follow, and each further few that much after those before.
    pub const ROWS: u32 = 75;
}

/// What one component shows, and what waits to be shown there. One type for all of them: most of its code is the same whatever is shown.
#[derive(Default)]
pub struct Late {
    shown: Option<Box<dyn Any>>,
    waiting: Option<Box<dyn Any>>,
}

impl Late {
    /// What is to be shown of `value`, and whether it has to [come](Self::come) later. What `is_late` comes with what waits already; what is
    /// not is shown at once.
    pub fn show<T: Clone + PartialEq + 'static>(&mut self, value: &T, is_late: bool) -> (T, bool) {
        let shown = self.shown.as_ref().and_then(|shown| shown.downcast_ref::<T>());
        let Some(shown) = shown.filter(|_| is_late) else {
            *self = Self { shown: Some(Box::new(value.clone())), waiting: None };
            return (value.clone(), false);
        };
        let (was_waiting, is_new, shown) = (self.waiting.is_some(), shown != value, shown.clone());
        if was_waiting || is_new {
            self.waiting = Some(Box::new(value.clone()));
        }
        (shown, is_new && !was_waiting)
    }

    /// The turn has come. Says whether there is something new to show.
    pub fn come(&mut self) -> bool {
        let Some(waited) = self.waiting.take() else { return false };
        self.shown = Some(waited);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_shown_at_once() {
        assert_eq!(Late::default().show(&1, true), (1, false));
    }

    #[test]
    fn a_change_comes_with_all_that_changed_until_its_turn() {
        let mut late = Late::default();
        late.show(&1, true);
        assert_eq!(late.show(&2, true), (1, true));
        assert_eq!(late.show(&3, true), (1, false), "it waits already");
        assert!(late.come());
        assert_eq!(late.show(&3, true), (3, false));
        assert!(!late.come(), "nothing changed since");
    }

    #[test]
    fn what_changes_back_before_its_turn_is_what_comes() {
        let mut late = Late::default();
        late.show(&1, true);
        late.show(&2, true);
        assert_eq!(late.show(&1, true), (1, false));
        late.come();
        assert_eq!(late.show(&1, true), (1, false));
    }

    #[test]
    fn what_somebody_waits_for_overtakes_what_waits() {
        let mut late = Late::default();
        late.show(&1, true);
        late.show(&2, true);
        assert_eq!(late.show(&3, false), (3, false));
        assert!(!late.come(), "what waited is older");
        assert_eq!(late.show(&3, true), (3, false));
    }
}
