//! Numbers and endings as people say them.

use lacewing_control::{Ending, Listener, NotDelivered, Preview};

use super::payload;

/// What a client of another page is called, by the client ids that pages give their two.
pub(crate) fn other_page(client: &str) -> Option<&'static str> {
    let (kind, tag) = client.split_once('-')?;
    let is_tag = tag.len() == 6 && tag.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    match kind {
        "phone" if is_tag => Some("the phone of another page"),
        "page" if is_tag => Some("another page"),
        _ => None,
    }
}

/// How long ago, "just now", "4 s ago", "3 min ago". Both in microseconds.
pub(crate) fn ago(now: u64, then: u64) -> String {
    match now.saturating_sub(then) / 1_000_000 {
        0 => "just now".into(),
        seconds => format!("{} ago", span(seconds)),
    }
}

/// How long, "for 4 s". Both in microseconds.
pub(crate) fn for_(now: u64, then: u64) -> String {
    format!("for {}", span((now.saturating_sub(then) / 1_000_000).max(1)))
}

/// A number of seconds in its largest sensible unit: "90 s", "3 min", "5 h", "4 days".
pub(crate) fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// "a", "a and b", "a, b and c".
pub(crate) fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// How long a session outlives its connection, in seconds.
pub(crate) fn session(expiry: u32) -> String {
    match expiry {
        0 => "Its session ends with its connection.".into(),
        u32::MAX => "Its session waits for it without end.".into(),
        seconds => format!("Its session waits {} after it goes.", span(seconds.into())),
    }
}

/// How a client reaches the broker.
pub(crate) fn listener(listener: Listener) -> &'static str {
    match listener {
        Listener::Tcp => "TCP",
        Listener::Tls => "TLS",
        Listener::WebSocket => "WebSocket",
        Listener::WebSocketTls => "WebSocket, TLS",
        Listener::Page => "a page",
        Listener::Home => "simulated home",
        Listener::Link => "bridge",
    }
}

/// How a client went, as the end of a sentence that begins with it.
pub(crate) fn ending(how: Ending) -> &'static str {
    match how {
        Ending::Clean => "said goodbye",
        Ending::CleanWithWill => "said goodbye and left its will",
        Ending::Lost => "vanished",
        Ending::TimedOut => "fell silent",
        Ending::TakenOver => "was taken over by another connection",
        Ending::Kicked => "was disconnected by an operator",
        Ending::Refused => "was disconnected for an error",
        Ending::Shutdown => "was disconnected when the broker shut down",
        Ending::Crash => "was lost with the broker",
    }
}

/// Why a message did not get to a client, as the end of a sentence.
pub(crate) fn obstacle(why: NotDelivered) -> &'static str {
    match why {
        NotDelivered::Away => "it is away, and QoS 0 waits for nobody",
        NotDelivered::NoLocal => "it published the message itself, and asked for no echo",
        NotDelivered::Expired => "the message was too old by then",
        NotDelivered::QueueFull => "its queue is full",
        NotDelivered::SlowReceiver => "it reads too slowly",
        NotDelivered::TooLarge => "the message is larger than it takes",
        NotDelivered::NoMember => "no member of the shared group could take it",
        NotDelivered::RetainedFull => "the broker keeps as many messages as it may",
        NotDelivered::SessionEnded => "its session ended before",
        NotDelivered::NotAllowed => "an access rule keeps the topic from it",
    }
}

/// The start of a payload in one line.
pub(crate) fn preview(preview: &Preview) -> String {
    let more = if preview.len as usize > preview.head.len() { "…" } else { "" };
    payload::preview(&preview.head).map_or_else(String::new, |(text, _)| format!("{text}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_people_say_them() {
        let s = 1_000_000;
        assert_eq!(ago(10 * s, 10 * s), "just now");
        assert_eq!(ago(14 * s, 10 * s), "4 s ago");
        assert_eq!(ago(190 * s, 10 * s), "3 min ago");
        assert_eq!(for_(10 * s, 10 * s), "for 1 s");
        assert_eq!(span(86_400 * 4), "4 days");
    }

    #[test]
    fn a_clock_set_back_does_not_make_a_negative_age() {
        assert_eq!(ago(5, 10_000_000), "just now");
    }

    #[test]
    fn names_are_listed_with_an_and() {
        let names: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        assert_eq!(list(&names), "a, b and c");
        assert_eq!(list(&names[..1]), "a");
    }
}
