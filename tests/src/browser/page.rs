use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::devtools::DevTools;
use super::trace::MainThread;
use crate::patience::{PATIENCE, eventually, within};

/// What of its work the browser can write down.
const DETAILS: &[&str] = &[
    "toplevel",
    "blink",
    "cc",
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "v8",
    "disabled-by-default-v8.cpu_profiler",
];

/// A tab.
#[derive(Debug)]
pub struct Page {
    pub(super) tools: Rc<RefCell<DevTools>>,
    target: String,
    pub(super) session: String,
}

impl Page {
    pub(super) fn new(tools: Rc<RefCell<DevTools>>, target: String, session: String) -> Self {
        let page = Self { tools, target, session };
        page.call("Page.enable", json!({}));
        page
    }

    /// Goes to `url`.
    ///
    /// # Panics
    /// When the page cannot be fetched.
    pub fn navigate(&self, url: &str) {
        let answer = self.call("Page.navigate", json!({ "url": url }));
        assert!(answer.get("errorText").is_none(), "{url}: {}", answer["errorText"]);
    }

    /// Loads it again, as F5 does.
    ///
    /// # Panics
    /// When no other document comes, as where the page asks whether one wants to leave.
    pub fn reload(&self) {
        self.value("window.isOld = true");
        self.call("Page.reload", json!({}));
        eventually("another document is there", || {
            let is_old = self.value("window.isOld === true")?;
            (is_old == Value::Bool(false)).then_some(())
        });
    }

    /// Closes the tab, as a click on its cross does.
    pub fn close(self) {
        let params = json!({ "targetId": self.target });
        self.tools.borrow_mut().call(None, "Target.closeTarget", params).expect("a tab can be closed");
    }

    /// What a JavaScript expression comes to; `None` when it throws, or the page is between two documents.
    pub fn value(&self, expression: &str) -> Option<Value> {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.try_call("Runtime.evaluate", params).ok()?;
        answer.get("exceptionDetails").is_none().then(|| answer["result"]["value"].take())
    }

    /// The text that `selector` shows; `None` when there is no such element.
    pub fn text(&self, selector: &str) -> Option<String> {
        let value = self.value(&format!("document.querySelector({})?.innerText", json!(selector)))?;
        value.as_str().map(str::to_owned)
    }

