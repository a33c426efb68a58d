//! The page as a whole: it starts the worker, follows the address bar and the keyboard, and draws.

pub(crate) mod brokers;
pub(crate) mod drafts;
mod keys;
mod leaving;
pub(crate) mod opening;

use std::rc::Rc;

use wasm_bindgen::{JsCast, closure::Closure};
use yew::prelude::*;

use crate::components::{Navigation, Notices, StatusLine};
use crate::hooks::{Actions, Page};
use crate::report;
use crate::state::{Route, Sheet, State, StateAction};
use crate::tab::Tab;
use crate::views::{Clients, Compose, Connect, Edit, Home, Keys, Messages, NoBroker, Stopped, Switcher};
use crate::wire::{Action, PageToWorker};

/// Starts the page.
pub fn run() {
    report::catch_panics();
    yew::Renderer::<App>::new().render();
}

/// The page with its worker.
#[component]
fn App() -> Html {
    let state = use_reducer(|| {
        let settings = opening::settings();
        State::new(&settings, opening::route(&settings), opening::is_invited(), drafts::recall())
    });
    let tab = {
        let state = state.dispatcher();
        use_memo((), |()| Tab::start(opening::opened(), move |said| state.dispatch(StateAction::Heard(said))))
    };
    let filter = use_mut_ref(String::new);
    filter.borrow_mut().clone_from(&state.window.filter);
    {
        let (state, tab) = (state.dispatcher(), tab.clone());
        use_effect_with((), move |()| {
            follow_address(state.clone());
            keys::follow(state, filter);
            leaving::ask((*tab).clone());
        });
    }
    use_effect_with(state.settings().place, opening::name_place);
    use_effect_with(state.settings(), opening::remember_settings);
    {
        let tab = tab.clone();
        let screen = state.route.screen(&state.window);
        use_effect_with(screen, move |screen| tab.send(PageToWorker::Watch(screen.clone())));
    }
    let act = use_callback((), move |action: Action, ()| tab.send(PageToWorker::Action(action)));
    let dispatcher = state.dispatcher();
    let dispatch = use_callback((), move |action, ()| dispatcher.dispatch(action));
    html! { <Shell page={Page { state: Rc::new((*state).clone()), dispatch, act }} /> }
}

/// What surrounds the views.
#[derive(Properties, PartialEq)]
pub(crate) struct ShellProps {
    pub(crate) page: Page,
}

/// The page without its worker: everything that can be seen follows from the state.
#[component]
pub(crate) fn Shell(props: &ShellProps) -> Html {
    let page = &props.page;
    if let Some(report) = &page.state.stopped {
        return html! { <Stopped report={report.clone()} /> };
    }
    if let Some((trouble, why)) = &page.state.no_broker {
        return html! { <NoBroker page={page.clone()} trouble={*trouble} why={why.clone()} /> };
    }
    let view = match &page.state.route {
        Route::Home(_) => html! { <Home /> },
        Route::Messages(_) => html! { <Messages /> },
        Route::Clients(_) => html! { <Clients /> },
    };
    let sheet = page.state.sheet.as_ref().map(|sheet| match sheet {
        Sheet::Connect => html! { <Connect /> },
        Sheet::Edit => html! { <Edit /> },
        Sheet::Broker => html! { <Switcher /> },
        Sheet::Compose(topic) => html! { <Compose topic={topic.clone()} /> },
        Sheet::Keys => html! { <Keys /> },
    });
    html! {
        <ContextProvider<Actions> context={page.actions()}>
        <ContextProvider<Page> context={page.clone()}>
            <a class="skip" href="#view">{ "Skip to the view" }</a>
            <StatusLine />
            <Navigation />
            <main id="view" tabindex="-1">{ view }</main>
            if page.state.sheet.is_none() { <Notices /> }
            // Always one child, or the whole page would be made anew when a sheet opens, and whoever opened it would be gone.
            { sheet.unwrap_or_default() }
        </ContextProvider<Page>>
        </ContextProvider<Actions>>
    }
}

fn follow_address(state: UseReducerDispatcher<State>) {
    let Some(window) = web_sys::window() else { return };
    let changed = Closure::<dyn FnMut()>::new(move || state.dispatch(StateAction::Went(opening::place())));
    window.set_onhashchange(Some(changed.as_ref().unchecked_ref()));
    changed.forget();
}
