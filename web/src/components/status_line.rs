use yew::prelude::*;

use super::{Copy, Mark};
use crate::hooks::use_page;
use crate::state::Sheet;
use crate::wire::{Action, Bridge, Devices, Place, Reach, Status};

/// The top bar: the name, where the broker is and how it is, and the two actions that are always there.
#[component]
pub(crate) fn StatusLine() -> Html {
    let page = use_page();
    let status = &page.state.status;
    let clock = page.state.house.as_ref().and_then(|house| house.clock.clone());
    html! {
        <header class="bar">
            <p class="brand"><Mark /><b>{ "Lacewing" }</b></p>
            <div class="status">
                <span class={classes!("lamp", health(status))} aria-hidden="true"></span>
                <p>
                    <span class="where" role="status">{ place(status) }</span>
                    { for figures(status).map(|text| html! { <span class="figures">{ text }</span> }) }
                    <span class="bridge">{ bridge(&status.bridge, &status.place) }</span>
                </p>
                { for address(status).map(|text| html! { <Copy text={text.clone()} what={format!("the address {text}")} /> }) }
                { for status.unsaved.as_ref().map(|why| html! { <span class="unsaved" title={why.clone()}>{ "nothing saved" }</span> }) }
                if status.devices == Devices::OtherTab {
                    <button onclick={page.acting(Action::MoveHere)}>{ "Move them here" }</button>
                }
                if can_retry(status) {
                    <button onclick={page.acting(Action::Retry)}>{ "Try now" }</button>
                }
            </div>
            { for clock.map(|clock| html! { <p class="clock" title="The time in the house">{ clock }</p> }) }
            <div class="actions">
                <button onclick={page.opening(Some(Sheet::Compose(String::new())))}>{ "Publish" }</button>
                <button class="primary" onclick={page.opening(Some(Sheet::Connect))}>{ "Connect a device" }</button>
            </div>
        </header>
    }
}

/// Where the broker is, as a sentence.
fn place(status: &Status) -> String {
    let at = |url: &str, reach: &Reach, what: &str| match reach {
        Reach::Connecting => format!("Connecting to {what} at {url}"),
        Reach::Connected => format!("Connected to {what} at {url}"),
        Reach::Refused { why, retry_in: Some(seconds), .. } => {
            format!("No connection to {url}: {why} Next try in {seconds} s.")
        }
        Reach::Refused { why, retry_in: None, .. } => format!("No connection to {url}: {why}"),
    };
    match &status.place {
        Place::Starting => "The broker is starting".into(),
        Place::ThisTab => "This tab is the broker".into(),
        Place::OtherTab => "Another tab is the broker; this one joined it".into(),
        Place::Native { url, reach } => at(url, reach, "lacewing"),
        Place::Foreign { url, reach } => at(url, reach, "the broker"),
        Place::ClientOnly { why } => why.clone(),
        Place::Stopped { .. } => "The broker has stopped".into(),
    }
}

fn figures(status: &Status) -> Option<String> {
    if !matches!(health(status), "well" | "warned") {
        return None;
    }
    let rate = if status.rate < 10.0 { format!("{:.1}", status.rate) } else { format!("{:.0}", status.rate) };
    Some(match status.clients {
        Some(1) => format!("1 client · {rate} msg/s"),
        Some(clients) => format!("{clients} clients · {rate} msg/s"),
        None => format!("{rate} msg/s here"),
    })
}

fn bridge(bridge: &Bridge, place: &Place) -> String {
    if matches!(place, Place::Foreign { .. } | Place::ClientOnly { .. }) {
        return String::new();
    }
    match bridge {
        Bridge::None => "no bridge yet".into(),
        Bridge::Linking => "linking the bridge".into(),
        Bridge::Linked(addresses) => match addresses.mqtt.first() {
            Some(address) => format!("devices at {address}"),
            None => "bridge linked".into(),
        },
        Bridge::Lost { why } => format!("bridge lost: {why}"),
        Bridge::Refused { why } => format!("bridge refused: {why}"),
        Bridge::Elsewhere => "another browser's page has the real devices".into(),
    }
}

/// The address that is worth copying.
fn address(status: &Status) -> Option<String> {
    match (&status.bridge, &status.place) {
        (Bridge::Linked(addresses), _) => addresses.mqtt.first().cloned(),
        (_, Place::Foreign { url, .. } | Place::Native { url, .. }) => Some(url.clone()),
        _ => None,
    }
}

fn can_retry(status: &Status) -> bool {
    matches!(status.bridge, Bridge::Lost { .. })
        || matches!(
            &status.place,
            Place::Native { reach: Reach::Refused { .. }, .. }
                | Place::Foreign { reach: Reach::Refused { .. }, .. }
        )
}

/// The class of the lamp beside the words.
fn health(status: &Status) -> &'static str {
    match &status.place {
        Place::Starting => "busy",
        Place::Stopped { .. } | Place::ClientOnly { .. } => "ill",
        Place::Native { reach, .. } | Place::Foreign { reach, .. } => match reach {
            Reach::Connecting => "busy",
            Reach::Connected => "well",
            Reach::Refused { .. } => "ill",
        },
        Place::ThisTab | Place::OtherTab => match &status.bridge {
            Bridge::Lost { .. } | Bridge::Refused { .. } | Bridge::Elsewhere => "warned",
            _ => "well",
        },
    }
}
