use yew::prelude::*;

use super::messages::time;
use crate::components::{Controls, DeviceCard, House, HouseNarrow, LogIn, Phone, Snippet, clients};
use crate::hooks::{Motion, marked, use_card_focus, use_media, use_page, use_replay, use_turn};
use crate::late::turns;
use crate::state::{Route, Sheet};
use crate::wire::{Caption, DeviceKind, HouseSource, HouseView, Operator, Place, Reach, Shown};

/// The house, the caption and the phone app.
#[component]
pub(crate) fn Home() -> Html {
    let page = use_page();
    let narrow = use_media("(max-width: 900px)");
    let reduced = use_media("(prefers-reduced-motion: reduce)");
    let motion = match (page.state.still, reduced) {
        (true, _) => Motion::Paused,
        (false, true) => Motion::Reduced,
        (false, false) => Motion::Full,
    };
    let (shown, launches) = use_replay(page.state.house.clone(), &page.state.beads, motion);
    let open = matches!(page.state.route, Route::Home(Some(_)));
    // The house, the phone and the sentence in one frame would be much; who asks for something sees at once what becomes of it.
    let is_asked = shown.as_ref().is_some_and(|house| house.is_asked());
    let phone = use_turn().late(&shown, (!narrow && !is_asked).then_some(turns::PHONE));
    let told = use_turn().late(&shown, Some(turns::SENTENCE));
    // Lists and cards do not wait for beads.
    let latest = page.state.house.as_ref();
    let card = latest.filter(|_| open).and_then(|house| house.detail.as_ref());
    use_card_focus(card.map(|card| card.device.id.clone()), |id| {
        format!("{} .draw", marked("data-device", id))
    });
    let Some(house) = shown.filter(|house| house.source != HouseSource::Nothing) else {
        return html! { <Waiting /> };
    };
    let status = &page.state.status;
    // Nobody is asked to open what is open.
    let invited = page.state.invited && !has_open_window(&house);
    let clock = &status.clock;
    let (clients, operator) = (clients(status), status.operator == Operator::Yes);
    let own = matches!(status.place, Place::Starting | Place::ThisTab | Place::OtherTab);
    html! {
        <div class={classes!("home", card.is_some().then_some("with-card"))}>
            <h1 class="hidden">{ if house.name.is_empty() { "The house" } else { &house.name } }</h1>
            <div class="scene">
                if narrow {
                    <HouseNarrow house={house.clone()} clock={clock.clone()} bridge={status.bridge.clone()} {clients} {own} {invited}
                        still={page.state.still} {launches} {reduced} />
                } else {
                    <House house={house.clone()} clock={clock.clone()} bridge={status.bridge.clone()} {clients} {operator} {own} {invited}
                        still={page.state.still} {launches} {reduced} />
                }
                { captions(told.as_ref().map_or(&[], |house| &house.captions)) }
                if narrow { <Controls house={house.clone()} clock={clock.clone()} still={page.state.still} {operator} /> }
            </div>
            if let Some(detail) = card {
                <aside><DeviceCard detail={detail.clone()} /></aside>
            } else if !narrow {
                <aside>
                    <Phone house={phone.unwrap_or(house)} clock={clock.clone()} />
                    <First done={[!page.state.invited, page.state.has_crashed, page.state.has_connected]} />
                </aside>
            }
        </div>
    }
}

fn has_open_window(house: &HouseView) -> bool {
    house.rooms.iter().flat_map(|room| &room.devices).any(|device| {
        device.kind == DeviceKind::Window && matches!(device.shown, Shown::Contact { active: Some(true), .. })
    })
}

