mod qr;

use yew::prelude::*;

use crate::app::brokers;
use crate::components::{LogIn, SheetFrame, Snippet};
use crate::hooks::use_page;
use crate::model::checklist::{self, Check, Mark};
use crate::model::recipes::{Endpoint, recipes};
use crate::wire::{Action, Bridge, Place, Reach, Status};
use lacewing_control::Addresses;
use qr::QrCode;

/// How to connect a device to this broker.
#[component]
pub(crate) fn Connect() -> Html {
    let page = use_page();
    let status = &page.state.status;
    let body = match (&status.place, &status.bridge) {
        (_, Bridge::Linked(addresses)) => {
            html! { <Listening addresses={addresses.clone()} user={status.user.clone()} /> }
        }
        (Place::Foreign { url, reach }, _) | (Place::Native { url, reach }, _) => {
            elsewhere(status, url, reach)
        }
        (_, Bridge::Lost { .. }) => html! {
            <>
                <p class="why">{ "The bridge is lost. It is dialled again by itself." }</p>
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
                <p>{ "The bridge is up, and another browser's page has the house and the real devices." }</p>
                <p>{ "Join it, and this page shows that same house, as a client of its broker." }</p>
                <p><button class="primary" onclick={|_| brokers::join()}>{ "Join its house" }</button></p>
                <p>{ "Or move the devices: they reconnect to the house of this page, and the other page loses them and says so." }</p>
                <p><button onclick={page.acting(Action::MoveHere)}>{ "Move them here" }</button></p>
            </>
        },
        _ => html! { <GetBridge /> },
    };
    let elsewhere = matches!(status.place, Place::Foreign { .. }) || status.bridge == Bridge::Elsewhere;
    html! {
        <SheetFrame title="Connect a device">
            { body }
            if !elsewhere { <Checklist checks={checklist::checks(status)} /> }
        </SheetFrame>
    }
}

#[derive(Properties, PartialEq)]
struct ListeningProps {
    addresses: Addresses,
    user: Option<String>,
}

/// Where devices connect, and what to copy for it.
#[component]
fn Listening(props: &ListeningProps) -> Html {
    let ListeningProps { addresses, user } = props;
    let plain = addresses.mqtt.first();
    let Some(address) = plain.or(addresses.mqtts.first()) else {
        return html! { <p>{ "The bridge is linked. It does not say where it listens." }</p> };
    };
    html! {
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
            { for user.as_ref().map(|user| html! {
                <p class="hint">{ "A user name and its password are needed here; the commands below have " }<code>{ user }</code>
                    { " and a password to fill in." }</p>
            }) }
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
                None => Html::default(),
            } }
            <Recipes endpoint={Endpoint::new(address, plain.is_none(), user.as_deref())}
                network={addresses.lan.as_ref().map(|lan| Endpoint::new(&lan.mqtt, lan.tls, user.as_deref()))} />
            <h2>{ "The same house on a second screen" }</h2>
            <p>{ "Another browser, or a phone's window, shows this house and can switch it:" }</p>
            <Snippet text={brokers::second_screen()} what="the address of this house" />
        </>
    }
}

fn elsewhere(status: &Status, url: &str, reach: &Reach) -> Html {
    let refused = matches!(reach, Reach::Refused { .. });
    let asks = matches!(reach, Reach::Refused { login: Some(_), .. });
    html! {
        <>
            <p>{ "The broker is not in this tab. This page reaches it at:" }</p>
            <Snippet text={url.to_owned()} what="the address" />
            if *reach == Reach::Connected {
                <p class="hint">{ "Devices need its plain MQTT port in place of " }<code>{ "PORT" }</code>{ ": most often 1883. A page that runs the \
                    broker says it under “Connect a device”." }</p>
            }
            if refused || matches!(status.place, Place::Foreign { .. }) {
                <details open={asks}>
                    <summary>{ "User name and password" }</summary>
                    <LogIn url={url.to_owned()} />
                </details>
            }
            <Recipes endpoint={Endpoint::new(&format!("{}:PORT", host(url)), false, asks.then_some("NAME"))} />
        </>
    }
}

#[derive(Properties, PartialEq)]
struct ChecklistProps {
    checks: Vec<Check>,
}

/// What has to be so for a device to get through, as it stands at the moment.
#[component]
fn Checklist(props: &ChecklistProps) -> Html {
    html! {
        <section class="checklist" aria-label="If it does not get through">
            <h2>{ "If it does not get through" }</h2>
            <ol>
                { for props.checks.iter().map(|check| {
                    let (class, sign, word) = match check.mark {
                        Mark::Good => ("good", "✓", "in order"),
                        Mark::Waiting => ("waiting", "…", "waiting"),
                        Mark::Bad => ("bad", "!", "not in order"),
                        Mark::Unknown => ("unknown", "?", "not known"),
                    };
                    html! {
                        <li key={check.what} class={class}>
                            <span class="sign" role="img" aria-label={word}>{ sign }</span>
                            <div>
                                <p><b>{ check.what }{ ". " }</b>{ &check.says }</p>
                                { for check.command.as_ref().map(|text| html! { <Snippet text={text.clone()} what="the command" /> }) }
                            </div>
                        </li>
                    }
                }) }
            </ol>
        </section>
    }
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
        </>
    }
}

#[derive(Properties, PartialEq)]
struct RecipesProps {
    /// Where a program on this computer connects.
    endpoint: Endpoint,
    /// Where a device on the network does.
    #[prop_or_default]
    network: Option<Endpoint>,
}

/// Commands and programs to copy, for the kind of device one has.
#[component]
fn Recipes(props: &RecipesProps) -> Html {
    let chosen = use_state(|| 0usize);
    let all = recipes(&props.endpoint, props.network.as_ref().unwrap_or(&props.endpoint));
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
