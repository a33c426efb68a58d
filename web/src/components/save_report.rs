use yew::prelude::*;

use crate::report;

/// What was said when something stopped, to be read and saved.
#[derive(Properties, PartialEq)]
pub(crate) struct SaveReportProps {
    pub(crate) report: AttrValue,
}

#[component]
pub(crate) fn SaveReport(props: &SaveReportProps) -> Html {
    let whole = use_memo(props.report.clone(), |what| report::whole(what));
    html! {
        <>
            <pre class="report" tabindex="0">{ &*whole }</pre>
            <p><a class="button" download={report::FILE} href={report::address(&whole)}>{ "Save the report" }</a></p>
        </>
    }
}
