//! Images: what a broker keeps, taken from one and given to another.

use std::collections::BTreeMap;

use bytes::Bytes;
use lacewing_broker::{
    Broker, Change, Config, ImageError, ImageReader, ImageWriter, Now, Record, RestoreError, Table,
    image_memory,
};
use lacewing_protocol::{Ack, Connect, Packet, PacketId, QoS};
use proptest::prelude::*;

use crate::story::*;

/// A broker with something of everything that it keeps.
fn eventful(config: Config) -> Story {
    let story = Story::with(config);
    let sender = story.lasting("sender").0;
    for number in 0..6 {
        let client_id = format!("c{number}");
        let connect = Connect {
            will: Some(will("gone", &client_id)),
            clean_start: false,
            ..expiring(&client_id, 1000 + number)
        };
        let (client, _) = story.enter(connect);
        for filter in ["news/+", "$share/g/jobs", &format!("own/{number}")] {
            client.subscribe(filter, QoS::ExactlyOnce);
        }
        let state = retained(&format!("state/{number}"), "on");
        client.send(Packet::Publish(with_qos(state, QoS::ExactlyOnce, 1)));
        if number % 2 == 0 {
            client.vanishes();
        }
    }
    story.client("passing").subscribe("news/#", QoS::ExactlyOnce);
    for number in 0..10 {
        for topic in ["news/a", "jobs"] {
            let qos = if number % 2 == 0 { QoS::AtLeastOnce } else { QoS::ExactlyOnce };
            sender.send(Packet::Publish(with_qos(message(topic, "x"), qos, 100 + number)));
            sender.rest();
        }
    }
    story
}

/// Records by table and key.
type Image = BTreeMap<(Table, Bytes), Bytes>;

/// The image of a broker, with each of its records once.
fn image(broker: &Broker) -> Image {
    let mut image = BTreeMap::new();
    for Record { table, key, change } in broker.image() {
        let Change::Put(value) = change else { panic!("nothing is gone that is in an image") };
        assert!(image.insert((table, key), value).is_none(), "a record is twice in the image");
    }
    image
}

fn bytes(broker: &Broker) -> Vec<u8> {
    let mut writer = ImageWriter::new();
    broker.image().for_each(|record| writer.push(&record));
    writer.finish().0
}

/// All records of an image that comes in pieces of this size.
fn read(bytes: &[u8], piece: usize) -> Result<Vec<Record>, ImageError> {
    let (mut reader, mut records) = (ImageReader::new(), Vec::new());
    for bytes in bytes.chunks(piece) {
        reader.push(bytes);
        while let Some(record) = reader.next()? {
            records.push(record);
        }
    }
    reader.finish()?;
    Ok(records)
}

/// Goes on with a broker that is made of this one's image.
fn moved(story: &Story, config: Config) -> Story {
    let bytes = bytes(&story.world().broker);
    let now = story.world().now;
    let mut restore = Broker::restore(config.clone(), 11, now);
    for record in read(&bytes, 777).unwrap() {
        restore.push(record).unwrap();
    }
    let broker = restore.finish(now).unwrap();
    let store = image(&broker);
    story.goes_on_with(broker, config, store)
}

fn durable() -> Config {
    Config { durable: true, ..Config::default() }
}

#[test]
fn a_broker_in_memory_has_the_image_that_a_durable_one_records() {
    let kept = eventful(durable());
    let in_memory = eventful(Config::default());
    let image_in_memory = image(&in_memory.world().broker);
    assert_eq!(image(&kept.world().broker), image_in_memory);
    assert_eq!(kept.world().store, image_in_memory);
    for table in Table::ALL {
        assert!(image_in_memory.keys().any(|(one, _)| *one == table), "nothing of {table:?}");
    }
}

