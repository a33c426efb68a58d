use lacewing_control::{EventKind, Preview, Response};

use super::{Action, Control, HouseView, LAMP, SECOND, SENSOR, Screen, at_home, house, tell, with_operator};

#[test]
fn the_caption_tells_the_latest_delivery_in_a_sentence() {
    let mut model = with_operator(at_home());
    let event = |number, kind| lacewing_control::Event { number, at: SECOND, kind };
    let topic = "home/livingroom/temperature".to_owned();
    let published = EventKind::Published {
        message: 7,
        from: Some(SENSOR.into()),
        topic: topic.clone(),
        qos: 0,
        retain: true,
        payload: Preview { head: b"20.4".to_vec(), len: 4 },
        receivers: 2,
    };
    let delivered = |to: &str| EventKind::Delivered {
        message: 7,
        to: to.into(),
        topic: topic.clone(),
        qos: 0,
        shared: None,
        queued: false,
        filters: Vec::new(),
        was_retained: false,
    };
    let events = vec![
        event(1, published),
        event(2, delivered("sim-livingroom-thermostat")),
        event(3, delivered("phone")),
    ];
    model.control(SECOND, Response::Events { events, missed: 0 });
    let house = house(&mut model, SECOND);
    assert_eq!(
        house.captions[0].text,
        "The sensor in the living room told the broker 20.4 °C. The broker passed it to the thermostat in the \
         living room and the phone."
    );
    assert_eq!(house.beads.len(), 1);
    assert_eq!(house.beads[0].from.as_deref(), Some(SENSOR));
    assert_eq!(house.beads[0].to, ["sim-livingroom-thermostat", "phone"]);
    assert_eq!(house.passed[0].topic, "home/livingroom/temperature");
}

/// What the broker tells of a message with QoS 0 that one client got.
fn sent(
    at: u64,
    message: u64,
    from: &str,
    topic: &str,
    payload: &str,
    to: &str,
) -> [lacewing_control::Event; 2] {
    let published = EventKind::Published {
        message,
        from: Some(from.into()),
        topic: topic.into(),
        qos: 0,
        retain: true,
        payload: Preview { head: payload.as_bytes().to_vec(), len: payload.len() as u32 },
        receivers: 1,
    };
    let delivered = EventKind::Delivered {
        message,
        to: to.into(),
        topic: topic.into(),
        qos: 0,
        shared: None,
        queued: false,
        filters: Vec::new(),
        was_retained: false,
    };
    let event = |number, kind| lacewing_control::Event { number, at, kind };
    [event(message * 2, published), event(message * 2 + 1, delivered)]
}

/// What follows from opening a window is told before what five other rooms have to say.
#[test]
fn a_caption_that_tells_of_something_new_is_not_followed_at_once_by_a_mere_reading() {
    let mut model = with_operator(at_home());
    let mut said = |at: u64, message: u64, thing: &str, payload: &str| {
        let device = if thing.contains("temperature") { "study-sensor" } else { "livingroom-window" };
        let from = format!("sim-{device}");
        let events = sent(at, message, &from, &format!("home/{thing}"), payload, "phone").into();
        model.control(at, Response::Events { events, missed: 0 });
        house(&mut model, at).captions.swap_remove(0).text
    };
    assert!(said(SECOND, 1, "study/temperature", "20.1").contains("20.1"));
    assert!(said(3 * SECOND, 2, "livingroom/window/state", "open").contains("is open"));
    assert!(said(6 * SECOND, 3, "study/temperature", "20.2").contains("is open"));
    assert!(said(7 * SECOND, 4, "livingroom/light/state", "ON").contains("is on"));
    assert!(said(12 * SECOND, 5, "study/temperature", "20.3").contains("is on"));
    assert!(said(14 * SECOND, 6, "study/temperature", "20.4").contains("20.4"));
}

