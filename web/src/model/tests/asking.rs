//! Why a message did not come is asked of the broker, about a client that one names.

use super::*;
use crate::wire::MessageDetail;

/// A page that has the first message open, on `a/b`, which `receiver` got.
fn looking() -> Model {
    let mut model = with_operator(at_home());
    let payload = Preview { head: b"20.4".to_vec(), len: 4 };
    let published = EventKind::Published {
        message: 7,
        from: Some("sensor".into()),
        topic: "a/b".into(),
        qos: 0,
        retain: false,
        payload,
        receivers: 1,
    };
    let delivered = EventKind::Delivered {
        message: 7,
        to: "receiver".into(),
        topic: "a/b".into(),
        qos: 0,
        shared: None,
        queued: false,
        filters: vec!["a/#".into()],
        was_retained: false,
    };
    let event = |kind| lacewing_control::Event { number: 1, at: SECOND, kind };
    let events = vec![event(published), event(delivered)];
    model.control(SECOND, Response::Events { events, missed: 0 });
    model.watch(Screen::Messages(Window::default()));
    drain(&mut model);
    open_the_first(&mut model);
    model
}

fn open_the_first(model: &mut Model) {
    model.message(SECOND, Who::Messages, &publish("a/b", "20.4", false));
    model.watch(Screen::Messages(Window { rows: 5, open: Some(0), ..Window::default() }));
}

fn detail(model: &mut Model) -> Box<MessageDetail> {
    let detail = model.views(3 * SECOND).into_iter().find_map(|view| match view {
        WorkerToPage::Messages(view) => view.detail,
        _ => None,
    });
    detail.expect("a message is open")
}

fn ask(model: &mut Model, client_id: &str, topic: &str) -> Vec<Effect> {
    drain(model);
    model.action(2 * SECOND, Action::Ask { client_id: client_id.into(), topic: topic.into() });
    drain(model)
}

fn explain(client_id: &str, topic: &str) -> Effect {
    Effect::Control(Request::Explain { client_id: client_id.into(), topic: topic.into() })
}

fn answer(model: &mut Model, client_id: &str, explanation: Explanation) {
    let (client_id, topic) = (client_id.to_owned(), "a/b".to_owned());
    model.control(2 * SECOND, Response::Explained { client_id, topic, explanation });
}

#[test]
fn one_asks_of_an_open_message_why_another_client_did_not_get_it() {
    let mut model = looking();
    let is_listed =
        |effect: &Effect| matches!(effect, Effect::Control(Request::Watch(watch)) if watch.clients);
    assert!(drain(&mut model).iter().any(is_listed), "who else is here is asked of the host");
    let clients = ["lamp", "receiver"].map(|id| roster::tests::client(id, true));
    model.control(2 * SECOND, Response::Clients(clients.to_vec()));
    assert_eq!(
        detail(&mut model).others,
        Some(vec!["lamp".to_owned()]),
        "who got it need not be asked about"
    );

    assert_eq!(ask(&mut model, "lamp", "a/b"), [explain("lamp", "a/b")]);
    let says = "Asking the broker.".to_owned();
    assert_eq!(detail(&mut model).answer, Some(("lamp".to_owned(), says)));
    let unsubscribed = Explanation { matching: Vec::new(), nearest: Some("a/c".into()), ..away() };
    answer(&mut model, "lamp", unsubscribed);
    let says =
        "It is not subscribed to the topic. What comes nearest is a/c, which does not match.".to_owned();
    assert_eq!(detail(&mut model).answer, Some(("lamp".to_owned(), says)));
    ask(&mut model, "receiver", "a/b");
    answer(&mut model, "receiver", away());
    let (_, says) = detail(&mut model).answer.unwrap();
    assert_eq!(says, "It is in the list: delivered, QoS 0, by its subscription to a/#.");
}

#[test]
fn an_answer_is_kept_to_its_topic() {
    let mut model = looking();
    ask(&mut model, "lamp", "a/b");
    model.message(SECOND, Who::Messages, &publish("a/c", "1", false));
    model.watch(Screen::Messages(Window { rows: 5, open: Some(1), ..Window::default() }));
    assert_eq!(detail(&mut model).answer, None);
    drain(&mut model);
    model.tick(30 * SECOND);
    assert_eq!(drain(&mut model), [], "nor is it asked any more");
}

#[test]
fn of_a_client_one_asks_whether_it_gets_a_topic() {
    let mut model = looking();
    model.watch(Screen::Clients { client: Some("lamp".into()) });
    model.control(2 * SECOND, Response::Clients(vec![roster::tests::client("lamp", false)]));
    assert_eq!(ask(&mut model, "lamp", "a/b"), [explain("lamp", "a/b")]);
    answer(&mut model, "lamp", away());
    let card = model.views(3 * SECOND).into_iter().find_map(|view| match view {
        WorkerToPage::Clients(view) => view.card,
        _ => None,
    });
    let (topic, says) = card.unwrap().answer.unwrap();
    assert_eq!(topic, "a/b");
    assert!(says.contains("waits for nobody"), "now, and not for the message of before: {says}");
    let asked = ask(&mut model, "lamp", "a/#");
    assert_eq!(asked, [], "a message goes to one topic");
}

#[test]
fn where_only_the_brokers_own_page_can_tell_it_is_said_and_nothing_is_to_be_asked() {
    let mut model = at_home();
    model.control_closed("This page is an ordinary client.");
    open_the_first(&mut model);
    let detail = detail(&mut model);
    assert_eq!((detail.others, detail.answer), (None, None));
    assert!(detail.journey.unwrap_err().contains("only the broker's own page can tell. This page is"));
}
