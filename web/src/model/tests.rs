//! The model as the client worker uses it, on the simulated house's own plan.

use bytes::Bytes;
use lacewing_control::{DevicePower, EventKind, Explanation, HostKind, Preview, Response, Saving};
use lacewing_protocol::{PublishProperties, TopicName};
use lacewing_sim::plan::PLAN_TOPIC;

use super::*;
use crate::wire::{Control, DeviceView, Draft, HouseSource, HouseView, Presence, Shown, Warmth, Window};

mod asking;
mod busy;
mod captions;

const SECOND: u64 = 1_000_000;
const SENSOR: &str = "sim-livingroom-sensor";
const LAMP: &str = "sim-livingroom-light";

fn publish(topic: &str, payload: &str, retain: bool) -> Publish {
    Publish {
        dup: false,
        qos: QoS::AtMostOnce,
        retain,
        topic: Some(TopicName::try_from(topic).unwrap()),
        packet_id: None,
        payload: Bytes::copy_from_slice(payload.as_bytes()),
        properties: PublishProperties::new(),
    }
}

/// A page on a broker of its own that has read the plan.
fn at_home() -> Model {
    let mut model = Model::new("phone", "page");
    model.place(Place::ThisTab);
    model.connected(Who::Phone, true);
    model.connected(Who::Messages, true);
    let plan = lacewing_sim::house::plan().to_json();
    model.message(0, Who::Phone, &publish(PLAN_TOPIC, &plan, true));
    drain(&mut model);
    model
}

fn with_operator(mut model: Model) -> Model {
    let hello = Response::Hello { version: 1, host: HostKind::Tab, saving: Saving::Everything, home: true };
    model.control(0, hello);
    model.control(0, Response::Home(vec![(SENSOR.into(), DevicePower::On)]));
    drain(&mut model);
    model
}

fn drain(model: &mut Model) -> Vec<Effect> {
    std::iter::from_fn(|| model.poll_effect()).collect()
}

fn tell(model: &mut Model, at: u64, topic: &str, payload: &str) {
    model.message(at, Who::Phone, &publish(topic, payload, false));
}

fn house(model: &mut Model, now: u64) -> HouseView {
    model.watch(Screen::Home { device: None });
    let views = model.views(now);
    let house = views.into_iter().find_map(|view| match view {
        WorkerToPage::House(house) => Some(*house),
        _ => None,
    });
    house.expect("the house is on screen")
}

fn device(house: &HouseView, id: &str) -> DeviceView {
    let device = house.rooms.iter().flat_map(|room| &room.devices).find(|device| device.id == id);
    device.expect("a device of the plan").clone()
}

#[test]
fn the_house_is_drawn_from_its_retained_plan() {
    let mut model = at_home();
    let house = house(&mut model, SECOND);
    assert_eq!(house.source, HouseSource::Plan);
    assert_eq!(house.rooms.len(), 6);
    assert!(matches!(device(&house, "sim-livingroom-thermostat").shown, Shown::Climate { .. }));
}

#[test]
fn the_phone_subscribes_to_what_the_plan_names_and_to_nothing_twice() {
    let mut model = Model::new("phone", "page");
    model.connected(Who::Phone, true);
    let plan = lacewing_sim::house::plan().to_json();
    drain(&mut model);
    model.message(0, Who::Phone, &publish(PLAN_TOPIC, &plan, true));
    let names = |effects: Vec<Effect>| -> Vec<String> {
        let filters = effects.into_iter().filter_map(|effect| match effect {
            Effect::Subscribe { filter, .. } => Some(filter.as_str().to_owned()),
            _ => None,
        });
        filters.collect()
    };
    assert!(names(drain(&mut model)).contains(&"home/livingroom/temperature".to_owned()));
    model.message(0, Who::Phone, &publish(PLAN_TOPIC, &plan, true));
    assert!(names(drain(&mut model)).is_empty());
}

#[test]
fn a_room_shows_what_its_sensor_says() {
    let mut model = at_home();
    tell(&mut model, SECOND, "home/livingroom/temperature", "15.5");
    let house = house(&mut model, SECOND);
    let room = house.rooms.iter().find(|room| room.id == "livingroom").unwrap();
    assert_eq!(room.temperature.as_ref().unwrap().value, "15.5");
    assert_eq!(room.warmth, Warmth::Cold);
}

