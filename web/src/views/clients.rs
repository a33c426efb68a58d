use yew::prelude::*;

use crate::components::{Ask, Last};
use crate::hooks::{marked, use_card_focus, use_page};
use crate::state::{Route, Sheet};
use crate::wire::{Action, Bridge, ClientCard, ClientRow, ClientsView, Here, Operator};

/// Who is here and who is away.
#[component]
pub(crate) fn Clients() -> Html {
    let page = use_page();
    let card = page.state.clients.as_ref().and_then(|view| view.card.as_ref());
    use_card_focus(card.map(|card| card.row.client_id.clone()), |id| {
        format!(".list {}", marked("href", &Route::Clients(Some(id.to_owned())).fragment()))
    });
    let connect = page.opening::<MouseEvent>(Some(Sheet::Connect));
    let head = html! {
        <header class="view-head">
            <h1>{ "Clients" }</h1>
        </header>
    };
    if let Operator::No { why } = &page.state.status.operator {
        return html! {
            <div class="clients">
                { head }
                <div class="empty"><h2>{ "Who else is here is not known" }</h2><p>{ why }</p></div>
            </div>
        };
    }
    let Some(view) = page.state.clients.as_ref().filter(|view| view.known) else {
        return html! { <div class="clients">{ head }<p class="empty">{ "Asking the broker who is here." }</p></div> };
    };
    let (simulated, others): (Vec<_>, Vec<_>) = view.rows.iter().partition(|row| row.simulated);
    let (pages, real): (Vec<_>, Vec<_>) = others.into_iter().partition(|row| row.page || row.own);
    html! {
        <div class={classes!("clients", view.card.is_some().then_some("with-card"))}>
            // Both have a key, or the list would be made anew and lose the focus when a card opens.
            <div key="list" class="list">
                { head }
                <p class="legend">
                    { counted(&view.rows) }
                    if matches!(page.state.status.bridge, Bridge::Linked(_)) {
                        { " " }<button class="link" onclick={page.acting(Action::ReloadRules)}
                            title="The bridge reads its settings file again">{ "Reload users and rules" }</button>
                    }
                </p>
                { for departed(&page.state.route, view).map(|id| html! {
                    <p class="hint"><code>{ id }</code>{ " is not here: it left, and the broker keeps no session of it." }</p>
                }) }
                if real.is_empty() {
                    <div class="invite">
                        <h2>{ "No real client is here" }</h2>
                        <p>{ "Everyone here lives in a page. Any MQTT client can join them: a terminal, a program, an ESP32." }</p>
                        <p><button class="primary" onclick={connect}>{ "Connect a device" }</button></p>
                    </div>
                }
                <div class="scroll">
                    <table>
                        <thead><tr>
                            <th scope="col">{ "Client" }</th><th scope="col">{ "Presence" }</th><th scope="col">{ "From" }</th>
                            <th scope="col">{ "MQTT" }</th>
                            <th scope="col" class="number" title="Silent for half as long again, it counts as lost">{ "Keep-alive" }</th>
                            <th scope="col" class="number" title="Its subscriptions: what it asked to hear of">{ "Subs" }</th>
                            <th scope="col" class="number" title="Messages that wait for it">{ "Queued" }</th>
                            <th scope="col" class="number" title="Messages it sent to the broker, and got from it">{ "In / out" }</th>
                        </tr></thead>
                        { group(&page.state.route, "Real", &real) }
                        { group(&page.state.route, "Pages", &pages) }
                        { group(&page.state.route, "Simulated home", &simulated) }
                    </table>
                </div>
            </div>
            { for view.card.as_ref().map(|card| html! { <aside key="card"><Card card={card.clone()} /></aside> }) }
        </div>
    }
}

/// The client that the address names, where the broker knows none of that id.
fn departed<'a>(route: &'a Route, view: &ClientsView) -> Option<&'a str> {
    let Route::Clients(Some(id)) = route else { return None };
    view.rows.iter().all(|row| row.client_id != *id).then_some(id)
}

fn counted(rows: &[ClientRow]) -> String {
    let here = rows.iter().filter(|row| row.here == Here::Yes).count();
    let left = rows.iter().filter(|row| matches!(row.here, Here::JustLeft { .. })).count();
    let away = rows.len() - here - left;
    match left {
        0 => format!("{here} here, {away} away."),
        left => format!("{here} here, {left} just left, {away} away."),
    }
}

/// Clients of one kind under their heading.
fn group(route: &Route, name: &str, rows: &[&ClientRow]) -> Html {
    if rows.is_empty() {
        return Html::default();
    }
    html! {
        <tbody>
            <tr class="group"><th colspan="8" scope="rowgroup">{ format!("{name} ({})", rows.len()) }</th></tr>
            { for rows.iter().map(|one| row(route, one)) }
        </tbody>
    }
}

