use lacewing_tests::patience::eventually;
use lacewing_tests::stand::Stand;

/// Keeps the page's workers where a test finds them.
const KEEP_WORKERS: &str = "window.Worker = class extends Worker { constructor(...all) { super(...all); (window.workers ??= []).push(this); } }";

#[test]
fn a_page_whose_worker_stops_says_what_happened_what_is_safe_and_offers_a_report_to_save() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.prepare(KEEP_WORKERS);
    page.reload();
    eventually("all workers run", || page.value("workers.length == 3").filter(|all| *all == true));
    page.shows("[data-room=livingroom]", "°C");
    page.value("workers[0].dispatchEvent(new MessageEvent('message', { data: 'panicked at the test' }))");
    page.shows("main, .stopped", "This page has stopped");
    page.shows(".stopped", "settings are kept");
    page.shows(".stopped pre", "panicked at the test");
    let report = page.attribute(".stopped a[download]", "href").expect("the report can be saved");
    let saved = page.value(&format!(
        "fetch({report:?}).then(it => it.text()).catch(() => decodeURIComponent({report:?}))"
    ));
    let saved = saved.expect("the report can be read").to_string();
    assert!(saved.contains("panicked at the test") && saved.contains("Lacewing 0."), "{saved}");
}

#[test]
fn a_broker_that_stops_is_started_again_and_the_page_says_so() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.prepare(KEEP_WORKERS);
    page.reload();
    eventually("all workers run", || page.value("workers.length == 3").filter(|all| *all == true));
    page.shows("[data-room=livingroom]", "°C");
    page.value("workers[1].dispatchEvent(new MessageEvent('message', { data: 'panicked at the test' }))");
    page.shows("body", "was started again");
    stand.is_up();
    page.shows("[data-room=livingroom]", "°C");
}

#[test]
fn a_broker_that_stops_three_times_is_not_started_again_and_what_it_kept_can_be_saved() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.prepare(KEEP_WORKERS);
    page.reload();
    for crash in 0..3 {
        // Each start has a worker for the broker and one for its store.
        let workers = 3 + 2 * crash;
        eventually("the workers run", || {
            page.value(&format!("workers.length == {workers}")).filter(|all| *all == true)
        });
        stand.is_up();
        page.value(
            "workers.at(-1).dispatchEvent(new MessageEvent('message', { data: 'panicked at the test' }))",
        );
    }
    page.shows(".stopped h1", "The broker stopped three times");
    page.shows(".stopped pre", "panicked at the test");
    let downloads = tempfile::TempDir::new().expect("a temporary folder");
    page.download_into(downloads.path());
    page.press("Save what is kept");
    eventually("what it kept is saved", || {
        let file = std::fs::read(downloads.path().join("broker-1.store")).ok()?;
        file.starts_with(b"Lacewing store").then_some(())
    });
}
