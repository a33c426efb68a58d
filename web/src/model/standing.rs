//! The status line in words: where the broker is, how it is, and what switching to another would do.

use crate::geometry::px;
use crate::wire::{Bridge, Place, Reach, Saving, Status};

/// How the lamp beside the words is lit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Something is on its way.
    Busy,
    /// All is well.
    Well,
    /// It runs, and something is missing.
    Warned,
    /// It does not run.
    Ill,
}

/// Where the broker is, as a sentence.
pub fn place(status: &Status) -> String {
    let at = |url: &str, reach: &Reach, what: &str| match reach {
        Reach::Connecting => format!("Connecting to {what} at {url}"),
        Reach::Connected => format!("Connected to {what} at {url}"),
        Reach::Refused { why, retry_in: Some(seconds), .. } => {
            format!("No connection to {url}: {why} Next try in {seconds} s.")
        }
        Reach::Refused { why, retry_in: None, .. } => format!("No connection to {url}: {why}"),
    };
    match &status.place {
        Place::Starting => match &status.starting {
            Some(how) => format!("The broker is starting: {how}"),
            None => "The broker is starting".into(),
        },
        Place::ThisTab => "This tab is the broker".into(),
        Place::OtherTab => "Another tab is the broker; this one joined it".into(),
        Place::Native { url, reach } => at(url, reach, "lacewing"),
        Place::Foreign { url, reach } => at(url, reach, "the broker"),
        Place::ClientOnly { why } => why.clone(),
        Place::Stopped { .. } => "The broker has stopped".into(),
    }
}

/// A sentence of [`place`] in three parts. What is in the middle is left out where there is one line for it all: the address is worth more.
pub fn in_parts(place: &str) -> (&str, &str, &str) {
    let words = [" to the broker at", " to lacewing at"];
    let found = words.iter().find_map(|words| Some((place.find(words)?, words.len())));
    let (from, long) = found.unwrap_or((place.len(), 0));
    (&place[..from], &place[from..from + long], &place[from + long..])
}

/// Clients and messages a second, while there is something to count.
pub fn figures(status: &Status) -> Option<String> {
    if !matches!(health(status), Health::Well | Health::Warned) {
        return None;
    }
    let rate = if status.rate < 10.0 { f64::from(status.rate) } else { f64::from(status.rate).round() };
    let rate = px(rate);
    Some(match status.clients {
        Some(1) => format!("1 client · {rate} msg/s"),
        Some(clients) => format!("{clients} clients · {rate} msg/s"),
        None => format!("{rate} msg/s here"),
    })
}

/// How the bridge stands; empty where there is none to speak of.
pub fn bridge(status: &Status) -> String {
    if !is_in_a_tab(status) {
        return String::new();
    }
    match &status.bridge {
        Bridge::None => "no bridge yet".into(),
        Bridge::Linking => "linking the bridge".into(),
        Bridge::Linked(addresses) => match addresses.mqtt.first().or(addresses.mqtts.first()) {
            Some(address) => format!("devices at {address}"),
            None => "bridge linked".into(),
        },
        Bridge::Lost { why } => format!("bridge lost: {why}"),
        Bridge::Refused { why } => format!("bridge refused: {why}"),
        Bridge::Elsewhere => "another browser's page has the real devices".into(),
    }
}

/// The address that is worth copying.
pub fn address(status: &Status) -> Option<String> {
    match (&status.bridge, &status.place) {
        (Bridge::Linked(addresses), _) => addresses.mqtt.first().or(addresses.mqtts.first()).cloned(),
        (_, Place::Foreign { url, .. } | Place::Native { url, .. }) => Some(url.clone()),
        _ => None,
    }
}

/// What is to be told where a broker has no room for what it is to keep.
pub const NO_ROOM: &str = "There is no room to save more. Messages that have to be kept are not acknowledged until there is; \
                           nothing is lost, and everything else goes on. It is tried again by itself: make room on the disk, or \
                           clear what other sites keep.";

