//! A state takes the place of another one as a whole.

use lacewing_broker::Table;
use lacewing_sim::Chance;
use lacewing_store::{Changes, Store};

use crate::disk::Disk;
use crate::{SIZES, State, changes, put, read};

/// A store with some hundred records.
fn filled(disk: &Disk) -> (Store<Disk>, State) {
    let mut store = Store::open(disk.clone(), SIZES).unwrap();
    let records = (0..300u32).map(|n| put(Table::Retained, format!("old/{n}"), vec![n as u8; 100]));
    store.commit(&changes(records.chain([put(Table::Session, "old", "s")]))).unwrap();
    let state = read(&store).unwrap();
    (store, state)
}

/// What takes its place.
fn others() -> (Changes, State) {
    let mut changes = Changes::replacing();
    let mut state = State::new();
    for n in 0..50u32 {
        let record = put(Table::Retained, format!("old/{}", n * 10), format!("new {n}"));
        state.insert((record.table, record.key.clone()), format!("new {n}").into());
        changes.push(lacewing_broker::Seq(u64::from(n)), &record);
    }
    (changes, state)
}

#[test]
fn nothing_of_the_former_state_is_left() {
    let disk = Disk::new();
    let (mut store, _) = filled(&disk);
    let (others, expected) = others();
    store.commit(&others).unwrap();
    assert_eq!(read(&store).unwrap(), expected);
    store.close().unwrap();
    let mut store = Store::open(disk, SIZES).unwrap();
    assert_eq!(read(&store).unwrap(), expected);
    // Also by nothing at all.
    assert!(!Changes::replacing().is_empty());
    store.commit(&Changes::replacing()).unwrap();
    assert!(store.is_empty().unwrap());
}

#[test]
fn wherever_the_power_goes_one_of_the_two_is_there_as_a_whole() {
    let (others, after) = others();
    let (mut former, mut latter) = (0, 0);
    for step in 1.. {
        let disk = Disk::new();
        let (mut store, before) = filled(&disk);
        disk.crash_after(step);
        let is_done = store.commit(&others).is_ok();
        if !disk.is_off() {
            break;
        }
        drop(store);
        let disk = disk.recover(&mut Chance::new(step));
        let state = read(&Store::open(disk, SIZES).unwrap()).unwrap();
        assert!(state == before || state == after, "neither at step {step}");
        assert!(!is_done || state == after, "acknowledged and lost at step {step}");
        former += u32::from(state == before);
        latter += u32::from(state == after);
    }
    assert!(former > 2 && latter > 0, "{former} and {latter}");
}
