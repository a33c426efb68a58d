//! Slows down who guesses passwords.

use std::collections::BTreeMap;

/// Wrong tries in a row that cost nothing.
const FREE: u32 = 5;
/// The wait after the first try too many, in microseconds; it doubles with each further one, up to [`LONGEST`].
const FIRST_WAIT: u64 = 1_000_000;
const LONGEST: u64 = 60_000_000;
/// After this time without a wrong try all is forgotten, in microseconds.
const FORGET: u64 = 300_000_000;
/// Pairs of address and name that are remembered; beyond them the one that was quiet for longest is forgotten.
const REMEMBERED: usize = 4096;
/// What counts of an address or a name, in bytes.
const SIGNIFICANT: usize = 64;

/// Wrong tries by address and user name.
///
/// By both, so that one device with an old password does not lock out its neighbours, nor a stranger its owner.
#[derive(Debug, Default)]
pub struct Attempts {
    wrong: BTreeMap<(String, String), Wrong>,
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    tries: u32,
    last: u64,
}

impl Attempts {
    /// Nobody has tried anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long, in microseconds, `name` at `address` has to wait before its next try is looked at; 0 when it need not.
    pub fn wait(&self, now: u64, address: &str, name: &str) -> u64 {
        if self.wrong.is_empty() {
            return 0;
        }
        let wrong = self.wrong.get(&key(address, name));
        wrong.map_or(0, |wrong| (wrong.last + wrong.pause()).saturating_sub(now))
    }

    /// A try was wrong. Says how long the next one has to wait, in microseconds.
    pub fn failed(&mut self, now: u64, address: &str, name: &str) -> u64 {
        let key = key(address, name);
        if !self.wrong.contains_key(&key) && self.wrong.len() >= REMEMBERED {
            self.make_room(now);
        }
        let wrong = self.wrong.entry(key).or_insert(Wrong { tries: 0, last: now });
        if now.saturating_sub(wrong.last) > FORGET {
            wrong.tries = 0;
        }
        *wrong = Wrong { tries: wrong.tries.saturating_add(1), last: now };
        wrong.pause()
    }

    /// A try was right: the wrong ones before it are forgotten.
    pub fn succeeded(&mut self, address: &str, name: &str) {
        if !self.wrong.is_empty() {
            self.wrong.remove(&key(address, name));
        }
    }

    fn make_room(&mut self, now: u64) {
        self.wrong.retain(|_, wrong| now.saturating_sub(wrong.last) <= FORGET);
        // The older half, in one sweep: a flood of names is not to cost a search each.
        if self.wrong.len() >= REMEMBERED {
            let mut times: Vec<u64> = self.wrong.values().map(|wrong| wrong.last).collect();
            let (_, middle, _) = times.select_nth_unstable(REMEMBERED / 2);
            let middle = *middle;
            let mut surplus = REMEMBERED / 2;
            self.wrong.retain(|_, wrong| {
                let old = wrong.last <= middle && surplus > 0;
                surplus -= usize::from(old);
                !old
            });
        }
    }
}

fn key(address: &str, name: &str) -> (String, String) {
    let cut = |text: &str| text[..text.floor_char_boundary(SIGNIFICANT)].to_owned();
    (cut(address), cut(name))
}

impl Wrong {
    fn pause(self) -> u64 {
        match self.tries.checked_sub(FREE) {
            None | Some(0) => 0,
            Some(over) => FIRST_WAIT.checked_shl(over - 1).unwrap_or(LONGEST).min(LONGEST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn who_guesses_waits_longer_and_longer_and_nobody_else_does() {
        let mut attempts = Attempts::new();
        let waits: Vec<u64> = (0..14).map(|_| attempts.failed(0, "10.0.0.7", "ada") / SECOND).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(attempts.wait(20 * SECOND, "10.0.0.7", "ada"), 40 * SECOND);
        assert_eq!(attempts.wait(60 * SECOND, "10.0.0.7", "ada"), 0);
        assert_eq!(attempts.wait(0, "10.0.0.8", "ada"), 0);
        assert_eq!(attempts.wait(0, "10.0.0.7", "bob"), 0);
    }

    #[test]
    fn the_right_password_and_time_make_good() {
        let mut attempts = Attempts::new();
        let fail =
            |attempts: &mut Attempts, now, name: &str| (0..7).map(|_| attempts.failed(now, "a", name)).max();
        assert_eq!(fail(&mut attempts, 0, "ada"), Some(2 * SECOND));
        attempts.succeeded("a", "ada");
        assert_eq!(attempts.failed(0, "a", "ada"), 0);
        assert_eq!(fail(&mut attempts, 0, "bob"), Some(2 * SECOND));
        assert_eq!(attempts.failed(FORGET + 1, "a", "bob"), 0);
    }

    #[test]
    fn a_flood_of_names_is_remembered_in_part() {
        let mut attempts = Attempts::new();
        for name in 0..20_000u64 {
            attempts.failed(name / 3, "a", &name.to_string());
            assert!(attempts.wrong.len() <= REMEMBERED);
        }
        for _ in 0..6 {
            attempts.failed(7_000, "a", "19999");
        }
        assert!(attempts.wait(7_000, "a", "19999") > 0, "the newest are still known");
    }
}
