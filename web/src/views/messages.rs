use std::rc::Rc;

use lacewing_protocol::TopicFilter;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement};
use yew::prelude::*;

use crate::components::{Ask, Envelope};
use crate::geometry::px;
use crate::hooks::{Actions, Page, use_actions, use_media, use_page, use_turn};
use crate::late::turns;
use crate::state::{Route, Sheet, StateAction};
use crate::wire::{
    Action, Body, Journey, MessageDetail, MessageRow, MessagesView, Place, SubscribeOptions,
    SubscriptionState, Window,
};

/// The height of one row in CSS pixels, and of one with two lines on a narrow screen; the style sheet sets the same.
const ROW: i32 = 32;
const TWO_LINES: i32 = 48;
/// How many rows are written at once while all of them change.
const FEW: usize = 3;
/// Rows drawn above and below what is visible, so that scrolling shows no gap.
const SPARE: u32 = 15;

/// The stream of messages with its subscriptions.
#[component]
pub(crate) fn Messages() -> Html {
    let page = use_page();
    let view = page.state.messages.clone().unwrap_or_default();
    let late = use_turn().late(&view, view.is_flood().then_some(turns::FIGURES));
    html! {
        <div class="messages">
            <header class="view-head">
                <h1>{ "Messages" }</h1>
            </header>
            <Subscriptions />
            { tools(&page, &late) }
            <List />
        </div>
    }
}

/// The subscriptions of this view's client, and the form for one more.
#[component]
fn Subscriptions() -> Html {
    let page = use_page();
    // A public broker may punish an unasked `#`: there it is filled in, not sent.
    let foreign = matches!(page.state.status.place, Place::Foreign { .. });
    let filter = use_node_ref();
    let options = use_state(SubscribeOptions::default);
    let onsubmit = {
        let (act, filter, options) = (page.act.clone(), filter.clone(), options.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(input) = filter.cast::<HtmlInputElement>() else { return };
            let text = input.value();
            // One that is wrong stays, to be mended.
            if TopicFilter::try_from(text.as_str()).is_ok() {
                input.set_value("");
            }
            act.emit(Action::Subscribe { filter: text, options: *options });
        })
    };
    let qos = {
        let options = options.clone();
        Callback::from(move |event: Event| {
            let level = event.target_unchecked_into::<web_sys::HtmlSelectElement>().value();
            options.set(SubscribeOptions { qos: level.parse().unwrap_or(0), ..*options });
        })
    };
    let flag = |set: fn(&mut SubscribeOptions, bool)| {
        let options = options.clone();
        Callback::from(move |event: Event| {
            let mut changed = *options;
            set(&mut changed, event.target_unchecked_into::<HtmlInputElement>().checked());
            options.set(changed);
        })
    };
    html! {
        <section class="subscriptions" aria-label="Subscriptions">
            <ul>
                { for page.state.messages.iter().flat_map(|view| &view.subscriptions).map(|one| {
                    let (class, says) = match &one.state {
                        SubscriptionState::Asked => ("asked", "asked".into()),
                        SubscriptionState::Granted(qos) => ("granted", format!("QoS {qos}")),
                        SubscriptionState::Refused(why) => ("refused", why.clone()),
                    };
                    html! {
                        <li key={one.filter.clone()} class={class}>
                            <code>{ &one.filter }</code><span>{ says }</span>
                            <button class="quiet" aria-label={format!("Unsubscribe from {}", one.filter)}
                                onclick={page.acting(Action::Unsubscribe { filter: one.filter.clone() })}>{ "×" }</button>
                        </li>
                    }
                }) }
            </ul>
            <form {onsubmit}>
                <label>{ "Topic filter" }
                    <input ref={filter} class="mono" name="filter" required=true placeholder="home/#" value={foreign.then_some("#")}
                        autocomplete="off" autocapitalize="off" spellcheck="false" /></label>
                <label>{ "QoS" }
                    <select onchange={qos}>
                        { for ["0", "1", "2"].map(|level| html! {
                            <option value={level} selected={options.qos.to_string() == level}>{ level }</option>
                        }) }
                    </select></label>
                <details>
                    <summary>{ "Options" }</summary>
                    <label class="check"><input type="checkbox" checked={options.no_local} onchange={flag(|options, on| options.no_local = on)} />{ "No local: leave out what this page publishes" }</label>
                    <label class="check"><input type="checkbox" checked={options.retain_as_published} onchange={flag(|options, on| options.retain_as_published = on)} />{ "Retain as published" }</label>
                    <label class="check"><input type="checkbox" checked={options.retain_handling == 2} onchange={flag(|options, on| options.retain_handling = if on { 2 } else { 0 })} />{ "Do not send retained messages" }</label>
                </details>
                <button type="submit">{ "Subscribe" }</button>
            </form>
        </section>
    }
}