#[test]
fn a_reading_of_an_offline_sensor_is_stale_until_someone_publishes_a_new_one() {
    let mut model = at_home();
    let stale = |model: &mut Model| {
        let house = house(model, 9 * SECOND);
        let room = house.rooms.iter().find(|room| room.id == "livingroom").unwrap();
        room.temperature.clone().unwrap().stale
    };
    tell(&mut model, SECOND, "home/livingroom/temperature", "20.4");
    assert!(!stale(&mut model));
    tell(&mut model, 2 * SECOND, "home/livingroom/sensor/status", "offline");
    assert!(stale(&mut model));
    tell(&mut model, 3 * SECOND, "home/livingroom/temperature", "15.5");
    assert!(!stale(&mut model));
}

/// It says goodbye, so the broker publishes no will and its status goes on saying that it is online.
#[test]
fn a_reading_of_a_sensor_that_is_switched_off_is_stale_until_someone_publishes_a_new_one() {
    let mut model = with_operator(at_home());
    let shown = |model: &mut Model| {
        let house = house(model, 9 * SECOND);
        let room = house.rooms.iter().find(|room| room.id == "livingroom").unwrap();
        (room.temperature.clone().unwrap().stale, device(&house, SENSOR).presence)
    };
    tell(&mut model, SECOND, "home/livingroom/sensor/status", "online");
    tell(&mut model, SECOND, "home/livingroom/temperature", "20.4");
    assert_eq!(shown(&mut model), (false, Presence::Online));
    let power = |power| Response::Home(vec![(SENSOR.into(), power)]);
    model.control(2 * SECOND, power(DevicePower::Off));
    assert_eq!(shown(&mut model), (true, Presence::Offline));
    tell(&mut model, 3 * SECOND, "home/livingroom/temperature", "15.5");
    model.control(4 * SECOND, power(DevicePower::Off));
    assert_eq!(shown(&mut model), (false, Presence::Offline));
    model.control(5 * SECOND, power(DevicePower::On));
    assert_eq!(shown(&mut model), (false, Presence::Online));
}

#[test]
fn a_lamp_is_asked_until_its_state_message_comes() {
    let mut model = at_home();
    tell(&mut model, SECOND, "home/livingroom/light/status", "online");
    tell(&mut model, SECOND, "home/livingroom/light/state", "OFF");
    model.action(2 * SECOND, Action::Control { device: LAMP.into(), control: Control::Switch(true) });
    let Some(Effect::Publish { client, topic, payload, .. }) = model.poll_effect() else {
        panic!("no publish")
    };
    assert_eq!((client, topic.as_str(), &payload[..]), (Who::Phone, "home/livingroom/light/set", &b"ON"[..]));

    let asked = device(&house(&mut model, 2 * SECOND), LAMP);
    assert!(asked.asked.is_some());
    assert!(matches!(asked.shown, Shown::Switch { on: Some(false), .. }), "a click lights no lamp");

    tell(&mut model, 3 * SECOND, "home/livingroom/light/state", "ON");
    let lit = device(&house(&mut model, 3 * SECOND), LAMP);
    assert!(lit.asked.is_none());
    assert!(matches!(lit.shown, Shown::Switch { on: Some(true), .. }));
}

#[test]
fn a_control_that_gets_no_answer_says_why_after_three_seconds() {
    let mut model = at_home();
    tell(&mut model, SECOND, "home/livingroom/light/status", "offline");
    model.action(2 * SECOND, Action::Control { device: LAMP.into(), control: Control::Switch(true) });
    assert_eq!(device(&house(&mut model, 4 * SECOND), LAMP).asked.unwrap().why, None);
    let lamp = device(&house(&mut model, 5 * SECOND), LAMP);
    assert_eq!(lamp.presence, Presence::Offline);
    assert!(lamp.asked.unwrap().why.unwrap().contains("offline"));
}

#[test]
fn a_set_point_is_published_with_a_decimal_only_where_it_has_one() {
    let mut model = at_home();
    let mut ask = |tenths| {
        let device = "sim-livingroom-thermostat".into();
        model.action(SECOND, Action::Control { device, control: Control::Target(tenths) });
        match model.poll_effect() {
            Some(Effect::Publish { payload, .. }) => String::from_utf8(payload.to_vec()).unwrap(),
            other => panic!("not a publish: {other:?}"),
        }
    };
    assert_eq!(ask(215), "21.5");
    assert_eq!(ask(220), "22");
}