/// What is not saved, in two words and in full; `None` where everything is, or where nobody tells.
pub fn unsaved(status: &Status) -> Option<(&'static str, String)> {
    match &status.saving {
        Saving::Everything => None,
        Saving::Nothing { why } => Some(("nothing saved", format!("Nothing is saved. {why}"))),
        Saving::NoRoom { why } => Some(("no room to save", format!("{NO_ROOM} The storage says: {why}."))),
    }
}

/// Whether something waits for its next try.
pub fn can_retry(status: &Status) -> bool {
    matches!(status.bridge, Bridge::Lost { .. })
        || matches!(
            &status.place,
            Place::Native { reach: Reach::Refused { .. }, .. }
                | Place::Foreign { reach: Reach::Refused { .. }, .. }
        )
}

/// How it is at a glance.
pub fn health(status: &Status) -> Health {
    match &status.place {
        Place::Starting => Health::Busy,
        Place::Stopped { .. } | Place::ClientOnly { .. } => Health::Ill,
        Place::Native { reach, .. } | Place::Foreign { reach, .. } => match reach {
            Reach::Connecting => Health::Busy,
            Reach::Connected => Health::Well,
            Reach::Refused { .. } => Health::Ill,
        },
        Place::ThisTab | Place::OtherTab if status.saving != Saving::Everything => Health::Warned,
        Place::ThisTab | Place::OtherTab => match &status.bridge {
            Bridge::Lost { .. } | Bridge::Refused { .. } | Bridge::Elsewhere => Health::Warned,
            _ => Health::Well,
        },
    }
}

/// Whether the broker asks who this is.
pub fn wants_login(status: &Status) -> bool {
    matches!(
        &status.place,
        Place::Native { reach: Reach::Refused { login: Some(_), .. }, .. }
            | Place::Foreign { reach: Reach::Refused { login: Some(_), .. }, .. }
    )
}

/// What becomes of the present broker when this page goes to another.
pub fn leaving(status: &Status) -> &'static str {
    match (&status.place, &status.bridge) {
        (Place::ThisTab, Bridge::Linked(_)) => {
            "The broker in this tab stops, unless another tab of this browser takes it over: the simulated home goes, and real \
             devices wait until a tab is back."
        }
        (Place::ThisTab | Place::Starting, _) => {
            "The broker in this tab stops with its simulated home, unless another tab of this browser takes it over."
        }
        (Place::OtherTab, _) => "The broker goes on in the other tab; only this page leaves it.",
        (Place::Native { .. } | Place::Foreign { .. }, _) => "The broker goes on; only this page leaves it.",
        (Place::ClientOnly { .. } | Place::Stopped { .. }, _) => "Nothing runs here that would stop.",
    }
}

/// The WebSocket address that was meant. `secure` says whether the page itself came over https.
///
/// # Errors
/// A sentence that says what to write instead.
pub fn broker_address(text: &str, secure: bool) -> Result<String, String> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").unwrap_or((if secure { "wss" } else { "ws" }, text));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    if host.is_empty() || host.contains(char::is_whitespace) {
        return Err("Write where the broker is, as in ws://localhost:9001/mqtt.".into());
    }
    match scheme.to_ascii_lowercase().as_str() {
        "ws" if secure && !is_local(host) => Err(format!(
            "This page came over https, and from there a browser reaches wss:// only. Does the broker have wss://{rest}?"
        )),
        scheme @ ("ws" | "wss") => Ok(format!("{scheme}://{rest}")),
        "mqtt" | "mqtts" | "tcp" | "ssl" => Err(
            "A page reaches a broker by WebSocket, not by TCP. Brokers often have one at ws://HOST:9001, or ws://HOST:8083/mqtt."
                .into(),
        ),
        other => Err(format!("{other}:// is not a WebSocket address: those begin with ws:// or wss://.")),
    }
}

fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

