use yew::prelude::*;

use crate::hooks::use_page;
use crate::state::StateAction;

/// What can be done about the day and the movement of the house, in the sky beside the roof.
#[component]
pub(crate) fn Controls() -> Html {
    let page = use_page();
    let still = page.state.still;
    let toggle = {
        let dispatch = page.dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(StateAction::Still(!still)))
    };
    html! {
        <div class="controls" role="group" aria-label="Day and movement">
            <button onclick={toggle} aria-pressed={if still { "true" } else { "false" }}
                title="Messages do not travel in the drawing; everything else goes on">
                { if still { "Show movement" } else { "Pause movement" } }
            </button>
        </div>
    }
}