#[test]
fn messages_subscribes_to_everything_on_a_broker_of_ones_own_only() {
    let mut model = at_home();
    model.watch(Screen::Messages(Window::default()));
    assert!(matches!(model.poll_effect(), Some(Effect::Subscribe { filter, .. }) if filter.as_str() == "#"));

    let mut model = Model::new("phone", "page");
    let reach = crate::wire::Reach::Connected;
    model.place(Place::Foreign { url: "ws://elsewhere/mqtt".into(), reach });
    model.connected(Who::Messages, true);
    model.watch(Screen::Messages(Window::default()));
    assert_eq!(drain(&mut model), []);
}

#[test]
fn powers_of_an_operator_are_refused_in_words_where_there_is_no_control_channel() {
    let mut model = at_home();
    model.control_closed("This broker is somebody else's.");
    model.action(SECOND, Action::Kick { client_id: "a".into() });
    assert_eq!(drain(&mut model), []);
    let why = WorkerToPage::Notice(Notice::problem("This broker is somebody else's."));
    assert!(model.views(SECOND).contains(&why));
}

#[test]
fn what_cannot_be_published_is_a_sentence_and_not_a_packet() {
    let mut model = at_home();
    model.action(SECOND, Action::Publish(Draft { topic: "home/#".into(), ..Draft::default() }));
    assert_eq!(drain(&mut model), []);
    assert!(matches!(&model.views(SECOND)[0], WorkerToPage::Notice(_)));
}

#[test]
fn a_view_that_did_not_change_is_not_sent_again() {
    let mut model = at_home();
    model.views(SECOND);
    assert_eq!(model.views(SECOND), []);
}

#[test]
fn the_card_of_a_device_tells_its_topics_its_will_and_its_power() {
    let mut model = with_operator(at_home());
    tell(&mut model, SECOND, "home/livingroom/temperature", "20.4");
    model.watch(Screen::Home { device: Some(SENSOR.into()) });
    let card = model.views(5 * SECOND).into_iter().find_map(|view| match view {
        WorkerToPage::House(house) => house.detail,
        _ => None,
    });
    let card = card.unwrap();
    let row = card.publishes.iter().find(|row| row.topic == "home/livingroom/temperature").unwrap();
    assert_eq!((row.value.as_deref(), row.age.as_str()), (Some("20.4"), "4 s ago"));
    assert!(card.will.unwrap().contains("home/livingroom/sensor/status"));
    assert_eq!(card.power, Ok(DevicePower::On));
}

#[test]
fn a_plan_of_a_later_version_is_left_alone() {
    let mut model = Model::new("phone", "page");
    let mut plan = lacewing_sim::house::plan();
    plan.version += 1;
    model.message(0, Who::Phone, &publish(PLAN_TOPIC, &plan.to_json(), true));
    assert_eq!(house(&mut model, SECOND).source, HouseSource::Nothing);
}

/// An answer of the broker about a device that is subscribed and away, with nothing waiting.
fn away() -> Explanation {
    Explanation {
        known: true,
        connected: false,
        matching: vec![lacewing_control::SubscriptionInfo {
            filter: "home/livingroom/light/set".into(),
            qos: 0,
            no_local: false,
            retain_as_published: false,
            subscription_identifier: None,
        }],
        nearest: None,
        unseen: 0,
        granted: None,
        obstacles: vec![lacewing_control::NotDelivered::Away],
        dropped: 0,
        shared: Vec::new(),
        denied_by: None,
    }
}

#[test]
fn an_operator_asks_the_broker_why_a_control_gets_no_answer() {
    let mut model = with_operator(at_home());
    model.action(2 * SECOND, Action::Control { device: LAMP.into(), control: Control::Switch(true) });
    drain(&mut model);
    model.tick(4 * SECOND);
    assert_eq!(drain(&mut model), [], "not before its patience is over");
    model.tick(5 * SECOND);
    let topic = "home/livingroom/light/set".to_owned();
    let asked = Request::Explain { client_id: LAMP.into(), topic: topic.clone() };
    assert_eq!(drain(&mut model), [Effect::Control(asked)]);
    model.tick(6 * SECOND);
    assert_eq!(drain(&mut model), [], "once is enough for a while");
    model.control(6 * SECOND, Response::Explained { client_id: LAMP.into(), topic, explanation: away() });
    let why = device(&house(&mut model, 6 * SECOND), LAMP).asked.unwrap().why.unwrap();
    assert_eq!(why, "No answer. It is offline, and nothing waits for it.");
}