#[test]
fn what_a_stranger_said_is_told_before_all_that_follows_from_it() {
    let mut model = with_operator(at_home());
    let mut events = Vec::new();
    let mut said = |from: &str, topic: &str, payload: &str| {
        let (message, topic) = (events.len() as u64, format!("home/livingroom/{topic}"));
        events.extend(sent(SECOND, message, from, &topic, payload, "phone-a1b2c3"));
    };
    said("auto-1", "temperature", "15.5");
    for power in 1..=6 {
        said("sim-livingroom-radiator", "radiator/state", &format!("{power}0"));
    }
    model.control(SECOND, Response::Events { events, missed: 0 });
    let told = |model: &mut super::Model, at| house(model, at).captions.swap_remove(0).text;
    let says = "“auto-1” told the broker 15.5 °C. The broker passed it to the phone of another page.";
    assert_eq!(told(&mut model, SECOND), says);
    assert!(told(&mut model, 4 * SECOND).contains("The radiator in the living room told the broker"));
}

#[test]
fn what_is_said_while_another_screen_is_looked_at_is_told_among_what_was_before() {
    let mut model = with_operator(at_home());
    model.watch(Screen::Clients { client: None });
    for second in [1, 60] {
        let (at, payload) = (second * SECOND, format!("{second}.5"));
        let events = sent(at, second, "auto-1", "home/livingroom/temperature", &payload, "phone").into();
        model.control(at, Response::Events { events, missed: 0 });
        model.views(at);
    }
    let told = house(&mut model, 120 * SECOND).captions;
    let both = [("60.5", &told[0].text), ("1.5", &told[1].text)];
    both.iter().for_each(|(said, text)| assert!(text.contains(said), "{text}"));
}

/// A page that is told of nobody's way but its own says no more than it knows.
#[test]
fn where_nobody_tells_who_sent_a_command_and_who_got_it_the_caption_does_not_either() {
    let told = |asked: bool| {
        let mut model = at_home();
        if asked {
            model.action(SECOND, Action::Control { device: LAMP.into(), control: Control::Switch(true) });
        }
        tell(&mut model, SECOND, "home/livingroom/light/set", "ON");
        let house = house(&mut model, SECOND);
        assert_eq!(house.passed[0].receivers, None);
        house.captions[0].text.clone()
    };
    let rest = "asked the light in the living room for “ON”. The broker passed it to the phone, and to whoever else asked for it.";
    assert_eq!(told(false), format!("Somebody {rest}"));
    assert_eq!(told(true), format!("The phone {rest}"));
}

#[test]
fn the_caption_says_of_a_will_that_the_broker_published_it() {
    let mut model = with_operator(at_home());
    let event = |number, kind| lacewing_control::Event { number, at: SECOND, kind };
    let topic = "home/livingroom/sensor/status".to_owned();
    let published = EventKind::Published {
        message: 7,
        from: Some(SENSOR.into()),
        topic: topic.clone(),
        qos: 1,
        retain: true,
        payload: Preview { head: b"offline".to_vec(), len: 7 },
        receivers: 1,
    };
    let delivered = EventKind::Delivered {
        message: 7,
        to: "phone".into(),
        topic: topic.clone(),
        qos: 1,
        shared: None,
        queued: false,
        filters: Vec::new(),
        was_retained: false,
    };
    let sent = EventKind::WillSent { client_id: SENSOR.into(), topic };
    let events = vec![event(1, sent), event(2, published), event(3, delivered)];
    model.control(SECOND, Response::Events { events, missed: 0 });
    assert_eq!(
        house(&mut model, SECOND).captions.swap_remove(0).text,
        "The sensor in the living room vanished. The broker published its will, “offline”. It passed it to the phone."
    );
}

/// Who missed a sentence reads it again, but not all that was ever told.
#[test]
fn the_last_sentences_are_kept_newest_first() {
    let mut model = at_home();
    let captions = |model: &mut super::Model, at| house(model, at).captions;
    assert_eq!(captions(&mut model, SECOND), []);
    for number in 1..=30u64 {
        let at = number * 10 * SECOND;
        tell(&mut model, at, "home/livingroom/temperature", &format!("{number}.5"));
        captions(&mut model, at);
    }
    let kept = captions(&mut model, 300 * SECOND);
    assert_eq!(kept.len(), HouseView::CAPTIONS);
    assert!(kept[0].text.contains("30.5 °C") && kept[1].text.contains("29.5 °C"), "{kept:?}");
    assert_eq!((kept[0].at, kept[20].at), (300_000, 100_000));
}
