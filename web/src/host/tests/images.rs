//! The broker's state goes out of one tab and into another one, by what a person presses on the page.

use std::ops::Range;

use bytes::Bytes;
use lacewing_broker::{Change, ImageReader, Record, Seq, Table};
use lacewing_store::Changes;

use super::disk::Disk;
use super::*;
use crate::host::store_port::{FromStore, ToStore, hear, say};

/// A persistent session, `lamp`.
const LASTING: &[u8] = b"\x10\x10\x00\x04MQTT\x04\x00\x00\x3c\x00\x04lamp";
/// A session that ends with its connection, `door`.
const STRANGER: &[u8] = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04door";
const SUBSCRIBE: &[u8] = b"\x82\x07\x00\x01\x00\x02at\x01";
const DISCONNECT: &[u8] = b"\xe0\x00";
/// `on` to `at`, QoS 1.
const PUBLISH: &[u8] = b"\x32\x08\x00\x02at\x00\x01on";

fn linked() -> World {
    let mut world = World::new(true);
    world.settle();
    world.accept("");
    world.pass(2);
    world
}

fn say_as(world: &mut World, device: StreamId, bytes: &[u8]) {
    world.bridge.as_mut().unwrap().send(device, bytes).unwrap();
    world.settle();
}

/// What the last notice says.
fn told(world: &World) -> String {
    let notices = world.told.iter().rev().filter_map(|message| match message {
        WorkerToPage::Notice(notice) => Some(notice.text.clone()),
        _ => None,
    });
    notices.take(1).collect()
}

fn import(world: &mut World, image: Vec<u8>) {
    world.page(PageToWorker::Action(Action::Import { image }));
    world.pass(5);
}

/// The image of a tab with a session for which a message waits.
fn exported() -> Vec<u8> {
    let mut world = linked();
    let lamp = world.device(LASTING);
    say_as(&mut world, lamp, SUBSCRIBE);
    say_as(&mut world, lamp, DISCONNECT);
    let other = world.device(STRANGER);
    say_as(&mut world, other, PUBLISH);
    world.page(PageToWorker::Action(Action::Export));
    world.pass(2);
    let image = world.told.into_iter().rev().find_map(|message| match message {
        WorkerToPage::Image(image) => Some(image),
        _ => None,
    });
    image.expect("the page has the image")
}

#[test]
fn a_client_finds_its_session_in_the_tab_that_an_image_was_brought_to() {
    let image = exported();
    let mut world = linked();
    world.device(STRANGER);
    import(&mut world, image);
    assert!(told(&world).starts_with("The broker goes on with the image: "), "{}", told(&world));
    // Everybody is sent away, and may come again.
    assert!(world.broker.broker().client("door").is_none());
    let lamp = world.device(LASTING);
    let heard = world.heard(lamp);
    assert!(heard.starts_with(b"\x20\x02\x01\x00"), "session present");
    assert!(heard.ends_with(b"on"), "{heard:?}");
    // So do the home's devices and the page.
    world.pass(40);
    assert!(world.broker.broker().metrics().clients > 5);
}

#[test]
fn what_is_no_image_changes_nothing() {
    let mut world = linked();
    world.device(STRANGER);
    for (image, words) in [
        (b"shopping list".to_vec(), "it is not an image of Lacewing's"),
        (exported()[..100].to_vec(), "it breaks off after 100 bytes"),
    ] {
        import(&mut world, image);
        assert!(told(&world).contains(words), "{}", told(&world));
    }
    assert!(world.broker.broker().client("door").is_some());
}

/// A commit of so many retained messages.
fn retained(numbers: Range<u32>) -> Bytes {
    let mut changes = Changes::default();
    for number in numbers {
        let (key, change) = (number.to_string().into(), Change::Put(Bytes::from_static(b"on")));
        changes.push(Seq(u64::from(number)), &Record { table: Table::Retained, key, change });
    }
    say(&ToStore::Commit, &changes.into_bytes()).into()
}

#[test]
fn without_room_no_image_is_taken_and_whoever_asked_is_told() {
    let clock = || 1_000_000;
    let disk = Disk::default();
    let mut store = StoreHost::open(disk.clone());
    store.message(&clock, say(&ToStore::Read, &[]).into());
    disk.platter().room = 0;
    store.message(&clock, retained(1..3001));
    store.message(&clock, say(&ToStore::TakeImage, &[]).into());
    let words = std::iter::from_fn(|| store.poll_output());
    let last = words.last().and_then(|word| hear::<FromStore>(word.into())).expect("a word of the store's").0;
    assert!(matches!(&last, FromStore::Taken(Err(why)) if why.contains("no room")), "{last:?}");
}

#[test]
fn an_image_is_taken_a_part_at_a_time_and_commits_do_not_wait_for_it() {
    let clock = || 1_000_000;
    let mut store = StoreHost::open(Disk::default());
    store.message(&clock, say(&ToStore::Read, &[]).into());
    store.message(&clock, retained(1..3001));
    store.message(&clock, say(&ToStore::TakeImage, &[]).into());
    while store.poll_output().is_some() {}
    store.tick(&clock);
    assert_eq!((store.poll_output(), store.poll_timeout()), (None, Some(0)), "it goes on at once");
    store.message(&clock, retained(3001..3002));
    let mut words = Vec::new();
    while words.len() < 2 {
        store.tick(&clock);
        while let Some(word) = store.poll_output() {
            words.push(hear::<FromStore>(word.into()).expect("a word of the store's"));
        }
    }
    assert!(matches!(words[0].0, FromStore::Durable(3001, _)), "{:?}", words[0].0);
    // It is of the moment when it was asked for.
    let (FromStore::Taken(Ok(contents)), image) = &words[1] else { panic!("{:?}", words[1].0) };
    assert_eq!((contents.retained, contents.sessions), (3000, 0));
    let (mut reader, mut records) = (ImageReader::new(), 0);
    reader.push(image);
    while reader.next().unwrap().is_some() {
        records += 1;
    }
    assert_eq!((records, reader.finish().unwrap()), (3000, *contents));
}
