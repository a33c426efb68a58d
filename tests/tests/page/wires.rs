use lacewing_tests::browser::Page;
use lacewing_tests::sights::settle;
use lacewing_tests::stand::Stand;

/// Every text of the house that a wire runs through, as the browser has drawn both. A text ends where its letters do, not where its line does.
const CROSSED: &str = "(() => {
    const house = document.querySelector('.house, .house-narrow');
    const texts = [], walker = document.createTreeWalker(house, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode, range = document.createRange();
        range.selectNodeContents(text);
        // What is folded away has its place all the same.
        if (!text.parentElement.checkVisibility()) continue;
        const spare = parseFloat(getComputedStyle(text.parentElement).fontSize) * 0.2;
        for (const { left, right, top, bottom } of text.data.trim() ? range.getClientRects() : []) {
            texts.push({ says: text.data, left, right, top: top + spare, bottom: bottom - spare });
        }
    }
    const crossed = new Set();
    const run = (wire, x, y) => texts.filter(it => x > it.left && x < it.right && y > it.top && y < it.bottom)
        .forEach(it => crossed.add(`${wire} runs through ${JSON.stringify(it.says)}`));
    let wires = 0;
    for (const path of house.querySelectorAll('.wiring path')) {
        wires++;
        const place = path.getScreenCTM(), length = path.getTotalLength();
        for (let at = 0; at <= length; at++) {
            const { x, y } = path.getPointAtLength(at).matrixTransform(place);
            run(path.dataset.wire ?? 'the cable', x, y);
        }
    }
    const along = (wire, { left, right, top, bottom }) => {
        wires++;
        for (let x = left; x <= right; x++) for (let y = top; y <= bottom; y++) run(wire, x, y);
    };
    for (const shaft of house.querySelectorAll('.trunk-line')) along('the shaft', shaft.getBoundingClientRect());
    for (const room of house.matches('.house-narrow') ? house.querySelectorAll('.room') : []) {
        const style = getComputedStyle(room, '::after'), box = room.getBoundingClientRect();
        const left = box.left + parseFloat(style.left), bottom = box.bottom - parseFloat(style.bottom);
        along(`the wire of ${room.innerText.split('\\n')[0]}`,
            { left, right: left + parseFloat(style.width), top: bottom - parseFloat(style.borderTopWidth), bottom });
    }
    return [wires, [...crossed]];
})()";

#[test]
fn no_wire_runs_through_a_text_of_the_house_on_any_screen() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    page.shows("[data-room=livingroom] data", "");
    let mut wrong = Vec::new();
    for (width, height) in
        [(320, 640), (390, 844), (901, 700), (1024, 768), (1280, 800), (1440, 900), (1920, 1080)]
    {
        page.resize(width, height);
        settle(page);
        let (wires, crossed) = crossed(page);
        assert!(wires > 6, "{wires} wires are drawn at {width} × {height}");
        wrong.extend(crossed.into_iter().map(|one| format!("{width} × {height}: {one}")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// How many wires are drawn, and what they cross.
fn crossed(page: &Page) -> (u32, Vec<String>) {
    let found = page.value(CROSSED).expect("the house can be measured");
    serde_json::from_value(found).expect("a number and sentences")
}
