use std::cell::RefCell;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use serde_json::json;
use tempfile::TempDir;

use super::devtools::DevTools;
use super::page::Page;
use crate::patience::eventually;
use crate::program::Program;
use crate::tools;

/// Without these Chromium wants a screen and a user account of its own, asks for things in the network, and greets.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=1440,900",
];

/// The names under which Chromium is installed, Debian's first.
const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// A running browser, ended when dropped.
#[derive(Debug)]
pub struct Chromium {
    program: Program,
    tools: Rc<RefCell<DevTools>>,
    _profile: Option<TempDir>,
}

impl Chromium {
    /// Starts one with an empty profile and a cold cache.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Self {
        let profile = TempDir::new().expect("a temporary folder");
        let mut chromium = Self::start_in(profile.path());
        chromium._profile = Some(profile);
        chromium
    }

    /// Starts one with the profile in `folder`, which outlives it.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_in(folder: &Path) -> Self {
        let name = NAMES.iter().find(|name| std::env::split_paths(&path()).any(|at| at.join(name).is_file()));
        let mut command = tools::program(name.unwrap_or(&NAMES[0]), Some("CHROMIUM"));
        command.args(FLAGS).arg(format!("--user-data-dir={}", folder.display())).arg("about:blank");
        let mut program = Program::start(&mut command);
        let line = program.line_with("DevTools listening on ");
        let url = line.trim_start_matches("DevTools listening on ").trim();
        Self { tools: Rc::new(RefCell::new(DevTools::dial(url))), program, _profile: None }
    }

    /// The profile it was started with.
    pub fn profile(&self) -> Profile {
        Profile { tools: Rc::clone(&self.tools), context: None }
    }

    /// Another profile, empty: it shares no storage, cache, lock or worker with the first.
    ///
    /// # Panics
    /// When the browser refuses.
    pub fn another_profile(&self) -> Profile {
        let answer = self.tools.borrow_mut().call(None, "Target.createBrowserContext", json!({}));
        let context = answer.expect("a further profile")["browserContextId"].as_str().map(str::to_owned);
        Profile { tools: Rc::clone(&self.tools), context }
    }

    /// The process ids of everything that runs pages and workers.
    ///
    /// # Panics
    /// When the browser does not tell.
    pub fn renderers(&self) -> Vec<u32> {
        self.processes_that(|process| process["type"] == "renderer")
    }

    /// The ids of all its processes.
    ///
    /// # Panics
    /// When the browser does not tell.
    pub fn processes(&self) -> Vec<u32> {
        self.processes_that(|_| true)
    }

    fn processes_that(&self, wanted: impl Fn(&serde_json::Value) -> bool) -> Vec<u32> {
        let answer = self.tools.borrow_mut().call(None, "SystemInfo.getProcessInfo", json!({}));
        let answer = answer.expect("the browser knows its processes");
        let processes = answer["processInfo"].as_array().expect("a list of processes");
        processes
            .iter()
            .filter(|process| wanted(process))
            .filter_map(|process| process["id"].as_u64().and_then(|id| u32::try_from(id).ok()))
            .collect()
    }

    /// Ends the processes of all tabs as `kill -9` does, and waits until the browser knows.
    ///
    /// # Panics
    /// When it cannot.
    pub fn kill_tabs(&self) {
        let tabs = self.renderers();
        let killed = Command::new("kill").arg("-9").args(tabs.iter().map(u32::to_string)).status();
        assert!(killed.is_ok_and(|status| status.success()), "the tabs' processes are killed");
        eventually("the browser has noticed", || {
            let left = self.renderers();
            tabs.iter().all(|tab| !left.contains(tab)).then_some(())
        });
    }

    /// The version it says it has.
    ///
    /// # Panics
    /// When it says none.
    pub fn version(&self) -> String {
        let answer = self.tools.borrow_mut().call(None, "Browser.getVersion", json!({}));
        answer.expect("the browser has a version")["product"].as_str().unwrap_or_default().to_owned()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.program.id()
    }
}

/// What belongs to one user of the browser: storage, cache, locks, shared workers.
#[derive(Debug)]
pub struct Profile {
    tools: Rc<RefCell<DevTools>>,
    context: Option<String>,
}

impl Profile {
    /// Opens a tab at `url`.
    ///
    /// # Panics
    /// When the browser refuses.
    pub fn open(&self, url: &str) -> Page {
        let mut params = json!({ "url": "about:blank" });
        if let Some(context) = &self.context {
            params["browserContextId"] = context.as_str().into();
        }
        let target = self.call("Target.createTarget", params)["targetId"].take();
        let attach = json!({ "targetId": target, "flatten": true });
        let session = self.call("Target.attachToTarget", attach)["sessionId"].take();
        let page = Page::new(
            Rc::clone(&self.tools),
            target.as_str().expect("a target id").to_owned(),
            session.as_str().expect("a session id").to_owned(),
        );
        page.navigate(url);
        page
    }

    fn call(&self, method: &str, params: serde_json::Value) -> serde_json::Value {
        self.tools.borrow_mut().call(None, method, params).expect("the browser does as it is told")
    }
}

fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