/// What is shown of all there is, and how much comes.
fn tools(page: &Page, view: &MessagesView) -> Html {
    let oninput = {
        let page = page.clone();
        Callback::from(move |event: InputEvent| {
            let filter = event.target_unchecked_into::<HtmlInputElement>().value();
            page.look(Window { filter, from: 0, until: None, ..page.state.window.clone() });
        })
    };
    // The first Escape empties the box, the next one leaves it.
    let onkeydown = Callback::from(|event: KeyboardEvent| {
        let input = event.target_unchecked_into::<HtmlInputElement>();
        if event.key() == "Escape" && input.value().is_empty() {
            let _ = input.blur();
        }
    });
    let paused = view.paused.is_some();
    html! {
        <div class="tools">
            <label class="filter"><span class="hidden">{ "Filter by topic or payload" }</span>
                <input id="filter" class="mono" type="search" placeholder="Search: text, or home/+/temperature" {oninput} {onkeydown}
                    value={page.state.window.filter.clone()} autocapitalize="off" spellcheck="false" /></label>
            <p class="count" title="This list begins with its subscription; what was published before is not in it, but for what the broker retains">
                { format!("{} shown · {} seen", view.matching, view.seen) }
                { for view.since.map(|since| html! { <>{ " since " }<time>{ &time(since)[..8] }</time></> }) }
                { format!(" · {}/s", px(view.rate.into())) }
            </p>
            if view.overloaded || view.is_flood() {
                <p class="why">{ format!("{} messages a second: more than anyone can read. {}", view.rate.round() as u32, match paused {
                    true => "What was there when you paused stays.".to_owned(),
                    false => format!("The last {} are kept; narrow the subscription or pause.", view.kept),
                }) }
                    { if view.overloaded { " Who gets each one is not recorded meanwhile." } else { "" } }</p>
            }
            <button aria-pressed={paused.to_string()} onclick={page.acting(Action::PauseMessages(!paused))}>
                { match view.paused { Some(0) => "Resume".into(), Some(more) => format!("Resume, {more} more"), None => "Pause".to_owned() } }
            </button>
            <button onclick={page.acting(Action::ClearMessages)}>{ "Clear" }</button>
        </div>
    }
}

