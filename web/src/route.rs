//! Where one is on the page: the fragment of its address.

use std::fmt::Write;

use crate::wire::{Screen, Window};

/// A place on the page. What a fragment names is what is shown after a reload, with the back button, or when somebody else opens the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `#/home`, `#/home/DEVICE`.
    Home(Option<String>),
    /// `#/messages`, `#/messages/FILTER`: what the stream is narrowed to; empty for all of it.
    Messages(String),
    /// `#/clients`, `#/clients/CLIENT`.
    Clients(Option<String>),
}

impl Default for Route {
    fn default() -> Self {
        Self::Home(None)
    }
}

impl Route {
    /// The whole stream of messages.
    pub const MESSAGES: Self = Self::Messages(String::new());

    /// The place a fragment names; an unknown one is home.
    pub fn parse(fragment: &str) -> Self {
        let path = fragment.strip_prefix('#').unwrap_or(fragment);
        let path = path.strip_prefix('/').unwrap_or(path);
        let (view, rest) = path.split_once('/').unwrap_or((path, ""));
        let rest = decode(rest);
        let open = Some(rest.clone()).filter(|rest| !rest.is_empty());
        match view {
            "messages" => Self::Messages(rest),
            "clients" => Self::Clients(open),
            _ => Self::Home(open),
        }
    }

    /// The fragment of this place.
    pub fn fragment(&self) -> String {
        let (view, open) = match self {
            Self::Home(device) => ("home", device.as_deref()),
            Self::Messages(filter) => ("messages", Some(filter.as_str())),
            Self::Clients(client) => ("clients", client.as_deref()),
        };
        match open.unwrap_or_default() {
            "" => format!("#/{view}"),
            open => format!("#/{view}/{}", encode(open)),
        }
    }

    /// What the worker is to show there.
    pub fn screen(&self, window: &Window) -> Screen {
        match self {
            Self::Home(device) => Screen::Home { device: device.clone() },
            Self::Messages(_) => Screen::Messages(window.clone()),
            Self::Clients(client) => Screen::Clients { client: client.clone() },
        }
    }

    /// Whether both are in the same view.
    pub fn is_beside(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// Percent-encodes what an address does not take as it is, and leaves a topic readable.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'~'
            | b'/'
            | b'+'
            | b':'
            | b'@'
            | b'$' => {
                encoded.push(char::from(byte));
            }
            // Writing into a string cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

/// Takes percent-encoding back; what is none stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        match rest.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[at + 3..];
            }
            None => {
                bytes.push(b'%');
                rest = &rest[at + 1..];
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_an_address_that_leads_back_to_it() {
        let ids =
            ["sim-livingroom-light", "Küche/Licht", "100 % sure?#", "日本", "%", "%zz", "a%2", "%C3", "/x/"];
        let mut places = vec![Route::Home(None), Route::MESSAGES, Route::Clients(None)];
        for id in ids {
            places.push(Route::Home(Some(id.into())));
            places.push(Route::Messages(id.into()));
            places.push(Route::Clients(Some(id.into())));
        }
        for place in places {
            let fragment = place.fragment();
            assert!(fragment.bytes().all(|byte| byte.is_ascii_graphic()), "{fragment}");
            assert_eq!(Route::parse(&fragment), place, "{fragment}");
        }
    }

    #[test]
    fn a_topic_can_be_read_in_the_address() {
        assert_eq!(Route::Messages("home/+/light".into()).fragment(), "#/messages/home/+/light");
        assert_eq!(Route::parse("#/messages/home/%23"), Route::Messages("home/#".into()));
    }

    #[test]
    fn what_names_no_place_is_home() {
        for fragment in ["", "#", "#/", "#/nowhere", "#pair", "home"] {
            assert_eq!(Route::parse(fragment), Route::Home(None), "{fragment:?}");
        }
    }
}
