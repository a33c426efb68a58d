//! An image by anybody. The first byte says whether the rest is the image as it is, or what its blocks hold, which then get
//! the checksums that they should have: a checksum keeps nobody away who wants to write an image.
//!
//! Whatever it holds: nothing panics, no more comes out than went in, what is read is written in the same way, and a broker that
//! is made of it has an image of which the same broker is made.

use std::collections::BTreeMap;
use std::hash::Hasher;

use bytes::Bytes;
use lacewing_broker::{
    Broker, Change, Config, ImageReader, ImageWriter, Input, Now, Output, Record, RestoreError, Table,
};
use siphasher::sip::SipHasher13;

const NOW: Now = Now { awake: 3_600_000_000, wall: 1_790_000_000_000_000 };
/// So many calls, and a broker is done with what it began.
const TURNS: u32 = 2_000;

/// One image: a byte for its form, then the rest.
pub fn run(data: &[u8]) {
    let Some((&form, rest)) = data.split_first() else { return };
    let image = if form & 1 == 0 { rest.to_vec() } else { in_blocks(rest, 1 + usize::from(form >> 2) * 9) };
    let (records, is_whole) = read(&image);
    let size = |record: &Record| record.key.len() + value(record).len();
    assert!(records.iter().map(size).sum::<usize>() <= image.len());
    if is_whole {
        let written = written(&records);
        assert_eq!(read(&written), (records.clone(), true));
    }
    let config = Config { durable: form & 2 != 0, ..Config::default() };
    let Ok(mut broker) = restored(records, &config) else { return };
    settle(&mut broker);
    let kept = state(&broker);
    let again = restored(broker.image().collect(), &config);
    let mut again = again.expect("a broker can be made of what a broker says that it keeps");
    settle(&mut again);
    assert_eq!(state(&again), kept);
}

fn in_blocks(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut image = b"Lacewing image\r\n\x01\0\0\0".to_vec();
    for (number, block) in (0..).zip(bytes.chunks(size)) {
        let mut hasher = SipHasher13::new_with_keys(number, block.len() as u64);
        hasher.write(block);
        image.extend((block.len() as u32).to_le_bytes());
        image.extend(block);
        image.extend(hasher.finish().to_le_bytes());
    }
    image
}

/// The records of an image up to where it is wrong, and whether it is not.
fn read(image: &[u8]) -> (Vec<Record>, bool) {
    let (mut reader, mut records) = (ImageReader::new(), Vec::new());
    for piece in image.chunks(61) {
        reader.push(piece);
        loop {
            match reader.next() {
                Ok(Some(record)) => records.push(record),
                Ok(None) => break,
                Err(_) => return (records, false),
            }
        }
    }
    let is_whole = reader.finish().is_ok();
    (records, is_whole)
}

fn written(records: &[Record]) -> Vec<u8> {
    let mut writer = ImageWriter::new();
    records.iter().for_each(|record| writer.push(record));
    writer.finish().0
}

fn restored(records: Vec<Record>, config: &Config) -> Result<Broker, RestoreError> {
    let mut restore = Broker::restore(config.clone(), 7, NOW);
    for record in records {
        restore.push(record)?;
    }
    restore.finish(NOW)
}

/// Lets a broker do what it has to do at once.
fn settle(broker: &mut Broker) {
    for _ in 0..TURNS {
        while let Some(output) = broker.poll_output() {
            if let Output::Persist { seq, .. } = output {
                broker.handle(NOW, Input::Persisted { seq });
            }
        }
        if broker.poll_timeout().is_none_or(|at| at > NOW.awake) {
            return;
        }
        broker.handle(NOW, Input::Tick);
    }
    panic!("it is never done");
}

fn state(broker: &Broker) -> BTreeMap<(Table, Bytes), Bytes> {
    let mut state = BTreeMap::new();
    for record in broker.image() {
        let value = value(&record).clone();
        let (table, key) = (record.table, record.key);
        let former = state.insert((table, key.clone()), value);
        assert_eq!(former, None, "a record of {table:?} is twice in an image: {key:?}");
    }
    state
}

fn value(record: &Record) -> &Bytes {
    match &record.change {
        Change::Put(value) => value,
        Change::Delete => panic!("nothing is gone that is in an image"),
    }
}
