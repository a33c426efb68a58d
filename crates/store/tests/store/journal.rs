//! What the store holds is the same, whether its tables know of it yet or not.

use lacewing_broker::{Record, Seq, Table};
use lacewing_sim::Chance;
use lacewing_store::{Changes, Sizes, Store};

use crate::disk::Disk;
use crate::{SIZES, State, delete, put, read};

#[test]
fn any_changes_leave_what_they_say_with_any_size_of_the_journal_and_openings_between() {
    for seed in 0..60 {
        let mut chance = Chance::new(seed);
        let sizes = Sizes { journal: [0, 300, 2000, Sizes::JOURNAL][(seed % 4) as usize], ..SIZES };
        let mut disk = Disk::new();
        let mut store = Store::open(disk.clone(), sizes).unwrap();
        let mut expected = State::new();
        for _ in 0..60 {
            let replaces = chance.between(0, 30) == 0;
            let mut changes = if replaces { Changes::replacing() } else { Changes::default() };
            if replaces {
                expected.clear();
            }
            for _ in 0..chance.between(0, 12) {
                changes.push(Seq(1), &any_change(&mut chance, &mut expected));
            }
            store.commit(&changes).unwrap();
            match chance.between(0, 9) {
                0 => {
                    // As it is when the process is killed.
                    disk = Disk::holding(&disk.content());
                    store = Store::open(disk.clone(), sizes).unwrap();
                }
                1 => {
                    store.close().unwrap();
                    store = Store::open(disk.clone(), sizes).unwrap();
                }
                _ => {}
            }
            assert_eq!(read(&store).unwrap(), expected, "seed {seed}");
            assert_eq!(store.is_empty().unwrap(), expected.is_empty());
        }
    }
}

/// A change of few keys in few tables, mostly of late ones, as a broker's are; made in `state` too.
fn any_change(chance: &mut Chance, state: &mut State) -> Record {
    let table = [Table::Message, Table::Outgoing, Table::Will][chance.between(0, 2) as usize];
    let key = vec![chance.between(0, 1) as u8, chance.between(0, 5) as u8];
    if chance.between(0, 1) == 0 {
        state.remove(&(table, key.clone().into()));
        return delete(table, key);
    }
    let value = vec![chance.between(0, 255) as u8; chance.between(0, 90) as usize];
    state.insert((table, key.clone().into()), value.clone().into());
    put(table, key, value)
}
