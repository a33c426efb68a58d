//! Bytes that change by themselves: the same state, or an error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use lacewing_broker::Table;
use lacewing_store::{Store, StoreError};

use crate::disk::Disk;
use crate::world::World;
use crate::{SIZES, State, changes, delete, put, read};

/// A sample: the beginning, where everything has its place, and every so many bytes of the rest.
const BEGINNING: u64 = 6144;
const STRIDE: u64 = 401;

#[derive(Default)]
struct Counts {
    same: AtomicU64,
    refused: AtomicU64,
    panicked: AtomicU64,
}

#[test]
fn a_store_with_a_byte_changed_gives_the_same_state_or_an_error() {
    for in_order in [true, false] {
        every_byte(&World::new(7, 0).stop_after(25, in_order), in_order);
    }
}

fn every_byte(disk: &Disk, in_order: bool) {
    let expected = read(&Store::open(disk.flipped(0, 0), SIZES).unwrap()).unwrap();
    assert!(expected.len() > 10, "{} records", expected.len());
    let all = std::env::var("LACEWING_FLIPS").is_ok();
    let is_tried = |at: u64| all || at < BEGINNING || at.is_multiple_of(STRIDE);
    let (next, counts) = (AtomicU64::new(0), Counts::default());
    // What the database has to say of it would fill the screen.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let wrong = thread::scope(|scope| {
        let work = || {
            let mut wrong = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= disk.size() {
                    return wrong;
                }
                if is_tried(at) && !is_right(&disk.flipped(at, 1 << (at % 8)), &expected, &counts) {
                    wrong.push(at);
                }
            }
        };
        let threads = thread::available_parallelism().map_or(1, |cores| cores.get());
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<u64>>()
    });
    std::panic::set_hook(hook);
    let [same, refused, panicked] = [counts.same, counts.refused, counts.panicked].map(AtomicU64::into_inner);
    let how = if in_order { "closed" } else { "killed" };
    eprintln!(
        "{} bytes, {how}: {same} times the same state, {refused} errors, {panicked} panics, {} silent differences",
        disk.size(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "bytes at {wrong:?} change the state in silence");
    assert!(same > 0 && refused > 0);
}

fn is_right(disk: &Disk, expected: &State, counts: &Counts) -> bool {
    let opened = catch_unwind(AssertUnwindSafe(|| read(&Store::open(disk.clone(), SIZES)?)));
    let count = match &opened {
        Ok(Ok(state)) if state == expected => &counts.same,
        Ok(Ok(_)) => return false,
        Ok(Err(_)) => &counts.refused,
        Err(_) => &counts.panicked,
    };
    count.fetch_add(1, Ordering::Relaxed);
    true
}

#[test]
fn a_commit_that_was_acknowledged_and_is_gone_is_an_error() {
    let disk = Disk::new();
    let mut store = Store::open(disk.clone(), SIZES).unwrap();
    store.commit(&changes([put(Table::Retained, "a", "1")])).unwrap();
    let before = disk.content();
    store.commit(&changes([put(Table::Retained, "b", "2")])).unwrap();
    drop(store);
    // The database as it was, under the title page as it is: an old copy, or a write that never came.
    let mut mixed = disk.content();
    mixed.truncate(before.len());
    mixed[4096..].copy_from_slice(&before[4096..]);
    let error = Store::open(Disk::holding(&mixed), SIZES).unwrap_err();
    assert!(error.to_string().contains("commits are gone"), "{error}");
    assert!(error.advice().contains("Nothing was thrown away"));
    // The whole old copy is a store.
    assert_eq!(read(&Store::open(Disk::holding(&before), SIZES).unwrap()).unwrap().len(), 1);
}

#[test]
fn a_file_that_was_cut_short_is_an_error() {
    let disk = Disk::new();
    let mut store = Store::open(disk.clone(), SIZES).unwrap();
    store.commit(&changes([put(Table::Retained, "a", vec![1; 50_000])])).unwrap();
    store.commit(&changes([delete(Table::Retained, "a"), put(Table::Retained, "b", "")])).unwrap();
    store.close().unwrap();
    let content = disk.content();
    for len in (1..content.len()).step_by(1999).chain([4096, 4097]) {
        let disk = Disk::holding(&content[..len]);
        let opened = catch_unwind(AssertUnwindSafe(|| Store::open(disk, SIZES).map(|_| ())));
        assert!(
            matches!(opened, Ok(Err(StoreError::Damaged(_) | StoreError::Foreign)) | Err(_)),
            "cut at {len}: {opened:?}"
        );
    }
}
