use yew::prelude::*;

use crate::hooks::use_page;
use crate::state::Route;

/// The destinations: at the left on a wide screen, at the bottom of a narrow one.
#[component]
pub(crate) fn Navigation() -> Html {
    let page = use_page();
    let link = |route: Route, name: &str, drawing: &'static str| {
        let here = page.state.route.is_beside(&route);
        html! {
            <li>
                <a href={route.fragment()} aria-current={here.then_some("page")}>
                    <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d={drawing} /></svg>
                    <span>{ name.to_owned() }</span>
                </a>
            </li>
        }
    };
    html! {
        <nav aria-label="Views">
            <ul>
                { link(Route::Home(None), "Home", "M3 12 12 4l9 8M6 10v10h12V10M10 20v-6h4v6") }
                { link(Route::Messages(page.state.window.filter.clone()), "Messages", "M3 7h11M18 7h3M3 12h6M13 12h8M3 17h14M21 17h0") }
                { link(Route::Clients(None), "Clients", "M12 12V5M12 12l7 6M12 12l-7 6M12 3.5v0M20 19v0M4 19v0M9.5 12a2.5 2.5 0 1 0 5 0 2.5 2.5 0 1 0-5 0") }
            </ul>
        </nav>
    }
}
