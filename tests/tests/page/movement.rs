use lacewing_tests::browser::Page;
use lacewing_tests::mosquitto::publish;
use lacewing_tests::patience::eventually;
use lacewing_tests::stand::Stand;

const LAMP: &str = "[data-device=sim-livingroom-light] .draw";

/// Counts from now on the letters that set off and the wires that light up.
const WATCH: &str = "(() => {
    window.seen = { letters: 0, wires: 0 };
    new MutationObserver(changes => changes.forEach(({ target }) => {
        if (target.matches('.bead')) seen.letters++;
        if (target.matches('.wire[data-live]')) seen.wires++;
    })).observe(document.querySelector('.house'), { subtree: true, attributes: true, attributeFilter: ['class', 'data-live'] });
})()";

#[test]
fn messages_travel_unless_movement_is_paused_or_unwelcome() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.shows("[data-room=livingroom] data", "");
    page.value(WATCH);

    switch_the_lamp(page);
    eventually("letters travel", || (seen(page, "letters")? > 0).then_some(()));

    page.press("Pause movement");
    page.shows(".controls .motion", "Resume movement");
    at_rest(page);
    page.value("Object.assign(seen, { letters: 0, wires: 0 })");
    switch_the_lamp(page);
    at_rest(page);
    assert_eq!((seen(page, "letters"), seen(page, "wires")), (Some(0), Some(0)), "nothing moves");

    page.press("Resume movement");
    page.shows(".controls .motion", "Pause movement");
    page.reduce_motion();
    // What set off before the page heard of it still arrives.
    for _ in 0..2 {
        at_rest(page);
        page.value("Object.assign(seen, { letters: 0, wires: 0 })");
        switch_the_lamp(page);
        eventually("the wires thicken", || (seen(page, "wires")? > 0).then_some(()));
    }
    at_rest(page);
    assert_eq!(seen(page, "letters"), Some(0), "nothing travels where that is unwelcome");
}

/// What lights a wire is not what draws it: where one became another's, it would stay lit for ever.
#[test]
fn a_wire_stays_that_of_its_device_when_a_client_leaves_the_street() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.shows("[data-room=livingroom] data", "");
    // It has a sign for ten seconds after it went.
    publish(stand.port(), &["-i", "visitor", "-t", "visitor/says", "-m", "hello"]);
    page.shows(".pavement", "visitor");
    page.value(
        "window.wires = [...document.querySelectorAll('[data-wire]')].map(it => [it, it.dataset.wire])",
    );
    eventually("the sign is taken away", || (!page.text(".pavement")?.contains("visitor")).then_some(()));
    let devices = "wires.filter(([wire, whose]) => whose.startsWith('sim-'))";
    let strangers = page.value(&format!(
        "{devices}.filter(([wire, whose]) => !wire.isConnected || wire.dataset.wire != whose).map(([_, whose]) => whose).join()"
    ));
    assert_eq!(strangers, Some("".into()), "these wires became others'");
    let count = page.value(&format!("{devices}.length")).and_then(|count| count.as_u64());
    assert!(count > Some(10), "there are wires: {count:?}");
}

/// Clicks on the lamp and waits until it is drawn as it then says it is.
fn switch_the_lamp(page: &Page) {
    let lit = || page.attribute(LAMP, "aria-pressed");
    let before = eventually("the lamp is drawn", lit);
    page.click(LAMP);
    eventually("the lamp is drawn as it says it is", || lit().filter(|now| *now != before));
}

/// Waits until no letter is on its way and no wire is lit.
fn at_rest(page: &Page) {
    let moving = "document.querySelectorAll('.bead, .wire[data-live]').length";
    eventually("the house is at rest", || page.value(moving).filter(|moving| *moving == 0));
}

fn seen(page: &Page, what: &str) -> Option<u64> {
    page.value(&format!("seen.{what}"))?.as_u64()
}
