//! A store over disks that lose power, change bytes and run out of room.
//!
//! `LACEWING_CRASHES=200` crashes that many dialogues at every step; `LACEWING_FLIPS=1` flips every byte of a store and not
//! only a sample. Both want `-- --nocapture` and a release build.

#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(clippy::print_stderr, reason = "a run by command says what it counted")]

mod crash;
mod damage;
mod disk;
mod journal;
mod kept;
mod peer;
mod replaced;
mod room;
mod world;

use std::collections::BTreeMap;

use bytes::Bytes;
use lacewing_broker::{Change, Record, Seq, Table};
use lacewing_store::{Changes, Sizes, StorageBackend, Store, StoreError};

/// Enough for every store here.
const SIZES: Sizes = Sizes { cache: 1 << 20, journal: Sizes::JOURNAL };

/// All records by table and key.
type State = BTreeMap<(Table, Bytes), Bytes>;

fn read<B: StorageBackend>(store: &Store<B>) -> Result<State, StoreError> {
    let (mut reading, mut state) = (store.read()?, State::new());
    while let Some(Record { table, key, change }) = reading.next()? {
        let Change::Put(value) = change else { panic!("what is read is there") };
        state.insert((table, key), value);
    }
    Ok(state)
}

fn put(table: Table, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Record {
    Record { table, key: key.into(), change: Change::Put(value.into()) }
}

fn delete(table: Table, key: impl Into<Bytes>) -> Record {
    Record { table, key: key.into(), change: Change::Delete }
}

fn changes(records: impl IntoIterator<Item = Record>) -> Changes {
    let mut changes = Changes::default();
    for (record, seq) in records.into_iter().zip(1..) {
        changes.push(Seq(seq), &record);
    }
    changes
}

#[test]
fn what_was_committed_is_read_back() {
    let disk = disk::Disk::new();
    let mut store = Store::open(disk.clone(), SIZES).unwrap();
    assert_eq!((store.is_empty().unwrap(), read(&store).unwrap()), (true, State::new()));
    store
        .commit(&changes([
            put(Table::Session, "s", "one"),
            put(Table::Session, "t", ""),
            put(Table::Retained, "a/b", vec![7; 100_000]),
        ]))
        .unwrap();
    store
        .commit(&changes([
            put(Table::Session, "s", "two"),
            delete(Table::Session, "t"),
            delete(Table::Will, "x"),
        ]))
        .unwrap();
    let expected = State::from([
        ((Table::Session, "s".into()), "two".into()),
        ((Table::Retained, "a/b".into()), vec![7; 100_000].into()),
    ]);
    assert_eq!((store.is_empty().unwrap(), read(&store).unwrap()), (false, expected.clone()));
    store.close().unwrap();
    let store = Store::open(disk.clone(), SIZES).unwrap();
    assert_eq!(read(&store).unwrap(), expected);
    drop(store);
    assert_eq!(read(&Store::open(disk, SIZES).unwrap()).unwrap(), expected);
}

#[test]
fn what_is_not_a_store_is_left_alone() {
    for content in [&b"a letter"[..], &[1; 10_000], b"Lacewing store\r\n!"] {
        let disk = disk::Disk::holding(content);
        assert!(matches!(Store::open(disk.clone(), SIZES), Err(StoreError::Foreign)));
        assert_eq!(disk.content(), content);
    }
}
