//! What had the focus is taken away by what it does: the focus goes where the person goes on.

use lacewing_tests::browser::Page;
use lacewing_tests::patience::eventually;
use lacewing_tests::stand::Stand;

#[test]
fn what_is_added_to_the_house_has_the_focus_and_where_it_is_removed_the_next() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.shows("[data-room=livingroom] data", "");
    page.press("Edit the house");
    page.write("#new-room", "Attic");
    page.key("Enter");
    comes_to(page, "#add-attic");
    assert_eq!(heard(page), "Attic is there now.");
    page.key("Enter");
    page.shows(".library", "");
    page.key("Tab");
    page.key("Enter");
    comes_to(page, "input#name-sim-attic-light");
    assert_eq!(heard(page), "Light is in Attic now.");
    let selected = page.value("document.activeElement.selectionEnd - document.activeElement.selectionStart");
    assert_eq!(selected, page.value("'Light'.length"), "it is named by writing on");
    page.press("Remove Light, Attic");
    comes_to(page, "#name-attic");
    page.shows(".undo", "Removed Light.");
    page.press("Undo");
    comes_to(page, "#name-sim-attic-light");
    page.press("Close");
    comes_to(page, ".controls .link");
}

#[test]
fn a_card_takes_the_focus_when_it_is_opened_and_gives_it_back() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.shows("[data-room=livingroom] data", "");
    let light = "[data-device=sim-livingroom-light] .draw";
    page.value(&format!("document.querySelector('{light}').focus()"));
    page.key("Enter");
    comes_to(page, ".card[aria-label='Light in the Living room']");
    page.press("Close");
    comes_to(page, light);
    page.key("Enter");
    comes_to(page, ".card");
    page.key("Escape");
    comes_to(page, light);

    page.navigate(&format!("{}/#/clients", stand.lacewing.origin()));
    let client = "a[href='#/clients/sim-livingroom-sensor']";
    page.shows(client, "");
    page.value(&format!("document.querySelector(\"{client}\").focus()"));
    page.key("Enter");
    comes_to(page, ".card[aria-label='Client sim-livingroom-sensor']");
    page.key("Escape");
    comes_to(page, client);
}

/// Waits until what `selector` finds has the focus.
fn comes_to(page: &Page, selector: &str) {
    let has_it = format!(
        "document.activeElement.matches({selector:?}) || document.activeElement.outerHTML.slice(0, 200)"
    );
    let mut last = None;
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        eventually(&format!("{selector} has the focus"), || {
            last = page.value(&has_it);
            last.clone().filter(|at| *at == true)
        })
    }));
    assert!(found.is_ok(), "{selector} does not get the focus, but {last:?}");
}

/// What a screen reader was told last in the editor.
fn heard(page: &Page) -> String {
    page.text("dialog .hidden[role=status]").unwrap_or_default()
}
