//! What a rule's pattern has in common with topics and with the filters of subscriptions.

/// Who a pattern is read for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) user: Option<&'a str>,
}

/// Whether a level of a pattern, no wildcard, stands for this level of a topic.
pub(super) fn is_level(mut pattern: &str, mut level: &str, who: &Who<'_>) -> bool {
    if !pattern.contains('%') {
        return pattern == level;
    }
    if is_void(pattern, who) {
        return false;
    }
    while let Some(at) = pattern.find('%') {
        let (text, rest) = pattern.split_at(at);
        let (value, rest) = match rest.as_bytes().get(1) {
            Some(b'c') => (who.client_id, &rest[2..]),
            Some(b'u') => (who.user.unwrap_or_default(), &rest[2..]),
            _ => ("%", &rest[1..]),
        };
        let Some(left) = level.strip_prefix(text).and_then(|left| left.strip_prefix(value)) else {
            return false;
        };
        (pattern, level) = (rest, left);
    }
    pattern == level
}

/// Whether a pattern speaks of every topic that `filter` matches.
pub(super) fn covers(pattern: &str, filter: &str, who: &Who<'_>) -> bool {
    if pattern == "+/#" {
        // Every topic has a first level.
        return true;
    }
    let mut levels = filter.split('/');
    for part in pattern.split('/') {
        if part == "#" {
            return true;
        }
        match levels.next() {
            None | Some("#") => return false,
            Some("+") if part != "+" => return false,
            Some(level) if part != "+" && !is_level(part, level, who) => return false,
            Some(_) => {}
        }
    }
    levels.next().is_none()
}

/// Whether a pattern speaks of any topic that `filter` matches.
pub(super) fn touches(pattern: &str, filter: &str, who: &Who<'_>) -> bool {
    if filter.starts_with(['+', '#']) && pattern.starts_with('$') {
        // [MQTT-4.7.2-1]
        return false;
    }
    if is_void(pattern, who) {
        return false;
    }
    let (mut parts, mut levels) = (pattern.split('/'), filter.split('/'));
    loop {
        match (parts.next(), levels.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (None, _) | (_, None) => return false,
            (Some("+"), _) | (_, Some("+")) => {}
            (Some(part), Some(level)) => {
                if !is_level(part, level, who) {
                    return false;
                }
            }
        }
    }
}

/// Whether a pattern speaks of nothing, since it has no place for this client id or user name.
fn is_void(pattern: &str, who: &Who<'_>) -> bool {
    let has_no_place = |value: &str| value.contains(['+', '#', '/']);
    (pattern.contains("%c") && has_no_place(who.client_id))
        || (pattern.contains("%u") && who.user.is_none_or(has_no_place))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Who<'_> = Who { client_id: "lamp", user: Some("ada") };

    #[test]
    fn a_level_may_hold_the_client_id_and_the_user_name() {
        for (pattern, level) in [
            ("a", "a"),
            ("%c", "lamp"),
            ("x-%u-%c", "x-ada-lamp"),
            ("%", "%"),
            ("%x%u", "%xada"),
            ("100%", "100%"),
        ] {
            assert!(is_level(pattern, level, &WHO), "{pattern} {level}");
        }
        for (pattern, level) in [("%c", "ada"), ("%c", "lamp2"), ("%c%c", "lamp"), ("%c", "%c"), ("", "a")] {
            assert!(!is_level(pattern, level, &WHO), "{pattern} {level}");
        }
        assert!(!is_level("%u", "", &Who { client_id: "lamp", user: None }));
        assert!(!is_level("%c", "+", &Who { client_id: "+", user: None }));
    }

    #[test]
    fn a_pattern_covers_a_filter_if_it_speaks_of_all_its_topics() {
        for (pattern, filter) in [
            ("#", "#"),
            ("#", "$SYS/#"),
            ("+/#", "#"),
            ("a/#", "a/#"),
            ("a/#", "a"),
            ("a/#", "a/+/c"),
            ("a/+", "a/+"),
            ("a/+", "a/b"),
            ("a/%c/#", "a/lamp/+"),
            ("+/b", "a/b"),
        ] {
            assert!(covers(pattern, filter, &WHO), "{pattern} {filter}");
        }
        for (pattern, filter) in [
            ("a/+", "a/#"),
            ("a", "a/#"),
            ("a/b", "a/+"),
            ("+", "#"),
            ("a/+/#", "a/#"),
            ("a/%c", "a/x"),
            ("a", "a/b"),
        ] {
            assert!(!covers(pattern, filter, &WHO), "{pattern} {filter}");
        }
    }

    #[test]
    fn a_pattern_touches_a_filter_if_they_have_a_topic_in_common() {
        for (pattern, filter) in [
            ("#", "#"),
            ("a/b", "#"),
            ("a/#", "a"),
            ("a", "a/#"),
            ("+/b", "a/+"),
            ("a/%u", "+/ada"),
            ("a/b/c", "a/+/#"),
            ("#", "+"),
        ] {
            assert!(touches(pattern, filter, &WHO), "{pattern} {filter}");
        }
        for (pattern, filter) in [
            ("a/b", "a/c"),
            ("a", "a/b"),
            ("a/b", "a"),
            ("+/b", "a/c/#"),
            ("$SYS/#", "#"),
            ("$SYS/#", "+/x"),
            ("a/%u", "+/kim"),
        ] {
            assert!(!touches(pattern, filter, &WHO), "{pattern} {filter}");
        }
    }
}
