use yew::prelude::*;

use crate::components::SaveReport;

/// What is left when the worker has stopped.
#[derive(Properties, PartialEq)]
pub(crate) struct StoppedProps {
    pub(crate) report: AttrValue,
}

#[component]
pub(crate) fn Stopped(props: &StoppedProps) -> Html {
    html! {
        <div class="stopped" role="alert">
            <h1>{ "The broker in this tab has stopped" }</h1>
            <p>{ "Reload the page to start it again. Devices reconnect by themselves. This is what it said:" }</p>
            <p><a class="button primary" href="">{ "Reload" }</a></p>
            <SaveReport report={props.report.clone()} />
        </div>
    }
}
