//! What is kept over a reload, what waits until it is, and what happens when it cannot be.

use lacewing_control::Saving;

use super::*;
use crate::host::{FromStore, say};

/// A persistent session, `lamp`.
const LASTING: &[u8] = b"\x10\x10\x00\x04MQTT\x04\x00\x00\x3c\x00\x04lamp";
const SUBSCRIBE: &[u8] = b"\x82\x07\x00\x01\x00\x02at\x01";
const DISCONNECT: &[u8] = b"\xe0\x00";
/// `on` to `at`, QoS 1, retained; and its acknowledgement.
const PUBLISH: &[u8] = b"\x33\x08\x00\x02at\x00\x01on";
const PUBACK: &[u8] = b"\x40\x02\x00\x01";

fn linked() -> World {
    let mut world = World::new(true);
    world.settle();
    world.accept("");
    world
}

fn setup() -> Setup {
    Setup { config: Config::default(), seed: 7, broker: [9; 16], bridge: None, local_minutes: 60, home: None }
}

/// The world of the same disk with a bridge again.
fn relinked(world: World) -> World {
    let (left, now) = (world.disk.as_left(), world.now);
    drop(world);
    let mut world = World::made(left, true, None);
    world.now = now;
    world.settle();
    world.accept("");
    world
}

fn say_as(world: &mut World, device: StreamId, bytes: &[u8]) {
    world.bridge.as_mut().unwrap().send(device, bytes).unwrap();
    world.settle();
}

#[test]
fn a_reload_keeps_retained_messages_sessions_subscriptions_and_what_is_queued() {
    let mut world = linked();
    let lamp = world.device(LASTING);
    say_as(&mut world, lamp, SUBSCRIBE);
    say_as(&mut world, lamp, DISCONNECT);
    let other = world.device(CONNECT_OTHER);
    say_as(&mut world, other, PUBLISH);
    assert!(world.heard(other).ends_with(PUBACK));

    let mut world = relinked(world);
    let lamp = world.device(LASTING);
    let heard = world.heard(lamp);
    assert!(heard.starts_with(b"\x20\x02\x01\x00"), "session present");
    assert!(heard.windows(4).any(|bytes| bytes == b"aton" || bytes == b"at\x00\x01"), "{heard:?}");
    assert!(world.broker.broker().metrics().retained > 0);
}

const CONNECT_OTHER: &[u8] = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05other";

#[test]
fn an_acknowledgement_waits_for_its_commit_and_nothing_else_does() {
    let mut world = linked();
    let lamp = world.device(CONNECT);
    world.heard(lamp);
    world.held = Some(VecDeque::new());
    say_as(&mut world, lamp, PUBLISH);
    assert_eq!(world.heard(lamp), b"", "it is not kept yet");
    let quick = world.device(CONNECT_OTHER);
    say_as(&mut world, quick, b"\xc0\x00");
    assert_eq!(world.heard(quick), b"\x20\x02\x00\x00\xd0\x00", "who makes no record does not wait");

    let held = world.held.take().unwrap();
    let now = world.now;
    for message in held {
        world.store.message(&|| now, message.into());
    }
    world.settle();
    assert_eq!(world.heard(lamp), PUBACK);
}

#[test]
fn what_comes_while_a_commit_runs_is_one_commit() {
    let mut world = linked();
    world.held = Some(VecDeque::new());
    let devices: Vec<_> = (0..5).map(|_| world.device(LASTING)).collect();
    assert_eq!(world.held.as_ref().unwrap().len(), 1, "{} devices", devices.len());
}

