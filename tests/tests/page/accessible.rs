use lacewing_tests::axe;
use lacewing_tests::sights::SIGHTS;
use lacewing_tests::stand::Stand;

#[test]
fn axe_core_finds_nothing_on_any_view_sheet_or_inspector_light_and_dark() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    let mut found = Vec::new();
    for (size, width, height) in [("wide", 1440, 900), ("phone", 390, 844)] {
        page.resize(width, height);
        for dark in [false, true] {
            page.dark(dark);
            for sight in SIGHTS {
                sight.show(page, &stand.lacewing);
                let scheme = if dark { "dark" } else { "light" };
                let findings = axe::findings(page).into_iter();
                found.extend(findings.map(|finding| format!("{}, {size}, {scheme}: {finding}", sight.name)));
                sight.close(page);
            }
        }
    }
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}
