//! Everything there is to see on the page: each view, each inspector, each sheet.

use crate::browser::Page;
use crate::lacewing::Lacewing;
use crate::patience::eventually;

/// Something to see.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    /// What a picture of it is called.
    pub name: &'static str,
    /// Where it is.
    pub fragment: &'static str,
    /// What opens it there, if it is not there at once.
    pub by: Opener,
    /// What is there once it is drawn.
    pub drawn: &'static str,
}

/// What opens something.
#[derive(Debug, Clone, Copy)]
pub enum Opener {
    /// Its address alone.
    Address,
    /// A key.
    Key(&'static str),
    /// Something to press that has this name.
    Press(&'static str),
    /// A click on the newest message of this topic, once no others are shown.
    Message(&'static str),
}

/// All there is to see of a home.
pub const SIGHTS: &[Sight] = &[
    Sight { name: "home", fragment: "#/home", by: Opener::Address, drawn: "[data-room=livingroom] data" },
    Sight {
        name: "device",
        fragment: "#/home/sim-livingroom-thermostat",
        by: Opener::Address,
        drawn: ".card",
    },
    Sight { name: "messages", fragment: "#/messages", by: Opener::Address, drawn: ".stream .row" },
    Sight {
        name: "message",
        fragment: "#/messages/home/livingroom/light/state",
        by: Opener::Message("home/livingroom/light/state"),
        drawn: ".detail",
    },
    Sight { name: "clients", fragment: "#/clients", by: Opener::Address, drawn: ".clients tbody tr" },
    Sight {
        name: "client",
        fragment: "#/clients/sim-livingroom-sensor",
        by: Opener::Address,
        drawn: ".card",
    },
    Sight { name: "connect", fragment: "#/home", by: Opener::Press("Connect a device"), drawn: "dialog" },
    Sight { name: "publish", fragment: "#/home", by: Opener::Key("p"), drawn: "dialog .compose" },
    Sight { name: "broker", fragment: "#/home", by: Opener::Press("Switch broker"), drawn: "dialog" },
    Sight { name: "edit", fragment: "#/home", by: Opener::Press("Edit the house"), drawn: "dialog" },
    Sight { name: "keys", fragment: "#/home", by: Opener::Key("?"), drawn: "dialog .keys" },
];

impl Sight {
    /// Goes there and waits until it is drawn and at rest.
    ///
    /// # Panics
    /// When it never is.
    pub fn show(&self, page: &Page, lacewing: &Lacewing) {
        page.navigate(&format!("{}/{}", lacewing.origin(), self.fragment));
        page.shows("main", "");
        settle(page);
        match self.by {
            Opener::Address => {}
            Opener::Key(key) => page.key(key),
            Opener::Press(name) => page.press(name),
            Opener::Message(topic) => {
                let shown = "[...document.querySelectorAll('.stream .topic')].map(it => it.textContent)";
                let only =
                    format!("(shown => shown.length > 0 && shown.every(it => it == {topic:?}))({shown})");
                eventually(&format!("only {topic} is shown"), || {
                    page.value(&only).filter(|only| *only == true)
                });
                settle(page);
                // It may be open still from the last time.
                if page.text(self.drawn).is_none() {
                    page.click(".stream .row");
                }
            }
        }
        page.shows(self.drawn, "");
        settle(page);
    }

    /// Closes it again, if it lies over the page.
    ///
    /// # Panics
    /// When it stays.
    pub fn close(&self, page: &Page) {
        if page.text("dialog").is_some() {
            page.key("Escape");
            eventually("the sheet closes", || page.text("dialog").is_none().then_some(()));
        }
    }
}

/// Waits until the fonts are there, what moves has come to rest, and a frame was drawn.
pub fn settle(page: &Page) {
    let rest = "document.fonts.ready.then(() => Promise.race([new Promise(rest => setTimeout(rest, 3000)), \
                Promise.allSettled(document.getAnimations().filter(it => it.effect.getComputedTiming().endTime < Infinity).map(it => it.finished))]))\
                .then(() => new Promise(requestAnimationFrame)).then(() => 1)";
    page.value(rest);
}
