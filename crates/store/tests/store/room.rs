//! A disk without room: promises wait, nothing is lost, and it goes on when there is room again.

use lacewing_broker::Table;
use lacewing_store::{Store, StoreError};

use crate::disk::Disk;
use crate::{SIZES, changes, put, read};

#[test]
fn without_room_nothing_is_lost_and_with_room_the_same_changes_are_committed() {
    let disk = Disk::new();
    let mut store = Store::open(disk.clone(), SIZES).unwrap();
    let first = changes([put(Table::Retained, "first", "1")]);
    store.commit(&first).unwrap();
    disk.set_room(Some(disk.size()));
    let large = changes([put(Table::Retained, "second", vec![2; 4 << 20])]);
    for _ in 0..3 {
        assert!(matches!(store.commit(&large), Err(StoreError::Full(_))));
    }
    assert!(store.read().is_err(), "it says nothing while it does not know");

    disk.set_room(None);
    store.commit(&large).unwrap();
    let state = read(&store).unwrap();
    assert_eq!(state.len(), 2);
    assert_eq!(state[&(Table::Retained, "second".into())].len(), 4 << 20);
    drop(store);
    assert_eq!(read(&Store::open(disk, SIZES).unwrap()).unwrap(), state);
}

#[test]
fn what_was_committed_before_the_room_ran_out_is_there_after_a_crash() {
    let disk = Disk::new();
    let mut store = Store::open(disk.clone(), SIZES).unwrap();
    disk.set_room(Some(disk.size() + (1 << 20)));
    let mut committed = 0;
    for number in 0..1000_u32 {
        let key = number.to_be_bytes().to_vec();
        match store.commit(&changes([put(Table::Message, key, vec![3; 20_000])])) {
            Ok(()) => committed += 1,
            Err(StoreError::Full(_)) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(committed > 20 && committed < 1000, "{committed}");
    disk.switch_off();
    drop(store);
    let disk = disk.recover(&mut lacewing_sim::Chance::new(1));
    assert_eq!(read(&Store::open(disk, SIZES).unwrap()).unwrap().len(), committed);
}

#[test]
fn a_disk_that_does_not_keep_what_it_is_given_is_not_written_to_any_more() {
    let disk = Disk::new();
    let mut store = Store::open(disk.clone(), SIZES).unwrap();
    disk.switch_off();
    assert!(matches!(store.commit(&changes([put(Table::Retained, "a", "1")])), Err(StoreError::Storage(_))));
    assert!(store.commit(&changes([put(Table::Retained, "a", "1")])).is_err());
}