fn is_in_a_tab(status: &Status) -> bool {
    !matches!(status.place, Place::Foreign { .. } | Place::Native { .. } | Place::ClientOnly { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lacewing_control::Addresses;

    fn status(place: Place, bridge: Bridge) -> Status {
        Status { place, bridge, ..Status::default() }
    }

    fn refused(retry_in: Option<u32>, login: Option<String>) -> Place {
        let reach = Reach::Refused { why: "No connection in time.".into(), retry_in, login };
        Place::Foreign { url: "ws://there".into(), reach }
    }

    #[test]
    fn every_state_has_its_words_and_its_lamp() {
        let said = |place| {
            let status = status(place, Bridge::None);
            (self::place(&status), health(&status))
        };
        assert_eq!(said(Place::Starting), ("The broker is starting".into(), Health::Busy));
        assert_eq!(said(Place::ThisTab), ("This tab is the broker".into(), Health::Well));
        assert_eq!(said(Place::OtherTab).0, "Another tab is the broker; this one joined it");
        let stopped = Place::Stopped { report: "panicked".into() };
        assert_eq!(said(stopped), ("The broker has stopped".into(), Health::Ill));
        let foreign = Place::Foreign { url: "ws://there".into(), reach: Reach::Connected };
        assert_eq!(said(foreign), ("Connected to the broker at ws://there".into(), Health::Well));
        let (words, lamp) = said(refused(Some(4), None));
        assert_eq!(words, "No connection to ws://there: No connection in time. Next try in 4 s.");
        assert_eq!(lamp, Health::Ill);
    }

    #[test]
    fn a_lost_bridge_is_a_warning_with_its_reason_and_a_way_to_try() {
        let lost = status(Place::ThisTab, Bridge::Lost { why: "No bridge answers.".into() });
        assert_eq!(health(&lost), Health::Warned);
        assert_eq!(bridge(&lost), "bridge lost: No bridge answers.");
        assert!(can_retry(&lost));
        assert!(!can_retry(&status(Place::ThisTab, Bridge::None)));
    }

    #[test]
    fn the_address_to_copy_is_the_devices_one_or_that_of_a_broker_elsewhere() {
        let addresses = Addresses { mqtt: vec!["localhost:1883".into()], ..Addresses::default() };
        assert_eq!(address(&status(Place::ThisTab, Bridge::Linked(addresses))).unwrap(), "localhost:1883");
        let only_tls = Addresses { mqtts: vec!["here:8883".into()], ..Addresses::default() };
        assert_eq!(address(&status(Place::ThisTab, Bridge::Linked(only_tls))).unwrap(), "here:8883");
        assert_eq!(address(&status(refused(None, None), Bridge::None)).unwrap(), "ws://there");
        assert_eq!(address(&status(Place::ThisTab, Bridge::None)), None);
    }

    #[test]
    fn who_leaves_a_broker_is_told_what_becomes_of_it() {
        let linked = status(Place::ThisTab, Bridge::Linked(Addresses::default()));
        assert!(leaving(&linked).contains("real devices wait"));
        assert!(leaving(&status(Place::ThisTab, Bridge::None)).contains("stops with its simulated home"));
        assert!(leaving(&status(Place::OtherTab, Bridge::None)).contains("goes on"));
    }

    #[test]
    fn on_a_phone_the_address_stands_without_the_words_before_it() {
        let reach = Reach::Connected;
        let place = place(&status(Place::Foreign { url: "ws://here:9001/mqtt".into(), reach }, Bridge::None));
        assert_eq!(in_parts(&place), ("Connected", " to the broker at", " ws://here:9001/mqtt"));
        assert_eq!(in_parts("This tab is the broker"), ("This tab is the broker", "", ""));
    }

    #[test]
    fn an_address_that_a_page_cannot_reach_is_explained() {
        assert_eq!(broker_address(" localhost:9001/mqtt ", false).unwrap(), "ws://localhost:9001/mqtt");
        assert_eq!(broker_address("wss://there/mqtt", true).unwrap(), "wss://there/mqtt");
        assert_eq!(broker_address("ws://localhost:9001", true).unwrap(), "ws://localhost:9001");
        assert!(broker_address("mqtt://there:1883", false).unwrap_err().contains("not by TCP"));
        assert!(broker_address("ws://there", true).unwrap_err().contains("wss://there"));
        assert!(broker_address("ftp://there", false).is_err() && broker_address("  ", false).is_err());
    }

    #[test]
    fn a_refusal_that_a_login_could_change_is_told_apart() {
        assert!(wants_login(&status(refused(None, Some(String::new())), Bridge::None)));
        assert!(!wants_login(&status(refused(None, None), Bridge::None)));
    }
}