/// The rows on screen, in a box as high as all of them would be.
#[component]
fn List() -> Html {
    let page = use_page();
    let stream = use_node_ref();
    let height = if use_media("(max-width: 900px)") { TWO_LINES } else { ROW };
    let window = &page.state.window;
    let Some(view) = page.state.messages.as_ref() else {
        return html! { <p class="empty">{ "Waiting for the worker." }</p> };
    };
    if view.matching == 0 {
        let says = match (view.subscriptions.is_empty(), view.kept) {
            (true, _) => "Nothing is subscribed. Subscribe to a filter above; # is everything.",
            (false, 0) => "Subscribed. Nothing has come yet.",
            (false, _) => "No message matches the filter.",
        };
        return html! { <p class="empty">{ says }</p> };
    }
    let onscroll = {
        let (page, newest) = (page.clone(), view.newest);
        Callback::from(move |event: Event| {
            let list = event.target_unchecked_into::<HtmlElement>();
            let first = u32::try_from(list.scroll_top() / height).unwrap_or(0).saturating_sub(SPARE);
            let rows = u32::try_from(list.client_height() / height).unwrap_or(0) + 2 * SPARE;
            let seen = &page.state.window;
            // At the top the list follows what comes; further down it stands still.
            let until = (list.scroll_top() > 0).then(|| seen.until.unwrap_or(newest));
            if first.abs_diff(seen.from) > SPARE / 2 || rows > seen.rows || until != seen.until {
                page.look(Window { from: first, rows, until, ..seen.clone() });
            }
        })
    };
    let flows = view.is_flood() && window.until.is_none() && view.paused.is_none();
    let all = view.rows.len();
    let (rows, few) = if flows { (all.min(on_screen(height)), FEW) } else { (all, all.max(1)) };
    let turns = (0..rows.div_ceil(few)).map(|turn| {
        let late = flows.then_some(turns::ROWS * (turn as u32 + 1));
        html! { <Rows key={turn} view={view.clone()} window={window.clone()} from={turn * few} {few} {late} /> }
    });
    html! {
        <div class="stream" ref={stream.clone()} role="region" aria-label="Messages, newest first" tabindex="0" {onscroll}
            onkeydown={|event: KeyboardEvent| walk(&event)}>
            if window.until.is_some() && view.newer > 0 {
                <button class="newer primary" onclick={move |_| to_top(&stream)}>{ format!("{} newer", view.newer) }</button>
            }
            <div class="all" style={format!("height:{}px", i64::from(view.matching) * i64::from(height))}>
                <ol style={format!("transform:translateY({}px)", i64::from(view.from) * i64::from(height))}>
                    { for turns }
                </ol>
            </div>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct RowsProps {
    view: Rc<MessagesView>,
    window: Window,
    /// The first of them, and how many they are at most.
    from: usize,
    few: usize,
    /// How long what is new waits to be drawn, in milliseconds, while all rows change at once.
    late: Option<u32>,
}

/// Some rows that are drawn together. Those that all change at once are written anew, which costs less than to make new ones; else each
/// stays what it is.
#[component]
fn Rows(props: &RowsProps) -> Html {
    let actions = use_actions();
    let view = use_turn().late(&props.view, props.late);
    let open = view.detail.as_deref().filter(|detail| props.window.open == Some(detail.number));
    let rows = view.rows.iter().enumerate().skip(props.from).take(props.few).map(|(place, one)| {
        let key = if props.late.is_some() { place as u64 } else { one.number };
        row(&actions, &props.window, key, one, open.filter(|detail| detail.number == one.number))
    });
    rows.collect()
}

/// How many rows of this height fit into the window at most. To ask for the list's own height would have it laid out at once.
fn on_screen(height: i32) -> usize {
    let tall = web_sys::window().and_then(|window| window.inner_height().ok()?.as_f64());
    tall.map_or(0, |tall| (tall / f64::from(height)) as usize) + 1
}

/// The arrow keys go from row to row.
fn walk(event: &KeyboardEvent) {
    let row = event.target_dyn_into::<Element>().filter(|target| target.matches(".row") == Ok(true));
    let Some(place) = row.and_then(|row| row.parent_element()) else { return };
    let next = match event.key().as_str() {
        "ArrowDown" => place.next_element_sibling(),
        "ArrowUp" => place.previous_element_sibling(),
        _ => return,
    };
    event.prevent_default();
    let next = next.and_then(|next| next.first_element_child()?.dyn_into::<HtmlElement>().ok());
    if let Some(next) = next {
        // A row can take the focus.
        let _ = next.focus();
    }
}

fn to_top(stream: &NodeRef) {
    if let Some(list) = stream.cast::<HtmlElement>() {
        list.set_scroll_top(0);
    }
}

fn row(
    actions: &Actions,
    window: &Window,
    key: u64,
    row: &MessageRow,
    detail: Option<&MessageDetail>,
) -> Html {
    let is_open = window.open == Some(row.number);
    let onclick = {
        let open = if is_open { None } else { Some(row.number) };
        let (dispatch, window) = (actions.dispatch.clone(), Window { open, ..window.clone() });
        Callback::from(move |_: MouseEvent| dispatch.emit(StateAction::Look(window.clone())))
    };
    html! {
        <li {key}>
            // Both have a key, or the row would be made anew and lose the focus when it is opened.
            <button key="row" class="row" {onclick} aria-expanded={is_open.to_string()}>
                <time>{ time(row.at) }</time>
                <code class="topic">{ &row.topic }</code>
                <span class="qos">{ format!("QoS {}", row.qos) }</span>
                <span class="flags">
                    if row.retain { <b class="retained" title="Published to be kept by the broker for later subscribers">{ "retained" }</b> }
                    if row.dup { <b title="It may have come before">{ "dup" }</b> }
                </span>
                <samp class={classes!((!row.text).then_some("bytes"))}>{ row.preview.as_deref().unwrap_or("empty") }</samp>
                <span class="size">{ format!("{} B", row.size) }</span>
            </button>
            { for detail.map(|detail| self::detail(actions, row, detail)) }
        </li>
    }
}

fn detail(actions: &Actions, row: &MessageRow, detail: &MessageDetail) -> Html {
    let body = match &detail.body {
        Body::Empty => html! { <p>{ "No payload." }</p> },
        Body::Text(text) | Body::Json(text) => html! { <pre tabindex="0">{ text }</pre> },
        Body::Hex(text) => html! { <pre class="hex" tabindex="0">{ text }</pre> },
    };
    html! {
        <div key="detail" class="detail">
            <dl>
                <dt>{ "Topic" }</dt><dd><code>{ &row.topic }</code></dd>
                <dt>{ "Delivered with" }</dt><dd>{ format!("QoS {}", row.qos) }{ if row.dup { ", DUP: it may have come before" } else { "" } }</dd>
                <dt>{ "Retained" }</dt><dd>{ match (row.retain, row.size) {
                    (true, 0) => "yes, and empty: the broker keeps nothing on this topic any more",
                    (true, _) => "yes: the broker was to keep it, until another one or an empty one takes its place",
                    (false, _) => "not known: the broker says so only to a subscription with Retain As Published",
                } }</dd>
                { for detail.properties.iter().map(|(name, value)| html! { <><dt>{ name }</dt><dd>{ value }</dd></> }) }
            </dl>
            { body }
            if detail.cut > 0 { <p>{ format!("and {} bytes more.", detail.cut) }</p> }
            <Way journey={detail.journey.clone()} />
            { for detail.others.as_ref().map(|others| {
                let (act, topic) = (actions.act.clone(), row.topic.clone());
                let ask = Callback::from(move |client_id| act.emit(Action::Ask { client_id, topic: topic.clone() }));
                html! { <Ask label="Not in the list? Why a client did not get it" known={others.clone()} answer={detail.answer.clone()} {ask} /> }
            }) }
            <div class="ends">
                { for detail.draft.as_ref().map(|draft| {
                    let (dispatch, draft) = (actions.dispatch.clone(), draft.clone());
                    html! { <button onclick={move |_| dispatch.emit(StateAction::Compose(draft.clone()))}>{ "Publish again" }</button> }
                }) }
                <button onclick={actions.opening(Some(Sheet::Compose(row.topic.clone())))}>{ "Publish on this topic" }</button>
                if row.retain && row.size > 0 {
                    <button class="danger" onclick={actions.acting(Action::ClearRetained(row.topic.clone()))}
                        title="The broker keeps it no longer">{ "Clear retained" }</button>
                }
            </div>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct WayProps {
    journey: Result<Journey, String>,
}

/// Who sent a message and who got it.
#[component]
fn Way(props: &WayProps) -> Html {
    let journey = match &props.journey {
        Ok(journey) => journey,
        Err(why) => return html! { <p class="hint">{ why }</p> },
    };
    let client = |id: &str| html! { <a href={Route::Clients(Some(id.to_owned())).fragment()}><code>{ id.to_owned() }</code></a> };
    html! {
        <>
            <p>
                { match &journey.from {
                    Some(from) if journey.is_will => html! {
                        <span class="will"><Envelope />{ "The will of " }{ client(from) }{ ", published by the broker because that vanished" }</span>
                    },
                    Some(from) => html! { <>{ "Published by " }{ client(from) }</> },
                    None => html! { "Published by the broker's operator" },
                } }
                { if journey.receivers.is_empty() { ". Nobody was subscribed." } else { ". It went to:" } }
            </p>
            <ul class="plain">
                { for journey.receivers.iter().map(|one| html! {
                    <li class={one.failed.then_some("why")}>{ client(&one.client_id) }{ format!(": {}", one.how) }</li>
                }) }
                if journey.more > 0 { <li>{ format!("and {} more", journey.more) }</li> }
            </ul>
        </>
    }
}

/// The time of day with milliseconds, in the reader's own zone.
pub(super) fn time(at: u64) -> String {
    let date = js_sys::Date::new(&(at as f64).into());
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds(),
        date.get_milliseconds()
    )
}