#[test]
fn without_room_acknowledgements_wait_operators_are_told_and_it_goes_on_when_there_is_some() {
    let mut world = linked();
    let lamp = world.device(CONNECT);
    world.heard(lamp);
    world.told.clear();
    world.disk.platter().room = 0;
    let mut publish = b"\x33\x86\x80\x40\x00\x02at\x00\x01".to_vec();
    publish.resize(publish.len() + (1 << 20), b'x');
    for piece in publish.chunks(32 << 10) {
        say_as(&mut world, lamp, piece);
    }
    world.pass(1);
    assert_eq!(world.heard(lamp), b"");
    let saving = |world: &World| {
        let status = world.told.iter().rev().find_map(|message| match message {
            WorkerToPage::Status(status) => Some(status.saving.clone()),
            _ => None,
        });
        status.expect("the page is told how it stands")
    };
    assert!(matches!(saving(&world), Saving::NoRoom { .. }));

    world.disk.platter().room = u64::MAX;
    world.pass(10);
    assert_eq!(world.heard(lamp), PUBACK);
    assert_eq!(saving(&world), Saving::Everything);
}

#[test]
fn a_damaged_store_is_refused_with_the_reason_and_left_as_it_is() {
    let mut world = World::new(false);
    world.pass(1);
    let disk = world.disk.clone();
    drop(world);
    let before = {
        let mut platter = disk.platter();
        platter.bytes[4096..4116].fill(0xFF);
        platter.bytes.clone()
    };
    let refused = started(setup(), disk.clone(), Now { awake: 1, wall: 1 }).err().unwrap();
    assert!(refused.contains("damaged"), "{refused}");
    assert_eq!(disk.platter().bytes.len(), before.len());
}

#[test]
fn where_nothing_can_be_kept_the_broker_runs_and_says_so() {
    let now = Now { awake: 1, wall: 1 };
    let mut start = Start::new(setup(), now);
    start.store_message(now, say(&FromStore::Unavailable("It is a private window.".into()), &[]).into());
    let broker = std::iter::from_fn(|| start.poll_output()).find_map(|output| match output {
        StartOutput::Started(broker) => Some(broker),
        _ => None,
    });
    let mut broker = broker.expect("it runs");
    broker.operator(OPERATOR);
    broker.turn(now);
    let told = std::iter::from_fn(|| broker.poll_output()).find_map(|output| match output {
        Output::Tell(_, response) => Some(*response),
        _ => None,
    });
    let Some(lacewing_control::Response::Hello { saving, .. }) = told else { panic!("a host greets") };
    assert_eq!(saving, Saving::Nothing { why: "It is a private window.".into() });
}

#[test]
fn a_store_that_fails_ends_the_broker_that_has_promised_nothing_more() {
    let mut world = World::new(false);
    let now = world.now();
    world.broker.store_message(now, say(&FromStore::Failed("it cannot be read".into()), &[]).into());
    let failed = std::iter::from_fn(|| world.broker.poll_output())
        .any(|output| output == Output::Failed("it cannot be read".into()));
    assert!(failed);
}

#[test]
fn the_home_comes_back_to_its_sessions_without_wills_or_doubles() {
    let mut world = World::new(false);
    world.page(PageToWorker::Watch(Screen::Home { device: None }));
    world.pass(5);
    let ids = |world: &World| {
        let clients = world.broker.broker().clients(None, 1000);
        let simulated = clients.into_iter().filter(|client| client.client_id.starts_with("sim-"));
        simulated.map(|client| (client.client_id, client.connected)).collect::<Vec<_>>()
    };
    let before = ids(&world);
    assert!(before.len() > 5 && before.iter().all(|(_, connected)| *connected));
    let retained = world.broker.broker().metrics().retained;

    let mut world = world.reloaded();
    world.page(PageToWorker::Watch(Screen::Home { device: None }));
    // Longer than wills are held back.
    world.pass(15);
    assert_eq!(ids(&world), before);
    assert_eq!(world.broker.broker().metrics().retained, retained);
    let house = world.told.iter().rev().find_map(|message| match message {
        WorkerToPage::House(house) => Some(house.clone()),
        _ => None,
    });
    let house = house.expect("the house is drawn");
    let mut devices = house.rooms.iter().flat_map(|room| &room.devices);
    assert!(devices.all(|device| device.presence == crate::wire::Presence::Online));
}
