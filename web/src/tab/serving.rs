//! Running the broker in this tab: its worker and its store's, and what becomes of them.

use std::rc::Rc;

use web_sys::MessageChannel;
use web_sys::wasm_bindgen::JsValue;

use super::exchange::Exchange;
use super::spawn::{News, STORE, Spawned, WORKER};
use super::{Tab, identity, in_words, kept_home, kept_store, served};
use crate::roles::{BridgeSetup, BrokerSetup, FromBroker, Place, Role, StoreSetup, ToClient};
use crate::wire::{Notice, Trouble, WorkerToPage};

/// A broker that crashed this often is not started again.
const CRASHES_ALLOWED: u32 = 3;

impl Tab {
    /// Runs the broker in this tab; the lock is held. It begins with what was kept, or sets that aside for a `fresh` start.
    pub(super) fn serve(self: &Rc<Self>, fresh: bool) {
        self.runs.set(false);
        self.place(Place::Searching, &[]);
        if let Err(error) = self.spawn(fresh) {
            self.place(Place::Stopped { report: in_words(&error) }, &[]);
        }
    }

    fn spawn(self: &Rc<Self>, fresh: bool) -> Result<(), JsValue> {
        let bridge =
            self.opened.token.clone().map(|token| BridgeSetup { url: served::address("link"), token });
        let role = Role::Broker(BrokerSetup {
            seed: identity::seed(),
            broker: identity::broker(),
            local_minutes: -(js_sys::Date::new_0().get_timezone_offset() as i32),
            home: kept_home::recall(),
            bridge,
        });
        let between = MessageChannel::new()?;
        let weak = Rc::downgrade(self);
        let broker = Spawned::start(WORKER, &role, &[between.port1()], move |news| {
            let Some(tab) = weak.upgrade() else { return };
            match news {
                News::Message(message) => tab.hear_broker(message),
                News::File(_) => {}
                News::Panicked(report) | News::Failed(report) => tab.crashed(report),
            }
        })?;
        let weak = Rc::downgrade(self);
        let store = Spawned::start(STORE, &StoreSetup::Serve { fresh }, &[between.port2()], move |news| {
            let Some(tab) = weak.upgrade() else { return };
            match news {
                News::Message(()) | News::File(_) => {}
                // Over a damaged file the database may panic; what was kept is as it was.
                News::Panicked(report) if !tab.runs.get() => {
                    tab.refuse(format!("it is damaged: the database gave up ({report})"));
                }
                News::Panicked(report) | News::Failed(report) => tab.crashed(report),
            }
        })?;
        *self.broker.borrow_mut() = Some(broker);
        *self.store.borrow_mut() = Some(store);
        Ok(())
    }

    fn hear_broker(self: &Rc<Self>, message: FromBroker) {
        match message {
            FromBroker::Starting(how) => self.to_client(&ToClient::Starting(how), &[]),
            FromBroker::Started => {
                self.runs.set(true);
                kept_store::persist();
                self.introduce();
                self.to_exchange(Exchange::serve);
            }
            FromBroker::Refused(why) => self.refuse(why),
            FromBroker::CarriesDevices(carries_devices) => self.carries_devices.set(carries_devices),
            FromBroker::Failed(why) => self.crashed(why),
        }
    }

    /// Both workers end: what one of them knew is of no use without the other.
    fn end(&self) {
        *self.broker.borrow_mut() = None;
        *self.store.borrow_mut() = None;
        self.runs.set(false);
        self.carries_devices.set(false);
    }

    /// A worker stopped. The broker is started again from what is kept: nothing that was acknowledged is missing there.
    fn crashed(self: &Rc<Self>, report: String) {
        self.end();
        self.crashes.set(self.crashes.get() + 1);
        if self.crashes.get() >= CRASHES_ALLOWED {
            return self.give_up(Trouble::Crashed, report);
        }
        let said = report.lines().next().unwrap_or_default();
        let notice =
            Notice::problem(format!("The broker in this tab made a mistake and was started again: {said}"));
        (self.on_message)(WorkerToPage::Notice(notice));
        self.serve(false);
    }

    /// What was kept cannot be used: a person decides what becomes of it.
    fn refuse(&self, why: String) {
        self.end();
        self.give_up(Trouble::Damaged, why);
    }

    fn give_up(&self, trouble: Trouble, why: String) {
        self.place(Place::Stopped { report: why.clone() }, &[]);
        (self.on_message)(WorkerToPage::NoBroker(Some((trouble, why))));
    }
}