/// The latest sentence, and those before it for who missed one.
fn captions(captions: &[Caption]) -> Html {
    html! {
        <div class="caption">
            <p>
                { match captions.first() {
                    Some(caption) => html! { <span key={caption.number} title={caption.topic.clone()}>{ &caption.text }</span> },
                    None => html! { <span>{ "Nobody has done anything yet. What is said in the house is told here." }</span> },
                } }
            </p>
            if let Some(earlier @ [_, ..]) = captions.get(1..) {
                <details>
                    <summary>{ "Earlier" }</summary>
                    <ol tabindex="0" aria-label="What was told before, newest first">
                        { for earlier.iter().map(|caption| html! {
                            <li key={caption.number}><time>{ &time(caption.at)[..8] }</time>{ &caption.text }</li>
                        }) }
                    </ol>
                </details>
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct FirstProps {
    /// Which of the three were tried.
    done: [bool; 3],
}

/// What to try first.
#[component]
fn First(props: &FirstProps) -> Html {
    let page = use_page();
    let class = |step: usize| props.done[step].then_some("done");
    html! {
        <section class="first">
            <h2>{ "Try this" }</h2>
            <ol>
                <li class={class(0)}>
                    { "Open the living-room window. The room cools, the thermostat hears it and calls for heat." }
                </li>
                <li class={class(1)}>{ "Click the label of a device, then crash it: the broker publishes its will." }</li>
                <li class={class(2)}>
                    { "Publish from a terminal: " }
                    <button class="link" onclick={page.opening(Some(Sheet::Connect))}>{ "connect a device" }</button>{ "." }
                </li>
            </ol>
        </section>
    }
}

/// What is shown while there is no house.
#[component]
fn Waiting() -> Html {
    let page = use_page();
    let (title, text) = match &page.state.status.place {
        Place::Starting => {
            ("Starting the broker", "It runs in this tab; the house moves in as soon as it is up.".into())
        }
        Place::ThisTab | Place::OtherTab => {
            ("The house is moving in", "The broker is up. Its simulated devices are connecting.".into())
        }
        Place::Native { reach: Reach::Connected, .. } => {
            ("No home on this broker", "The broker is up, and nothing on it describes a home.".to_owned())
        }
        Place::Foreign { reach: Reach::Connected, .. } => (
            "No home on this broker",
            "Nothing on it describes a home. Messages shows what it carries.".into(),
        ),
        Place::Native { url, reach: Reach::Refused { why, login: Some(_), .. } }
        | Place::Foreign { url, reach: Reach::Refused { why, login: Some(_), .. } } => {
            ("The broker wants to know who you are", format!("{why} That is what {url} said."))
        }
        Place::Native { url, reach: Reach::Refused { why, .. } }
        | Place::Foreign { url, reach: Reach::Refused { why, .. } } => (
            "The broker cannot be reached",
            format!("{why} Is there a broker at {url}, and does it speak MQTT over WebSocket there?"),
        ),
        Place::Native { url, .. } | Place::Foreign { url, .. } => ("Connecting", format!("Dialling {url}.")),
        Place::ClientOnly { why } => ("This page can only be a client", why.clone()),
        Place::Stopped { report } => ("The broker has stopped", report.clone()),
    };
    html! {
        <div class="empty">
            { plot() }
            <h1>{ title }</h1>
            <p>{ text }</p>
            { for wants_login(&page.state.status.place).map(|(url, username)| html! { <LogIn url={url.to_owned()} username={username.to_owned()} /> }) }
            if can_have_one(&page.state.status.place) {
                <p>{ "A home comes with any of these:" }</p>
                <ul class="ways">
                    <li>{ "Lacewing’s own: " }<Snippet text="lacewing --broker native --home" what="the command" /></li>
                    <li>{ "A retained plan on " }<code>{ "lacewing/home/plan" }</code></li>
                    <li>{ "Home Assistant’s discovery on " }<code>{ "homeassistant/device/+/config" }</code></li>
                </ul>
            }
            if matches!(page.state.status.place, Place::Foreign { .. }) {
                <p><a class="button" href="./">{ "Use the broker of this browser instead" }</a></p>
            } else if wants_login(&page.state.status.place).is_none() {
                <p><button class="primary" onclick={page.opening(Some(Sheet::Connect))}>{ "Connect a device" }</button></p>
            }
        </div>
    }
}

/// Whether it is known that this broker describes no home.
fn can_have_one(place: &Place) -> bool {
    matches!(
        place,
        Place::Native { reach: Reach::Connected, .. } | Place::Foreign { reach: Reach::Connected, .. }
    )
}

/// Where a house could stand.
fn plot() -> Html {
    html! {
        <svg class="plot" viewBox="0 0 240 110" width="240" height="110" aria-hidden="true">
            <path d="M52 106V46M188 106V46M40 46 120 6l80 40zM120 46v60M52 76h136" />
            <path class="firm" d="M4 106h232M222 106V84h12v22" />
        </svg>
    }
}

/// The address of a broker that may let in someone with a password, and the user name that it refused.
fn wants_login(place: &Place) -> Option<(&str, &str)> {
    match place {
        Place::Native { url, reach: Reach::Refused { login: Some(username), .. } }
        | Place::Foreign { url, reach: Reach::Refused { login: Some(username), .. } } => {
            Some((url, username))
        }
        _ => None,
    }
}