#[test]
fn a_client_finds_its_session_and_its_messages_at_the_broker_that_an_image_was_brought_to() {
    for (from, to) in [(Config::default(), durable()), (durable(), Config::default())] {
        let story = Story::with(from);
        let sender = story.client("sender");
        let (reader, _) = story.lasting("reader");
        reader.subscribe("mail", QoS::ExactlyOnce);
        sender.publish_qos("mail", "seen", QoS::ExactlyOnce, 1);
        let seen = reader.expect("mail", "seen");
        reader.vanishes();
        sender.publish_qos("mail", "waits", QoS::AtLeastOnce, 2);
        sender.send(Packet::Publish(with_qos(retained("lamp", "on"), QoS::AtLeastOnce, 3)));

        let story = moved(&story, to);
        let (reader, ack) = story.lasting("reader");
        assert!(ack.session_present);
        let again = reader.expect("mail", "seen");
        assert!(again.dup && again.packet_id == seen.packet_id);
        reader.expect("mail", "waits");
        reader.hears_nothing();
        let visitor = story.client("visitor");
        visitor.subscribe("lamp", QoS::AtMostOnce);
        visitor.expect("lamp", "on");
    }
}

#[test]
fn a_message_received_at_qos_2_does_not_come_twice_after_the_move() {
    let story = Story::new();
    let (reader, _) = story.lasting("reader");
    reader.subscribe("mail", QoS::ExactlyOnce);
    let (sender, _) = story.lasting("sender");
    let letter = with_qos(message("mail", "once"), QoS::ExactlyOnce, 9);
    sender.send(Packet::Publish(letter.clone()));
    sender.vanishes();
    reader.vanishes();

    let story = moved(&story, Config::default());
    let (sender, _) = story.lasting("sender");
    let again = lacewing_protocol::Publish { dup: true, ..letter };
    sender.send(Packet::Publish(again));
    let id = PacketId::new(9).unwrap();
    assert_eq!(sender.receive(), Packet::PubRec(Ack::success(id)));
    let (reader, _) = story.lasting("reader");
    reader.expect("mail", "once");
    reader.hears_nothing();
}

#[test]
fn what_ended_sessions_leave_to_a_share_is_in_the_image_while_it_is_handed_over() {
    let story = Story::new();
    let (worker, _) = story.lasting("worker");
    worker.subscribe("$share/g/jobs", QoS::AtLeastOnce);
    let (other, _) = story.lasting("other");
    worker.vanishes();
    let sender = story.client("sender");
    for id in 1..=20 {
        sender.publish_qos("jobs", &format!("{id}"), QoS::AtLeastOnce, id);
    }
    other.subscribe("$share/g/jobs", QoS::AtLeastOnce);
    other.vanishes();
    // The session ends, and nothing of it is taken apart yet.
    let conn = story.world().dial_only(lacewing_protocol::ProtocolVersion::V5_0);
    let mut connect = bytes::BytesMut::new();
    let packet = Packet::Connect(Box::new(Connect { clean_start: true, ..expiring("worker", 0) }));
    packet.encode(lacewing_protocol::ProtocolVersion::V5_0, &mut connect).unwrap();
    let (now, bytes) = (story.world().now, connect.freeze());
    story.world().broker.handle(now, lacewing_broker::Input::Received { conn, bytes });

    let story = moved(&story, Config::default());
    story.pass(1);
    let (other, ack) = story.lasting("other");
    assert!(ack.session_present);
    let mut jobs: Vec<_> = (0..20).map(|_| other.message().payload).collect();
    jobs.sort();
    jobs.dedup();
    assert_eq!(jobs.len(), 20);
}

#[test]
fn an_image_reads_the_same_in_pieces_of_any_size() {
    let bytes = bytes(&eventful(durable()).world().broker);
    let whole = read(&bytes, bytes.len()).unwrap();
    assert!(whole.len() > 50);
    for piece in [1, 2, 7, 100] {
        assert_eq!(read(&bytes, piece).unwrap(), whole);
    }
}

#[test]
fn an_image_with_any_byte_changed_is_refused() {
    let bytes = bytes(&eventful(durable()).world().broker);
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1 << (at % 8);
        assert!(read(&other, 1 << 16).is_err(), "byte {at}");
    }
}