    /// An attribute of `selector`; `None` when either is missing.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let read = format!("document.querySelector({})?.getAttribute({})", json!(selector), json!(name));
        self.value(&read)?.as_str().map(str::to_owned)
    }

    /// Waits until `selector` shows a text with `part` in it.
    ///
    /// # Panics
    /// When it does not.
    pub fn shows(&self, selector: &str, part: &str) -> String {
        self.shows_within(PATIENCE, selector, part)
    }

    /// The same within `limit`.
    ///
    /// # Panics
    /// When it is too late.
    pub fn shows_within(&self, limit: Duration, selector: &str, part: &str) -> String {
        let mut last = None;
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            within(limit, &format!("{selector} shows {part:?}"), || {
                last = self.text(selector);
                last.clone().filter(|text| text.contains(part))
            })
        }));
        found.unwrap_or_else(|_| {
            panic!(
                "{selector} does not show {part:?}; it shows {last:?} and the page {:?}",
                self.text("body").unwrap_or_default()
            )
        })
    }

    /// Clicks with the mouse on the middle of what `selector` finds, as soon as it is there.
    ///
    /// # Panics
    /// When it never is.
    pub fn click(&self, selector: &str) {
        let object = self.object(&format!("document.querySelector({})", json!(selector)), selector);
        self.click_object(&object);
    }

    /// Clicks on the button, switch or link whose accessible name is `name`, as soon as it is there and can be pressed.
    ///
    /// # Panics
    /// When it never is.
    pub fn press(&self, name: &str) {
        // What is drawn anew or moves between the look and the click is looked for again: who misses what just jumps aside tries once more.
        let mut before = None;
        within(PATIENCE, &format!("the page has something to press called {name:?}"), || {
            let object = self.named(name)?;
            let middle = self.middle_of(&object)?;
            (before.replace(middle) == Some(middle)).then_some(())?;
            self.ask_of(
                &object,
                "this.wasHit = false; this.addEventListener('click', () => this.wasHit = true, { capture: true })",
            );
            self.click_at(middle);
            // What led to another document is not there to be asked.
            let was_hit = self.ask_of(&object, "return this.wasHit === true").is_none_or(|hit| hit == true);
            was_hit.then_some(())
        });
    }

    /// Clicks on a field and writes into it, in place of what stands there.
    ///
    /// # Panics
    /// When it never is there.
    pub fn write(&self, selector: &str, text: &str) {
        self.click(selector);
        self.value("document.activeElement.select()");
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Presses a key by its name, `Tab`, `Enter`, `ArrowDown` or a letter, and lets it go.
    pub fn key(&self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            " " => 32,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let mut params = json!({ "type": "keyDown", "key": key, "windowsVirtualKeyCode": code });
        match key {
            "Enter" => params["text"] = "\r".into(),
            letter if letter.chars().count() == 1 => params["text"] = letter.into(),
            _ => {}
        }
        self.call("Input.dispatchKeyEvent", params);
        self.call(
            "Input.dispatchKeyEvent",
            json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code }),
        );
    }

    /// Writes into the field that has the focus.
    pub fn type_text(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Has `script` run in every document from now on, before anything of its own.
    pub fn prepare(&self, script: &str) {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    /// Lets documents from now on run what is not of their origin, for scripts of tests.
    pub fn bypass_csp(&self) {
        self.call("Page.setBypassCSP", json!({ "enabled": true }));
    }

    /// Gives `origin` so many bytes of the browser's storage; `None` for what it has by itself.
    pub fn quota(&self, origin: &str, bytes: Option<u64>) {
        let mut params = json!({ "origin": origin });
        if let Some(bytes) = bytes {
            params["quotaSize"] = bytes.into();
        }
        self.call("Storage.overrideQuotaForOrigin", params);
    }

    /// Has the browser put what is downloaded into `folder` without asking.
    ///
    /// # Panics
    /// When it refuses.
    pub fn download_into(&self, folder: &Path) {
        let params = json!({ "behavior": "allow", "downloadPath": folder });
        self.tools.borrow_mut().call(None, "Browser.setDownloadBehavior", params).expect("it takes a folder");
    }

    /// Traces for `time` what the thread that draws the page does. With `keep` the browser writes down more, which costs
    /// it something, and the whole trace is kept in that file: Chromium's own developer tools can load it.
    ///
    /// # Panics
    /// When the browser does not trace, or the file cannot be written.
    pub fn trace(&self, time: Duration, keep: Option<&Path>) -> MainThread {
        let categories: &[&str] = match keep {
            Some(_) => DETAILS,
            None => &["toplevel"],
        };
        let config = json!({ "includedCategories": categories, "excludedCategories": ["*"] });
        self.call("Tracing.start", json!({ "transferMode": "ReturnAsStream", "traceConfig": config }));
        thread::sleep(time);
        self.call("Tracing.end", json!({}));
        let done = self.tools.borrow_mut().event(&self.session, "Tracing.tracingComplete");
        let mut trace = String::new();
        loop {
            let part = self.call("IO.read", json!({ "handle": done["stream"], "size": 8 << 20 }));
            trace += part["data"].as_str().unwrap_or_default();
            if part["eof"] == true {
                break;
            }
        }
        if let Some(file) = keep {
            fs::write(file, &trace).expect("the trace can be kept");
        }
        let trace: Value = serde_json::from_str(&trace).expect("a trace is JSON");
        MainThread::read(trace["traceEvents"].as_array().map_or(&[], Vec::as_slice))
    }

    /// Goes back as the browser's button does.
    pub fn back(&self) {
        self.value("history.back()");
    }

    /// Writes a picture of what is seen into `file`, a PNG.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn picture(&self, file: &Path) {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let text = answer["data"].as_str().expect("a picture");
        let bytes = BASE64.decode(text.as_bytes()).expect("the browser encodes in base64");
        fs::write(file, bytes).expect("the picture can be kept");
    }

    /// Lays the page out as on a screen of this size, in CSS pixels.
    pub fn resize(&self, width: u32, height: u32) {
        let params =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", params);
    }

    /// Minimizes the window, so that nobody sees the page.
    ///
    /// # Panics
    /// When the browser refuses.
    pub fn hide(&self) {
        let mut tools = self.tools.borrow_mut();
        let window = tools.call(None, "Browser.getWindowForTarget", json!({ "targetId": self.target }));
        let window = window.expect("a tab has a window")["windowId"].take();
        let bounds = json!({ "windowId": window, "bounds": { "windowState": "minimized" } });
        tools.call(None, "Browser.setWindowBounds", bounds).expect("a window can be minimized");
    }

    /// Whether the page is to be dark.
    pub fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Says to the page from now on that motion is unwelcome.
    pub fn reduce_motion(&self) {
        let features = json!([{ "name": "prefers-reduced-motion", "value": "reduce" }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    fn object(&self, expression: &str, what: &str) -> Value {
        within(PATIENCE, &format!("the page has {what}"), || {
            let params = json!({ "expression": expression });
            let mut answer = self.try_call("Runtime.evaluate", params).ok()?;
            Some(answer["result"]["objectId"].take()).filter(Value::is_string)
        })
    }

    /// The first element with this accessible name that can be pressed.
    fn named(&self, name: &str) -> Option<Value> {
        let root = self.try_call("DOM.getDocument", json!({ "depth": 0 })).ok()?["root"]["nodeId"].take();
        let query = json!({ "nodeId": root, "accessibleName": name });
        let found = self.try_call("Accessibility.queryAXTree", query).ok()?;
        let nodes = found["nodes"].as_array()?;
        let disabled =
            |property: &Value| property["name"] == "disabled" && property["value"]["value"] == true;
        let pressable = |node: &&Value| {
            let properties = node["properties"].as_array();
            let roles = ["button", "switch", "link", "tab", "ToggleButton"];
            node["role"]["value"].as_str().is_some_and(|role| roles.contains(&role))
                && !properties.is_some_and(|properties| properties.iter().any(disabled))
        };
        let node = nodes.iter().find(pressable)?["backendDOMNodeId"].clone();
        let mut object = self.try_call("DOM.resolveNode", json!({ "backendNodeId": node })).ok()?;
        Some(object["object"]["objectId"].take()).filter(Value::is_string)
    }

    /// Clicks with real mouse events, so that what covers an element counts.
    fn click_object(&self, object: &Value) {
        self.click_at(self.middle_of(object).expect("what is to be clicked can be seen"));
    }

    /// The middle of an element, scrolled into view; `None` when it is gone or cannot be seen.
    fn middle_of(&self, object: &Value) -> Option<(f64, f64)> {
        self.try_call("DOM.scrollIntoViewIfNeeded", json!({ "objectId": object })).ok()?;
        let quads = self.try_call("DOM.getContentQuads", json!({ "objectId": object })).ok()?;
        let corners: Vec<f64> =
            quads["quads"][0].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let middle = |axis: usize| corners.iter().skip(axis).step_by(2).sum::<f64>() / 4.0;
        (corners.len() == 8).then(|| (middle(0), middle(1)))
    }

    /// What these statements return, with the element as `this`; `None` when it is gone with its document.
    fn ask_of(&self, object: &Value, statements: &str) -> Option<Value> {
        let function = format!("function() {{ {statements} }}");
        let params = json!({ "objectId": object, "functionDeclaration": function, "returnByValue": true });
        Some(self.try_call("Runtime.callFunctionOn", params).ok()?["result"]["value"].take())
    }

    fn click_at(&self, (x, y): (f64, f64)) {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let params = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", params);
        }
    }

    fn call(&self, method: &str, params: Value) -> Value {
        self.try_call(method, params).unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_call(&self, method: &str, params: Value) -> Result<Value, String> {
        self.tools.borrow_mut().call(Some(&self.session), method, params)
    }
}