fn row(route: &Route, row: &ClientRow) -> Html {
    let (class, says) = match &row.here {
        Here::Yes => ("here", format!("here {}", row.since)),
        Here::JustLeft { how } => ("left", format!("just left: {how} {}", row.since)),
        Here::Away { how } => ("away", format!("away: {how} {}", row.since)),
    };
    let to = Route::Clients(Some(row.client_id.clone()));
    let is_near = row.simulated || row.own || row.peer.is_empty();
    let from = if is_near { row.listener.clone() } else { format!("{} {}", row.listener, row.peer) };
    html! {
        <tr key={row.client_id.clone()} class={class} aria-current={(*route == to).then_some("true")}>
            <th scope="row">
                <span class={classes!("dot", row.simulated.then_some("hollow"), (row.here != Here::Yes).then_some("gone"))} role="img"
                    aria-label={if row.simulated { "simulated" } else if row.page || row.own { "a page" } else { "real" }}></span>
                <a href={to.fragment()}><code>{ &row.client_id }</code></a>
                if row.own { <em>{ " this page" }</em> }
            </th>
            <td data-label="Presence">{ says }</td>
            <td data-label="From">{ from }</td>
            <td data-label="MQTT">{ if row.version.is_empty() { "–" } else { &row.version } }</td>
            <td data-label="Keep-alive" class="number">{ if row.keep_alive == 0 { "–".into() } else { format!("{} s", row.keep_alive) } }</td>
            <td data-label="Subscriptions" class="number">{ row.subscriptions }</td>
            <td data-label="Queued" class="number">{ row.queued }</td>
            // Of one that was gone before it was listed nobody counted.
            <td data-label="In / out" class="number">{ if row.version.is_empty() { "–".into() } else { format!("{} / {}", row.received, row.sent) } }</td>
        </tr>
    }
}

#[derive(Properties, PartialEq)]
struct CardProps {
    card: ClientCard,
}

/// One client, and what an operator can do to it.
#[component]
fn Card(props: &CardProps) -> Html {
    let page = use_page();
    let card = &props.card;
    let id = &card.row.client_id;
    let away = matches!(card.row.here, Here::JustLeft { .. });
    let ask = {
        let (act, client_id) = (page.act.clone(), id.clone());
        Callback::from(move |topic| act.emit(Action::Ask { client_id: client_id.clone(), topic }))
    };
    let typed = page.act.reform(Action::Suggest);
    html! {
        <section class="card" tabindex="-1" aria-label={format!("Client {id}")}>
            <header>
                <div>
                    <h2><code>{ id }</code></h2>
                    <p><span class={classes!("dot", card.row.simulated.then_some("hollow"))}></span>
                        { match card.row {
                            ClientRow { simulated: true, .. } => "simulated",
                            ClientRow { page: true, .. } | ClientRow { own: true, .. } => "a page",
                            _ => "real",
                        } }
                        if !card.row.version.is_empty() { { format!(" · MQTT {}", card.row.version) } }</p>
                </div>
                <button class="quiet" onclick={page.going(Route::Clients(None))}>{ "Close" }</button>
            </header>
            <p class="presence">{ format!("{} · {}", card.row.since, card.heard) }</p>
            { for card.row.user.as_ref().map(|user| html! { <p>{ "Let in as " }<code>{ user }</code></p> }) }
            <p>{ &card.session }</p>
            <p>{ format!("{} {}", keep_alive(card.row.keep_alive), waiting(card.row.queued)) }</p>
            { for card.will.as_ref().map(|will| html! { <><h3>{ "Will" }</h3><p class="will">{ will }</p></> }) }
            <h3>{ "Subscriptions" }</h3>
            if card.subscriptions.is_empty() {
                <p>{ if card.row.subscriptions == 0 { "None." } else { "Asking the broker." } }</p>
            } else {
                <ul class="topics">
                    { for card.subscriptions.iter().map(|one| html! {
                        <li key={one.filter.clone()}><code>{ &one.filter }</code><span>{ format!("QoS {}", one.qos) }</span></li>
                    }) }
                </ul>
            }
            if !card.waiting.is_empty() {
                <h3>{ "On its way and waiting" }</h3>
                <ul class="topics">{ for card.waiting.iter().map(|line| html! { <li><code>{ line }</code></li> }) }</ul>
            }
            <h3>{ "Last messages" }</h3>
            <Last rows={card.last.clone()} />
            <Ask key={id.clone()} label="Something missing? Whether it gets a topic, and why" known={page.state.topics.to_vec()}
                answer={card.answer.clone()} {ask} {typed} />
            if card.ending {
                <div class="ends">
                    <p class="why">{ "Its session is about to end." }</p>
                    <button onclick={page.acting(Action::KeepSession { client_id: id.clone() })}>{ "Keep the session" }</button>
                </div>
            } else if !away && !card.row.own {
                <div class="ends">
                    if card.row.here == Here::Yes {
                        <button onclick={page.acting(Action::Kick { client_id: id.clone() })}>{ "Disconnect" }</button>
                    }
                    <button class="danger" onclick={page.acting(Action::EndSession { client_id: id.clone() })}>{ "End its session" }</button>
                </div>
                <p class="hint">
                    if card.row.here == Here::Yes {
                        { "Disconnect cannot be undone, but most clients come back by themselves. " }
                    }
                    { "Ending the session loses what waits for it; for 15 s that can be undone." }</p>
            }
        </section>
    }
}

fn keep_alive(seconds: u16) -> String {
    match seconds {
        0 => "It promises no sign of life.".into(),
        seconds => format!("It promises a sign of life every {seconds} s."),
    }
}

fn waiting(messages: u32) -> String {
    match messages {
        0 => "Nothing waits for it.".into(),
        1 => "One message waits for it.".into(),
        more => format!("{more} messages wait for it."),
    }
}
