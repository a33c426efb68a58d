//! Where one is on the page: the fragment of its address.

use crate::wire::{Screen, Window};

/// A place on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `#/home`, `#/home/DEVICE`.
    Home(Option<String>),
    /// `#/messages`.
    Messages,
    /// `#/clients`, `#/clients/CLIENT`.
    Clients(Option<String>),
}

impl Default for Route {
    fn default() -> Self {
        Self::Home(None)
    }
}

impl Route {
    /// The place a fragment names; an unknown one is home.
    pub(crate) fn parse(fragment: &str) -> Self {
        let path = fragment.trim_start_matches('#').trim_matches('/');
        let (view, rest) = path.split_once('/').unwrap_or((path, ""));
        let rest = (!rest.is_empty()).then(|| decode(rest));
        match view {
            "messages" => Self::Messages,
            "clients" => Self::Clients(rest),
            _ => Self::Home(rest),
        }
    }

    /// The fragment of this place.
    pub(crate) fn fragment(&self) -> String {
        match self {
            Self::Home(None) => "#/home".into(),
            Self::Home(Some(device)) => format!("#/home/{}", encode(device)),
            Self::Messages => "#/messages".into(),
            Self::Clients(None) => "#/clients".into(),
            Self::Clients(Some(client)) => format!("#/clients/{}", encode(client)),
        }
    }

    /// What the worker is to show there.
    pub(crate) fn screen(&self, window: &Window) -> Screen {
        match self {
            Self::Home(device) => Screen::Home { device: device.clone() },
            Self::Messages => Screen::Messages(window.clone()),
            Self::Clients(client) => Screen::Clients { client: client.clone() },
        }
    }

    /// Whether both are in the same view.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

fn encode(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

fn decode(text: &str) -> String {
    js_sys::decode_uri_component(text).map_or_else(|_| text.into(), Into::into)
}