#[test]
fn a_command_that_the_broker_refuses_says_so_with_the_rule() {
    let mut model = with_operator(at_home());
    model.action(2 * SECOND, Action::Control { device: LAMP.into(), control: Control::Switch(true) });
    let why = "it may not publish to home/livingroom/light/set: deny publish #".to_owned();
    let refused = EventKind::Refused {
        conn: lacewing_broker::ConnId(1),
        client_id: Some("phone".into()),
        reason: 0x87,
        why,
    };
    let events = vec![lacewing_control::Event { number: 1, at: SECOND, kind: refused }];
    model.posted(Errand::Control(LAMP.into()), Outcome::Answered(ReasonCode::NotAuthorized));
    model.control(2 * SECOND, Response::Events { events, missed: 0 });
    let why = device(&house(&mut model, 6 * SECOND), LAMP).asked.unwrap().why.unwrap();
    assert!(why.contains("refused") && why.contains("deny publish #"), "{why}");
}

#[test]
fn a_switched_off_device_does_not_answer_and_the_home_knows_why() {
    let mut model = with_operator(at_home());
    model.control(0, Response::Home(vec![(LAMP.into(), DevicePower::Cut)]));
    model.action(2 * SECOND, Action::Control { device: LAMP.into(), control: Control::Switch(true) });
    let lamp = device(&house(&mut model, 6 * SECOND), LAMP);
    assert_eq!(lamp.asked.unwrap().why.unwrap(), "No answer: its cable is cut.");
}

#[test]
fn a_session_ends_after_there_was_time_to_undo_it() {
    let mut model = with_operator(at_home());
    let end = || Action::EndSession { client_id: "a".into() };
    model.action(SECOND, end());
    let notice = model.views(SECOND).into_iter().find_map(|view| match view {
        WorkerToPage::Notice(notice) => Some(notice),
        _ => None,
    });
    let undo = notice.unwrap().offer.unwrap();
    assert_eq!(undo.label, "Undo");
    model.action(2 * SECOND, undo.action);
    model.tick(60 * SECOND);
    assert_eq!(drain(&mut model), []);
    model.action(60 * SECOND, end());
    model.tick(61 * SECOND);
    assert_eq!(drain(&mut model), []);
    model.tick(75 * SECOND);
    let ended = Request::EndSession { client_id: "a".into() };
    assert_eq!(drain(&mut model), [Effect::Control(ended)]);
}

#[test]
fn what_the_broker_kept_is_cleared_and_can_be_put_back() {
    let mut model = at_home();
    model.message(SECOND, Who::Messages, &publish("a/b", "kept", true));
    model.action(SECOND, Action::ClearRetained("a/b".into()));
    let Some(Effect::Publish { payload, retain: true, errand, .. }) = model.poll_effect() else {
        panic!("no retained publish")
    };
    assert!(payload.is_empty());
    model.posted(errand, Outcome::Answered(ReasonCode::Success));
    let WorkerToPage::Notice(notice) = model.views(SECOND).remove(0) else { panic!("no notice") };
    model.action(SECOND, notice.offer.unwrap().action);
    let Some(Effect::Publish { payload, retain: true, .. }) = model.poll_effect() else {
        panic!("no retained publish")
    };
    assert_eq!(payload, "kept");
}

#[test]
fn a_topic_that_was_seen_completes_what_is_typed() {
    let mut model = at_home();
    tell(&mut model, SECOND, "home/livingroom/temperature", "20.4");
    model.action(SECOND, Action::Suggest("home/liv".into()));
    let topics = WorkerToPage::Topics(vec!["home/livingroom/temperature".into()]);
    assert!(model.views(SECOND).contains(&topics));
}

#[test]
fn a_cut_cable_counts_down_to_the_will_and_the_card_keeps_the_last_messages() {
    let mut model = with_operator(at_home());
    model.control(0, Response::Home(vec![(SENSOR.into(), DevicePower::Cut)]));
    model.watch(Screen::Home { device: Some(SENSOR.into()) });
    let mut client = roster::tests::client(SENSOR, true);
    client.last_heard = 10 * SECOND;
    client.keep_alive = 30;
    model.control(10 * SECOND, Response::Clients(vec![client]));
    let event = EventKind::Published {
        message: 7,
        from: Some(SENSOR.into()),
        topic: "home/livingroom/temperature".into(),
        qos: 0,
        retain: true,
        payload: Preview { head: b"20.4".to_vec(), len: 4 },
        receivers: 1,
    };
    let events = vec![lacewing_control::Event { number: 1, at: 9 * SECOND, kind: event }];
    model.control(10 * SECOND, Response::Events { events, missed: 0 });
    let detail = house(&mut model, 20 * SECOND).detail;
    assert!(detail.is_none(), "another screen was looked at");
    model.watch(Screen::Home { device: Some(SENSOR.into()) });
    let card = model.views(20 * SECOND).into_iter().find_map(|view| match view {
        WorkerToPage::House(house) => house.detail,
        _ => None,
    });
    let card = card.unwrap();
    assert_eq!(card.will_in, Some(35), "45 s after it was last heard");
    assert_eq!(card.last[0].value.as_deref(), Some("20.4"));
    assert_eq!(card.session.unwrap()[0], "It began when the device came (no session present).");
}

