//! The page as a client of a broker that wants to know who it is.

use bytes::Bytes;

use super::*;
use crate::model::Who;
use crate::wire::{self, Login, Reach};

const URL: &str = "ws://elsewhere/mqtt";

/// A client worker whose broker is somewhere else, and what it asks for.
struct Page {
    now: u64,
    client: ClientHost,
    sent: Vec<(Who, Bytes)>,
    opened: Vec<Who>,
    told: Vec<WorkerToPage>,
}

impl Page {
    fn at(place: Place) -> Self {
        let now = 1_000_000;
        let moment = Moment { awake: now, wall: now };
        let client = ClientHost::new(3, moment);
        let mut page = Self { now, client, sent: Vec::new(), opened: Vec::new(), told: Vec::new() };
        page.client.place(moment, place);
        page.settle();
        page
    }

    fn moment(&self) -> Moment {
        Moment { awake: self.now, wall: self.now }
    }

    /// Opens every WebSocket that is asked for.
    fn settle(&mut self) {
        for _ in 0..20 {
            self.now += 100_000;
            let moment = self.moment();
            self.client.turn(moment);
            while let Some(output) = self.client.poll_output() {
                match output {
                    ClientOutput::OpenSocket(who, url) => {
                        assert_eq!(url, URL);
                        self.opened.push(who);
                        self.client.socket_opened(moment, who);
                    }
                    ClientOutput::SendSocket(who, bytes) => self.sent.push((who, bytes)),
                    ClientOutput::Page(message) => self.told.push(*message),
                    ClientOutput::CloseSocket(_)
                    | ClientOutput::OpenControl { .. }
                    | ClientOutput::Control(_) => {}
                }
            }
        }
    }

    /// The broker answers both clients and closes.
    fn answer(&mut self, connack: &'static [u8]) {
        let moment = self.moment();
        for who in [Who::Phone, Who::Messages] {
            self.client.socket_message(moment, who, Bytes::from_static(connack));
        }
        self.settle();
    }

    /// Whether both clients have said these two texts in the CONNECTs since last asked.
    fn both_said(&mut self, username: &str, password: &str) -> bool {
        let said = std::mem::take(&mut self.sent);
        let field = |text: &str| [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat();
        let tail = [field(username), field(password)].concat();
        let who: Vec<Who> =
            said.iter().filter(|(_, bytes)| bytes.ends_with(&tail)).map(|(who, _)| *who).collect();
        who == [Who::Phone, Who::Messages]
    }

    fn reach(&self) -> Reach {
        let place = self.told.iter().rev().find_map(|message| match message {
            WorkerToPage::Status(status) => Some(status.place.clone()),
            _ => None,
        });
        match place {
            Some(wire::Place::Foreign { reach, .. } | wire::Place::Native { reach, .. }) => reach,
            other => panic!("not elsewhere: {other:?}"),
        }
    }
}

#[test]
fn a_page_that_has_the_pairing_token_logs_in_with_it() {
    let control = Some(("ws://elsewhere/control".to_owned(), "the-token".to_owned()));
    let mut page = Page::at(Place::Native { mqtt: URL.into(), control, login: None });
    assert!(page.both_said("$operator", "the-token"));
}

#[test]
fn no_other_broker_is_shown_the_token_or_a_login_that_is_not_its_own() {
    let control = Some(("ws://elsewhere/control".to_owned(), "the-token".to_owned()));
    let mut page = Page::at(Place::Native { mqtt: URL.into(), control, login: None });
    page.sent.clear();
    let moment = page.moment();
    page.client.place(moment, Place::Foreign { url: URL.into(), because: None, login: None });
    page.settle();
    assert_eq!(page.sent.len(), 2, "both have said CONNECT");
    assert!(page.sent.iter().all(|(_, bytes)| !bytes.windows(9).any(|part| part == b"the-token")));
}

#[test]
fn a_broker_that_wants_a_password_is_given_one_when_it_was_typed() {
    let mut page = Page::at(Place::Foreign { url: URL.into(), because: None, login: None });
    page.sent.clear();
    page.answer(b"\x20\x03\x00\x87\x00");
    let Reach::Refused { login, retry_in: None, .. } = page.reach() else { panic!("{:?}", page.reach()) };
    assert_eq!(login.as_deref(), Some(""));
    assert_eq!(page.opened.len(), 2, "it does not knock again and again");

    let login = Login { username: "ada".into(), password: "pencil".into() };
    let action = Action::LogIn { url: URL.into(), login, keep: false };
    let moment = page.moment();
    page.client.page(moment, PageToWorker::Action(action));
    page.settle();
    assert!(page.both_said("ada", "pencil"));
    page.answer(b"\x20\x03\x00\x00\x00");
    assert_eq!(page.reach(), Reach::Connected);
}

#[test]
fn a_login_that_is_remembered_is_used_at_once() {
    let login = Some(Login { username: "ada".into(), password: "pencil".into() });
    let mut page = Page::at(Place::Foreign { url: URL.into(), because: None, login });
    assert!(page.both_said("ada", "pencil"));
    page.answer(b"\x20\x03\x00\x86\x00");
    let Reach::Refused { login, .. } = page.reach() else { panic!("{:?}", page.reach()) };
    assert_eq!(login.as_deref(), Some("ada"), "the name need not be typed again");
}
