//! What the page remembers of the person in front of it.

/// The longest address that is remembered, in bytes.
const LONGEST: usize = 1_000;
/// What the text begins with; a page that writes another form changes it.
const VERSION: &str = "1";
/// The lines that say that nothing is to move, that a device was crashed, and that a real client was seen.
const STILL: &str = "still";
const CRASHED: &str = "crashed";
const CONNECTED: &str = "connected";

/// What is as it was left when the page is opened again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The fragment of the place that was looked at last, the stream's filter in it; empty at first.
    pub place: String,
    /// Whether nothing in the drawing of the house is to move.
    pub still: bool,
    /// Of what there is to try first: whether a device was crashed.
    pub has_crashed: bool,
    /// And whether a real client came.
    pub has_connected: bool,
}

impl Settings {
    /// Reads what [`Self::to_text`] wrote. What was written by another version, or damaged, counts for nothing.
    pub fn from_text(text: &str) -> Self {
        let mut lines = text.lines();
        if lines.next() != Some(VERSION) {
            return Self::default();
        }
        let place = lines.next().filter(|place| place.len() <= LONGEST).unwrap_or_default();
        let flags: Vec<&str> = lines.take(4).collect();
        Self {
            place: place.into(),
            still: flags.contains(&STILL),
            has_crashed: flags.contains(&CRASHED),
            has_connected: flags.contains(&CONNECTED),
        }
    }

    /// The settings as a text to be kept.
    pub fn to_text(&self) -> String {
        let place = Some(&self.place).filter(|place| place.len() <= LONGEST);
        let mut text = format!("{VERSION}\n{}", place.map_or("", |place| place));
        let flags = [(self.still, STILL), (self.has_crashed, CRASHED), (self.has_connected, CONNECTED)];
        for (_, flag) in flags.into_iter().filter(|(is_set, _)| *is_set) {
            text.push('\n');
            text.push_str(flag);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were_kept() {
        for (still, has_crashed, has_connected) in
            [(true, false, true), (false, true, false), (true, true, true), (false, false, false)]
        {
            let place = "#/messages/home/+/light".into();
            let settings = Settings { place, still, has_crashed, has_connected };
            assert_eq!(Settings::from_text(&settings.to_text()), settings);
        }
        assert!(!Settings::from_text("1\n#/home").still);
    }

    #[test]
    fn what_another_version_kept_or_is_damaged_or_too_long_counts_for_nothing() {
        for text in ["", "0\n#/clients", "\u{0}", "{\"place\":1}"] {
            assert_eq!(Settings::from_text(text), Settings::default(), "{text:?}");
        }
        assert_eq!(Settings::from_text("1"), Settings::default());
        let long = Settings { place: format!("#/messages/{}", "x".repeat(LONGEST)), ..Settings::default() };
        assert_eq!(Settings::from_text(&long.to_text()), Settings::default());
    }
}