#[test]
fn the_card_of_a_device_that_said_goodbye_does_not_claim_that_it_or_its_will_said_so() {
    let mut model = with_operator(at_home());
    tell(&mut model, SECOND, "home/livingroom/sensor/status", "online");
    model.control(SECOND, Response::Home(vec![(SENSOR.into(), DevicePower::Off)]));
    model.control(SECOND, Response::Clients(Vec::new()));
    let says = "gone, it said goodbye; its status still says online, since nobody said otherwise";
    assert_eq!(opened(&mut model, 2 * SECOND).presence, says);
    tell(&mut model, 2 * SECOND, "home/livingroom/sensor/status", "offline");
    assert_eq!(opened(&mut model, 2 * SECOND).presence, "gone, it said goodbye");
}

#[test]
fn the_card_says_what_the_broker_keeps_as_the_broker_tells_it() {
    let mut model = with_operator(at_home());
    tell(&mut model, SECOND, "home/livingroom/temperature", "20.4");
    let keeps = |model: &mut Model| {
        let card = opened(model, SECOND);
        let row = card.publishes.into_iter().find(|row| row.topic == "home/livingroom/temperature");
        row.expect("the sensor publishes it").retained
    };
    assert!(!keeps(&mut model));
    for (number, payload, kept) in [(1, &b"20.4"[..], true), (2, b"", false)] {
        let kind = EventKind::Published {
            message: number,
            from: Some(SENSOR.into()),
            topic: "home/livingroom/temperature".into(),
            qos: 0,
            retain: true,
            payload: Preview { head: payload.to_vec(), len: payload.len() as u32 },
            receivers: 1,
        };
        let events = vec![lacewing_control::Event { number, at: SECOND, kind }];
        model.control(SECOND, Response::Events { events, missed: 0 });
        assert_eq!(keeps(&mut model), kept);
    }
}

/// The sensor's card.
fn opened(model: &mut Model, now: u64) -> crate::wire::DeviceDetail {
    model.watch(Screen::Home { device: Some(SENSOR.into()) });
    let card = model.views(now).into_iter().find_map(|view| match view {
        WorkerToPage::House(house) => house.detail,
        _ => None,
    });
    card.expect("the card is open")
}

#[test]
fn the_clock_goes_on_whatever_is_on_screen() {
    let mut model = at_home();
    let clock = publish("lacewing/home/clock", r#"{"second_of_day":30600,"speed":1,"outside":7.0}"#, true);
    model.message(SECOND, Who::Phone, &clock);
    model.watch(Screen::Clients { client: None });
    let shown = |model: &mut Model, now| {
        model.views(now);
        model.status.clock.clone()
    };
    assert_eq!(shown(&mut model, SECOND).as_deref(), Some("08:30"));
    assert_eq!(shown(&mut model, 62 * SECOND).as_deref(), Some("08:31"));
}

#[test]
fn who_is_sent_away_is_told_apart_by_whether_its_session_stays() {
    let mut model = with_operator(at_home());
    let (mut brief, mut lasting) =
        (roster::tests::client("brief", true), roster::tests::client("lasting", true));
    (brief.session_expiry, lasting.session_expiry) = (0, 60);
    model.control(SECOND, Response::Clients(vec![brief, lasting]));
    for (client, says) in [("brief", "ends with its connection"), ("lasting", "stays")] {
        model.action(SECOND, Action::Kick { client_id: client.into() });
        let text =
            format!("{client} is told to go. Its session {says}, and most clients come back by themselves.");
        assert!(model.views(SECOND).contains(&WorkerToPage::Notice(Notice::done(text))));
    }
}

#[test]
fn a_refusal_without_an_answer_is_told_by_its_rule() {
    let mut model = with_operator(at_home());
    model.refused("it may not publish to a: deny publish #");
    model.tick(SECOND);
    model.tick(2 * SECOND);
    let says = "The broker refused what this page sent: it may not publish to a: deny publish #.";
    assert!(model.views(2 * SECOND).contains(&WorkerToPage::Notice(Notice::problem(says))));
}
