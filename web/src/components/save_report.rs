use yew::prelude::*;

/// What was said when something stopped, to be read and saved.
#[derive(Properties, PartialEq)]
pub(crate) struct SaveReportProps {
    pub(crate) report: AttrValue,
}

#[component]
pub(crate) fn SaveReport(props: &SaveReportProps) -> Html {
    let text = String::from(js_sys::encode_uri_component(&props.report));
    html! {
        <>
            <pre class="report" tabindex="0">{ &props.report }</pre>
            <p><a class="button" download="lacewing-report.txt" href={format!("data:text/plain;charset=utf-8,{text}")}>{ "Save the report" }</a></p>
        </>
    }
}
