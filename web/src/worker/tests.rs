//! What only a browser can show: both workers' parts with real ports, timers and clocks. They run in a dedicated worker.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::js_sys::{Function, Promise, Uint8Array};
use web_sys::wasm_bindgen::JsValue;
use web_sys::{MessageChannel, MessagePort};

use super::client::ClientWorker;
use super::clock::Clock;
use super::start::BrokerWorker;
use super::store::StoreWorker;
use super::turn::Turn;
use crate::host::{FromStore, say};
use crate::roles::{BrokerSetup, Place, ToBroker, ToClient};
use crate::wire::{Action, Draft, Operator, PageToWorker, Screen, Window, WorkerToPage};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// Recognises what is waited for.
type Awaited = fn(&WorkerToPage) -> bool;

/// What the page was told, and who waits to hear something certain.
#[derive(Default)]
struct Page {
    told: RefCell<Vec<WorkerToPage>>,
    waiting: RefCell<Option<(Awaited, Function)>>,
}

impl Page {
    fn hear(&self, message: WorkerToPage) {
        let awaited = self.waiting.borrow().as_ref().is_some_and(|(awaited, _)| awaited(&message));
        self.told.borrow_mut().push(message);
        if awaited && let Some((_, resolve)) = self.waiting.borrow_mut().take() {
            resolve.call0(&JsValue::NULL).unwrap();
        }
    }

    /// Resolves when the page has been told something that `awaited` recognises.
    async fn until(&self, awaited: Awaited) {
        if self.told.borrow().iter().any(awaited) {
            return;
        }
        let heard = Promise::new(&mut |resolve, _| *self.waiting.borrow_mut() = Some((awaited, resolve)));
        JsFuture::from(heard).await.unwrap();
    }
}

fn start_broker(store: MessagePort) -> BrokerWorker {
    let setup = BrokerSetup { seed: 1, broker: [1; 16], local_minutes: 0, bridge: None, home: None };
    BrokerWorker::start(setup, store, |_| {}).unwrap()
}

/// A broker that is told that nothing can be kept.
fn broker() -> BrokerWorker {
    let between = MessageChannel::new().unwrap();
    let word = say(&FromStore::Unavailable("It is a test.".into()), &[]);
    between.port2().post_message(&Uint8Array::from(&word[..]).buffer()).unwrap();
    start_broker(between.port1())
}

/// A broker with a store in a file of the browser's.
fn keeping_broker() -> (BrokerWorker, StoreWorker) {
    let between = MessageChannel::new().unwrap();
    let store = StoreWorker::start(false, between.port2()).unwrap();
    (start_broker(between.port1()), store)
}

/// Joins a client worker to a broker worker as the page does, with two channels.
fn join(broker: &BrokerWorker, client: &ClientWorker, place: Place) {
    let (mqtt, control) = (MessageChannel::new().unwrap(), MessageChannel::new().unwrap());
    broker.told(ToBroker::Guest, vec![mqtt.port1(), control.port1()]);
    client.told(ToClient::Place(place), vec![mqtt.port2(), control.port2()]);
}

fn client() -> (ClientWorker, Rc<Page>) {
    let page = Rc::new(Page::default());
    let hearing = Rc::clone(&page);
    (ClientWorker::start(5, move |message| hearing.hear(message)).unwrap(), page)
}

fn look_at_messages(client: &ClientWorker) {
    let screen = Screen::Messages(Window { rows: 10, ..Window::default() });
    client.told(ToClient::Page(PageToWorker::Watch(screen)), vec![]);
}

fn publish(client: &ClientWorker, topic: &str, retain: bool) {
    let draft = Draft { topic: topic.into(), payload: b"here".to_vec(), qos: 1, retain, ..Draft::default() };
    client.told(ToClient::Page(PageToWorker::Action(Action::Publish(draft))), vec![]);
}

fn shows(message: &WorkerToPage, topic: &str) -> bool {
    matches!(message, WorkerToPage::Messages(view) if view.rows.iter().any(|row| row.topic == topic))
}

fn is_subscribed(message: &WorkerToPage) -> bool {
    matches!(message, WorkerToPage::Messages(view) if view.subscriptions.iter().any(|s| matches!(s.state, crate::wire::SubscriptionState::Granted(_))))
}

#[wasm_bindgen_test]
async fn a_client_over_a_port_publishes_and_receives_its_own_message() {
    let broker = broker();
    let (client, page) = client();
    join(&broker, &client, Place::Here);
    look_at_messages(&client);
    page.until(is_subscribed).await;
    publish(&client, "port/topic", false);
    page.until(|message| shows(message, "port/topic")).await;
}

#[wasm_bindgen_test]
async fn the_control_port_makes_the_page_an_operator() {
    let broker = broker();
    let (client, page) = client();
    join(&broker, &client, Place::Here);
    page.until(|message| matches!(message, WorkerToPage::Status(status) if status.operator == Operator::Yes))
        .await;
}

#[wasm_bindgen_test]
async fn a_client_whose_broker_is_replaced_goes_on_with_the_next_one() {
    let (first, second) = (broker(), broker());
    let (client, page) = client();
    join(&first, &client, Place::OtherTab);
    look_at_messages(&client);
    page.until(is_subscribed).await;
    drop(first);
    join(&second, &client, Place::Here);
    publish(&client, "second/topic", false);
    page.until(|message| shows(message, "second/topic")).await;
}

#[wasm_bindgen_test]
async fn what_a_broker_keeps_in_a_file_of_the_browser_is_there_for_the_next_one() {
    let (broker, store) = keeping_broker();
    let (first, page) = client();
    join(&broker, &first, Place::Here);
    publish(&first, "kept/topic", true);
    page.until(|message| matches!(message, WorkerToPage::Posted(posted) if posted.well)).await;
    drop((first, broker, store));

    let (broker, _store) = keeping_broker();
    let (second, page) = client();
    join(&broker, &second, Place::Here);
    look_at_messages(&second);
    page.until(|message| shows(message, "kept/topic")).await;
}

#[wasm_bindgen_test]
async fn a_turn_runs_once_for_any_number_of_requests() {
    let page = Rc::new(RefCell::new((0, None::<Function>)));
    let run = Rc::clone(&page);
    let turn = Turn::new(move || {
        run.borrow_mut().0 += 1;
        if let Some(resolve) = run.borrow_mut().1.take() {
            resolve.call0(&JsValue::NULL).unwrap();
        }
    })
    .unwrap();
    for _ in 0..5 {
        turn.soon();
    }
    JsFuture::from(Promise::new(&mut |resolve, _| page.borrow_mut().1 = Some(resolve))).await.unwrap();
    assert_eq!(page.borrow().0, 1);
    let clock = Clock::new();
    let before = clock.now().awake;
    turn.at(before, Some(before + 20_000));
    JsFuture::from(Promise::new(&mut |resolve, _| page.borrow_mut().1 = Some(resolve))).await.unwrap();
    assert_eq!(page.borrow().0, 2);
    assert!(clock.now().awake >= before + 19_000, "not before its deadline");
}
