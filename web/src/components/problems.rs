use yew::prelude::*;

use crate::hooks::use_page;
use crate::state::StateAction;

/// What was asked and not done, with the reason; each stays until it is read.
#[component]
pub(crate) fn Problems() -> Html {
    let page = use_page();
    html! {
        <div class="problems" role="alert">
            { for page.state.problems.iter().map(|(number, why)| {
                let (dispatch, number) = (page.dispatch.clone(), *number);
                html! {
                    <p key={number}>
                        <span>{ why }</span>
                        <button class="quiet" onclick={move |_| dispatch.emit(StateAction::Dismiss(number))}>{ "Dismiss" }</button>
                    </p>
                }
            }) }
        </div>
    }
}