#[test]
fn an_image_that_is_cut_short_or_goes_on_is_refused() {
    let mut bytes = bytes(&eventful(durable()).world().broker);
    for len in 0..bytes.len() {
        assert!(matches!(read(&bytes[..len], 1 << 16), Err(ImageError::Short(at)) if at == len as u64));
    }
    bytes.push(0);
    assert!(matches!(read(&bytes, 1 << 16), Err(ImageError::Damaged(_))));
}

#[test]
fn an_image_of_every_version_so_far_is_read_and_a_broker_is_made_of_it() {
    for bytes in [include_bytes!("kept/1.image")] {
        let now = Story::new().world().now;
        let mut restore = Broker::restore(durable(), 7, now);
        for record in read(bytes, 64).unwrap() {
            restore.push(record).unwrap();
        }
        let broker = restore.finish(now).unwrap();
        for client_id in ["a", "b", "c"] {
            assert!(broker.client(client_id).is_some(), "{client_id}");
        }
        assert_eq!((broker.metrics().retained, broker.metrics().queued), (1, 6));
    }
}

/// An image of so many sessions, each with two messages under way whose identifiers are as far apart as they can be.
fn far_apart(sessions: u8) -> Vec<u8> {
    let records = image(&eventful(durable()).world().broker);
    let of = |wanted| records.iter().find(|((table, _), _)| *table == wanted).unwrap();
    let (((_, body_key), body), (_, session)) = (of(Table::Message), of(Table::Session));
    let number = *body_key.last().unwrap();
    assert!(number < 0x80, "one byte says it");
    let mut writer = ImageWriter::new();
    let mut put = |table, key: &[u8], value: &[u8]| {
        let [key, value] = [key, value].map(Bytes::copy_from_slice);
        writer.push(&Record { table, key, change: Change::Put(value) });
    };
    put(Table::Message, body_key, body);
    for serial in 1..=sessions {
        // Behind the version of the encoding.
        put(Table::Session, &[b'h', serial], &[&[1, serial], &session[2..]].concat());
        for (order, id) in [(1, &[1][..]), (2, &[0xFF, 0xFF, 0x03])] {
            let key = [u64::from(serial), order].map(u64::to_be_bytes).concat();
            put(Table::Outgoing, &key, &[&[1, 1], id, &[number, 1, 0, 0]].concat());
        }
    }
    writer.finish().0
}

#[test]
fn a_few_bytes_that_want_much_memory_are_refused() {
    let restored = |sessions, most: fn(u64) -> u64| {
        let (image, now) = (far_apart(sessions), Story::new().world().now);
        let mut restore = Broker::restore(durable(), 7, now).within(most(image.len() as u64));
        for record in read(&image, 64).unwrap() {
            restore.push(record)?;
        }
        restore.finish(now).map(|broker| broker.metrics().sessions)
    };
    assert_eq!(restored(10, image_memory), Ok(10));
    let refused = restored(100, image_memory);
    assert!(matches!(refused, Err(RestoreError::TooLarge(_))), "{refused:?}");
    assert_eq!(restored(10, |_| 1000), Err(RestoreError::TooLarge(1000)), "records count as well");
    let error = ImageError::from(RestoreError::TooLarge(70 << 20));
    assert!(error.to_string().ends_with("more than 70 MB of memory"), "{error}");
    assert!(error.advice().starts_with("Nothing of it was taken over."));
}

#[test]
fn what_is_no_image_is_told_from_what_a_later_version_wrote() {
    assert_eq!(read(b"shopping list", 5), Err(ImageError::Foreign));
    let mut bytes = bytes(&Story::new().world().broker);
    bytes[16] = 2;
    let error = read(&bytes, 5).unwrap_err();
    assert_eq!(error, ImageError::Later(2));
    assert!(error.to_string().contains("reads versions up to 1"), "{error}");
}

