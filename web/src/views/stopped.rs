use yew::prelude::*;

use crate::components::SaveReport;
use crate::report;

/// What is left when a worker has stopped.
#[derive(Properties, PartialEq)]
pub(crate) struct StoppedProps {
    pub(crate) report: AttrValue,
}

#[component]
pub(crate) fn Stopped(props: &StoppedProps) -> Html {
    html! {
        <div class="stopped" role="alert">
            <h1>{ "This page has stopped" }</h1>
            <p>{ report::WHAT }</p>
            <p>{ report::SAFE }</p>
            <p><a class="button primary" href="">{ "Reload" }</a></p>
            <SaveReport report={props.report.clone()} />
        </div>
    }
}
