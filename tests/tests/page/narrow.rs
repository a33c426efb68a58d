use lacewing_tests::sights::SIGHTS;
use lacewing_tests::stand::Stand;

/// What is wider than its place and scrolls sideways, lines of a list that are written over each other, and every text under 12 px, drawings at
/// the size they have on the screen.
const WRONG: &str = "(() => {
    const wrong = [];
    const name = it => it.tagName.toLowerCase() + (it.className.baseVal ?? it.className).replace(/^(?=.)|\\s+/g, '.');
    const wide = document.scrollingElement.scrollWidth - innerWidth;
    if (wide > 0) wrong.push(`the page is ${wide} px too wide`);
    for (const it of document.querySelectorAll('body, main, main *, dialog[open], dialog[open] *, header, nav')) {
        const style = getComputedStyle(it);
        const scrolls = ['auto', 'scroll'].includes(style.overflowX) && it.tagName !== 'TEXTAREA';
        if (scrolls && it.scrollWidth > it.clientWidth + 1) wrong.push(`${name(it)} scrolls sideways`);
    }
    for (const it of document.querySelectorAll('main .passed, main ul, main ol')) {
        const lines = [...it.children].map(line => line.getBoundingClientRect()).filter(line => line.height);
        const over = (one, other) => one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1 && other.top < one.bottom - 1;
        if (lines.some((line, at) => at && over(lines[at - 1], line))) wrong.push(`${name(it)} writes its lines over each other`);
    }
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode, it = text.parentElement;
        const range = document.createRange();
        range.selectNodeContents(text);
        if (!text.data.trim() || !range.getClientRects().length) continue;
        const scale = it instanceof SVGElement ? Math.abs(it.getScreenCTM()?.a ?? 1) : 1;
        const size = parseFloat(getComputedStyle(it).fontSize) * scale;
        if (size < 11.99) wrong.push(`${name(it)} writes ${JSON.stringify(text.data.trim())} in ${size.toFixed(1)} px`);
    }
    return [...new Set(wrong)];
})()";

#[test]
fn at_320_pixels_nothing_scrolls_sideways_and_every_line_is_legible() {
    let stand = Stand::tab();
    let page = stand.tab.as_ref().expect("the stand has a tab");
    let mut wrong = Vec::new();
    page.resize(320, 640);
    for sight in SIGHTS {
        sight.show(page, &stand.lacewing);
        let found = page.value(WRONG).expect("the page can be measured");
        let found: Vec<String> = serde_json::from_value(found).expect("sentences");
        wrong.extend(found.into_iter().map(|finding| format!("{}: {finding}", sight.name)));
        sight.close(page);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