#[test]
fn an_image_says_what_is_in_it() {
    let (mut reader, bytes) = (ImageReader::new(), bytes(&eventful(durable()).world().broker));
    reader.push(&bytes);
    let contents = reader.finish().unwrap();
    let words = contents.to_string();
    assert_eq!(words, "7 sessions, 18 subscriptions, 6 retained messages and 65 messages on their way");
    let one = lacewing_broker::Contents { sessions: 1, subscriptions: 1, retained: 1, queued: 1, ..contents };
    assert_eq!(one.to_string(), "1 session, 1 subscription, 1 retained message and 1 message on its way");
}

#[test]
fn blocks_that_changed_places_are_seen() {
    let mut writer = ImageWriter::new();
    let record = |key: u8| {
        let change = Change::Put(vec![key; (1 << 16) - 6].into());
        Record { table: Table::Retained, key: vec![key].into(), change }
    };
    for key in 0..4 {
        writer.push(&record(key));
    }
    let (bytes, contents) = writer.finish();
    assert_eq!(contents.retained, 4);
    assert_eq!(read(&bytes, 1000).unwrap(), (0..4).map(record).collect::<Vec<_>>());
    let block = 4 + (1 << 16) + 8;
    let mut mixed = bytes.clone();
    mixed[20..20 + 2 * block].rotate_left(block);
    assert!(matches!(read(&mixed, 1000), Err(ImageError::Damaged(20))));
    let mut fewer = bytes;
    fewer.drain(20..20 + block);
    assert!(matches!(read(&fewer, 1000), Err(ImageError::Damaged(20))));
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        records in prop::collection::vec((0..7usize, prop::collection::vec(any::<u8>(), 0..40), 0..200_000usize), 0..20),
        piece in 1..100_000usize,
    ) {
        let mut writer = ImageWriter::new();
        let mut written = Vec::new();
        let mut bytes = Vec::new();
        for (table, key, len) in records {
            let change = Change::Put(vec![len as u8; len].into());
            let record = Record { table: Table::ALL[table], key: key.into(), change };
            writer.push(&record);
            bytes.extend(writer.take());
            written.push(record);
        }
        let (rest, contents) = writer.finish();
        bytes.extend(rest);
        prop_assert_eq!(read(&bytes, piece), Ok(written.clone()));
        let retained = written.iter().filter(|record| record.table == Table::Retained).count();
        prop_assert_eq!(contents.retained, retained as u64);
    }

    #[test]
    fn any_bytes_are_an_error_and_not_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&bytes, 7).is_err());
        let image = [&b"Lacewing image\r\n\x01\0\0\0"[..], &bytes].concat();
        prop_assert!(read(&image, 7).is_err());
    }
}

#[test]
fn records_whose_keys_say_more_than_they_may_or_the_same_twice_are_refused() {
    let image = image(&eventful(durable()).world().broker);
    let refused = |change: &dyn Fn(&mut Image)| {
        let mut image = image.clone();
        change(&mut image);
        let now = Now { awake: 1, wall: 1_790_000_000_000_000 };
        let mut restore = Broker::restore(durable(), 1, now);
        for ((table, key), value) in image {
            restore.push(Record { table, key, change: Change::Put(value) })?;
        }
        restore.finish(now).map(|_| ())
    };
    assert_eq!(refused(&|_| {}), Ok(()));
    for table in [Table::Outgoing, Table::Incoming] {
        let longer = refused(&|image| {
            let ((_, key), value) = image.iter().find(|((of, _), _)| *of == table).expect("there is one");
            let (key, value) = ([&key[..], b"?"].concat(), value.clone());
            image.insert((table, key.into()), value);
        });
        assert_eq!(longer, Err(RestoreError::Unreadable(table)));
    }
    let twice = refused(&|image| {
        let session = image.values().next().expect("there is a session").clone();
        image.insert((Table::Session, "somebody else".into()), session);
    });
    assert_eq!(twice, Err(RestoreError::Unreadable(Table::Session)));
}
