mod commands;
mod qr;

use yew::prelude::*;

use crate::components::{LogIn, SheetFrame, Snippet};
use crate::hooks::use_page;
use crate::wire::{Action, Bridge, Place, Reach};
use commands::{Endpoint, recipes};
use qr::QrCode;

/// How to connect a device to this broker.
#[component]
pub(crate) fn Connect() -> Html {
    let page = use_page();
    let status = &page.state.status;
    let body = match (&status.place, &status.bridge) {
        (_, Bridge::Linked(addresses)) if !addresses.mqtt.is_empty() => html! {
            <>
                <p>{ "Real devices take part with plain MQTT. " }
                    { if addresses.lan.as_ref().is_some_and(|lan| !lan.tls) { "Anyone on this network can use:" } else { "Any program on this computer can use:" } }</p>
                <h2>{ "Addresses" }</h2>
                { for addresses.mqtt.iter().chain(&addresses.websocket).map(|address| html! {
                    <Snippet text={address.clone()} what="the address" />
                }) }
                if !addresses.mqtts.is_empty() || !addresses.wss.is_empty() {
                    <h2>{ "Over TLS" }</h2>
                    { for addresses.mqtts.iter().chain(&addresses.wss).map(|address| html! {
                        <Snippet text={address.clone()} what="the address" />
                    }) }
                    <p class="hint">{ "A device has to trust the certificate: with mosquitto's clients by " }<code>{ "--cafile" }</code>
                        { ", and the file that the bridge names when it starts." }</p>
                }
                { match &addresses.lan {
                    Some(lan) => html! {
                        <>
                            <h2>{ "From a phone on this network" }</h2>
                            <QrCode text={lan.url.clone()} />
                            <p>{ "The code opens " }<code>{ &lan.url }</code>{ " as a client. Devices use " }<code>{ &lan.mqtt }</code>
                                { if lan.tls { " over TLS" } else { "" } }
                                { for lan.username.as_ref().map(|user| html! { <>{ " with the user name " }<code>{ user }</code></> }) }{ "." }</p>
                        </>
                    },
                    None => html! { <p class="hint">{ "Only this computer can reach it. A listener for the whole network is opened by an \
                        explicit address, " }<code>{ "lacewing --mqtt 0.0.0.0:1883 --http 0.0.0.0:8830" }</code>{ "; then a QR code appears here." }</p> },
                } }
                <Recipes address={addresses.mqtt[0].clone()} network={addresses.lan.as_ref().filter(|lan| !lan.tls).map(|lan| lan.mqtt.clone())} />
            </>
        },
        (Place::Foreign { url, reach }, _) | (Place::Native { url, reach }, _) => html! {
            <>
                <p>{ "The broker is not in this tab. This page reaches it at:" }</p>
                <Snippet text={url.clone()} what="the address" />
                if *reach == Reach::Connected {
                    <p class="hint">{ "Its plain MQTT port is most often 1883 on the same host; the commands below assume that." }</p>
                }
                if matches!(reach, Reach::Refused { .. }) || matches!(status.place, Place::Foreign { .. }) {
                    <details open={matches!(reach, Reach::Refused { login: Some(_), .. })}>
                        <summary>{ "User name and password" }</summary>
                        <LogIn url={url.clone()} />
                    </details>
                }
                <Recipes address={format!("{}:1883", host(url))} />
            </>
        },
        (_, Bridge::Lost { why }) => html! {
            <>
                <p class="why">{ format!("The bridge is lost: {why} It is dialled again by itself.") }</p>
                <p><button onclick={page.acting(Action::Retry)}>{ "Try now" }</button></p>
                <GetBridge />
            </>
        },
        (_, Bridge::Refused { why }) => html! {
            <>
                <p class="why">{ format!("The bridge refused this page: {why}") }</p>
                <GetBridge />
            </>
        },
        (_, Bridge::Elsewhere) => html! {
            <>
                <p>{ "The bridge is up, and another browser's page has the real devices." }</p>
                <p><button class="primary" onclick={page.acting(Action::MoveHere)}>{ "Move them here" }</button></p>
            </>
        },
        _ => html! { <GetBridge /> },
    };
    html! { <SheetFrame title="Connect a device">{ body }</SheetFrame> }
}

/// What to do where there is no bridge.
#[component]
fn GetBridge() -> Html {
    html! {
        <>
            <p>{ "A browser tab cannot listen for devices. A small bridge on this computer can: it listens on port 1883 and carries every \
                device to the broker in this tab. In a checkout of Lacewing run:" }</p>
            <Snippet text="cargo xtask serve" what="the command" />
            <p>{ "and open the address it prints. It serves this same page, already paired." }</p>
            <h2>{ "If it does not come up" }</h2>
            <ul class="plain">
                <li>{ "Port 1883 is taken: an installed mosquitto often holds it. Stop it, or give the bridge another port: " }<code>{ "cargo xtask serve -- --mqtt localhost:1884" }</code></li>
                <li>{ "A device on another computer gets no answer: the bridge listens on this computer only until it is told otherwise, and a firewall may be in the way." }</li>
            </ul>
        </>
    }
}

#[derive(Properties, PartialEq)]
struct RecipesProps {
    /// Where a program on this computer connects.
    address: AttrValue,
    /// Where a device on the network does.
    #[prop_or_default]
    network: Option<String>,
}

/// Commands and programs to copy, for the kind of device one has.
#[component]
fn Recipes(props: &RecipesProps) -> Html {
    let chosen = use_state(|| 0usize);
    let network = props.network.as_deref().unwrap_or(&props.address);
    let all = recipes(&Endpoint::parse(&props.address), &Endpoint::parse(network));
    let recipe = &all[(*chosen).min(all.len() - 1)];
    html! {
        <section class="recipes">
            <h2>{ "Commands to copy" }</h2>
            <div class="tabs" role="tablist" aria-label="Kind of device">
                { for all.iter().enumerate().map(|(index, recipe)| {
                    let here = index == *chosen;
                    let chosen = chosen.clone();
                    html! {
                        <button role="tab" id={format!("tab-{index}")} aria-controls="recipe" aria-selected={here.to_string()}
                            onclick={move |_| chosen.set(index)}>{ recipe.name }</button>
                    }
                }) }
            </div>
            <div id="recipe" role="tabpanel" aria-labelledby={format!("tab-{}", *chosen)}>
                { for recipe.steps.iter().map(|(says, text)| html! {
                    <><p>{ *says }</p><Snippet text={text.clone()} what={format!("the {} example", recipe.name)} /></>
                }) }
            </div>
        </section>
    }
}

fn host(url: &str) -> String {
    web_sys::Url::new(url).map_or_else(|_| "localhost".into(), |url| url.hostname())
}
