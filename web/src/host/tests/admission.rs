//! A bridge that has users: what the tab is told of them, and what it asks.

use lacewing_broker::{Rules, User};
use lacewing_control::service::{Decision, FromBridge, FromHost, Inbox, Question, framed};

use super::*;

/// The bridge's end of the service stream.
struct Clerk {
    stream: StreamId,
    inbox: Inbox,
}

impl Clerk {
    /// Opens the stream and says these rules; the tab says that they are in force.
    fn open(world: &mut World, rules: Rules) -> Self {
        let stream = world.bridge.as_mut().unwrap().open(Open::new(Listener::Service, "the bridge")).unwrap();
        let mut clerk = Self { stream, inbox: Inbox::default() };
        clerk.say(world, &FromBridge::Rules(Box::new(rules)));
        assert_eq!(clerk.heard(world), [FromHost::Ready]);
        clerk
    }

    fn say(&self, world: &mut World, message: &FromBridge) {
        let bytes = framed(message).unwrap();
        world.bridge.as_mut().unwrap().send(self.stream, &bytes).unwrap();
        world.settle();
    }

    /// What the tab has said; what devices heard meanwhile is lost.
    fn heard(&mut self, world: &mut World) -> Vec<FromHost> {
        let bytes = world.heard(self.stream);
        self.inbox.receive(&bytes);
        std::iter::from_fn(|| self.inbox.take().unwrap()).collect()
    }

    /// The one question that the tab has asked.
    fn question(&mut self, world: &mut World) -> Question {
        let heard = self.heard(world);
        let [FromHost::Question(question)] = &heard[..] else { panic!("no question: {heard:?}") };
        Question::clone(question)
    }

    fn decide(&self, world: &mut World, conn: u64, decision: Decision) {
        self.say(world, &FromBridge::Verdict { conn, decision });
    }
}

const LOGIN: &[u8] = b"\x10\x1d\x00\x04MQTT\x04\xc2\x00\x3c\x00\x04lamp\x00\x03ada\x00\x06pencil";

fn users() -> Rules {
    let ada = User { name: "ada".into(), password: Some("a fingerprint".into()), ..User::default() };
    Rules { anonymous: false, users: vec![ada], ..Rules::default() }
}

#[test]
fn the_bridge_is_asked_who_a_device_is_and_lets_it_in() {
    let mut world = World::new(true);
    world.settle();
    world.accept("");
    let mut clerk = Clerk::open(&mut world, users());

    let nobody = world.device(CONNECT);
    assert_eq!(world.heard(nobody), b"\x20\x02\x00\x05", "not authorized, and nobody had to be asked");

    let device = world.device(LOGIN);
    let question = clerk.question(&mut world);
    assert_eq!(
        (question.username.as_deref(), question.password.as_deref()),
        (Some("ada"), Some(&b"pencil"[..]))
    );
    assert_eq!(question.peer, "127.0.0.1:50312");
    let user = Decision::Allow { user: Some("ada".into()), data: None };
    clerk.decide(&mut world, question.conn, user);
    assert_eq!(world.heard(device), b"\x20\x02\x00\x00", "CONNACK, accepted");
    let lamp = world.broker.broker().client("lamp").expect("it is in");
    assert_eq!(lamp.info.user.as_deref(), Some("ada"));

    let other = world.device(LOGIN);
    let question = clerk.question(&mut world);
    clerk.decide(&mut world, question.conn, Decision::Deny { reason: 0x86 });
    assert_eq!(world.heard(other), b"\x20\x02\x00\x04", "bad user name or password");
}

#[test]
fn the_pages_own_clients_are_let_in_whatever_the_rules_say() {
    let mut world = World::new(true);
    world.settle();
    world.accept("");
    Clerk::open(&mut world, users());
    world.pass(1);
    let clients = world.broker.broker().clients(None, 100);
    let here = clients.iter().filter(|client| client.connected && client.peer == "this browser").count();
    assert_eq!(here, 2, "the phone and the messages client");
}

#[test]
fn rules_hold_from_one_link_to_the_next() {
    let mut world = World::new(true);
    world.settle();
    world.accept("");
    Clerk::open(&mut world, users());
    let now = world.now();
    world.broker.closed(now, ROAD);
    world.bridge = None;
    world.pass(1);
    world.accept("");
    let device = world.device(CONNECT);
    assert_eq!(world.heard(device), b"\x20\x02\x00\x05", "a user name is still needed");
    let named = world.device(LOGIN);
    assert_eq!(world.heard(named), b"\x20\x02\x00\x03", "and without a service nobody can be asked");
    Clerk::open(&mut world, Rules::default());
    let device = world.device(CONNECT);
    assert_eq!(world.heard(device), b"\x20\x02\x00\x00");
}

#[test]
fn a_device_that_leaves_while_the_bridge_thinks_is_forgotten_there() {
    let mut world = World::new(true);
    world.settle();
    world.accept("");
    let mut clerk = Clerk::open(&mut world, users());
    let device = world.device(LOGIN);
    let question = clerk.question(&mut world);
    world.bridge.as_mut().unwrap().reset(device, CloseCode::Aborted);
    world.settle();
    assert_eq!(clerk.heard(&mut world), [FromHost::Gone { conn: question.conn }]);
    let late = Decision::Allow { user: Some("ada".into()), data: None };
    clerk.decide(&mut world, question.conn, late);
    assert!(world.broker.broker().client("lamp").is_none());
}

#[test]
fn an_operator_has_the_rules_read_again() {
    let mut world = World::new(true);
    world.settle();
    world.accept("");
    let mut clerk = Clerk::open(&mut world, users());
    let now = world.now();
    world.broker.request(now, OPERATOR, Request::ReloadRules);
    world.settle();
    assert_eq!(clerk.heard(&mut world), [FromHost::ReloadRules { operator: OPERATOR.0 }]);
    let what = "The rules are in force: 1 user gone.".to_owned();
    clerk.say(&mut world, &FromBridge::RulesReloaded { operator: OPERATOR.0, outcome: Ok(what.clone()) });
    world.pass(1);
    let told = world
        .told
        .iter()
        .any(|message| matches!(message, WorkerToPage::Notice(notice) if notice.text == what));
    assert!(told, "the page shows it");
}
