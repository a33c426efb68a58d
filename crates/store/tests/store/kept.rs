//! Stores that earlier versions wrote.
//!
//! `LACEWING_BLESS=1` writes the one of this version, for the versions to come; those of released versions are never
//! written again.

#![allow(clippy::disallowed_methods, reason = "they are files")]

use std::path::Path;

use lacewing_broker::Table;
use lacewing_store::{SCHEMA, Store};

use crate::disk::Disk;
use crate::world::{World, restore, time};
use crate::{SIZES, read};

const PIECE: usize = 64;

/// A store is mostly nothing: pieces that are not empty, each behind its number.
fn packed(content: &[u8]) -> Vec<u8> {
    let mut packed = (content.len() as u32).to_le_bytes().to_vec();
    for (number, piece) in
        content.chunks(PIECE).enumerate().filter(|(_, piece)| piece.iter().any(|byte| *byte != 0))
    {
        packed.extend_from_slice(&(number as u32).to_le_bytes());
        packed.extend_from_slice(piece);
    }
    packed
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| u32::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let mut content = vec![0; number(packed)];
    for piece in packed[4..].chunks(4 + PIECE) {
        let at = number(piece) * PIECE;
        content[at..at + piece.len() - 4].copy_from_slice(&piece[4..]);
    }
    content
}

#[test]
fn the_stores_of_every_version_so_far_open_and_restore() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept");
    if std::env::var("LACEWING_BLESS").is_ok() {
        for (name, in_order) in [("closed", true), ("killed", false)] {
            let disk = World::new(7, 0).stop_after(25, in_order);
            let path = folder.join(format!("{SCHEMA}-{name}.store"));
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(path, packed(&disk.content())).unwrap();
        }
    }
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let disk = Disk::holding(&unpacked(&std::fs::read(&path).unwrap()));
        let store = Store::open(disk, SIZES).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let state = read(&store).unwrap();
        let count = |table| state.keys().filter(|(found, _)| *found == table).count();
        let counts = Table::ALL.map(count);
        assert_eq!(counts, [4, 4, 3, 8, 2, 3, 3], "{}", path.display());
        let broker = restore(&store, 1, time(1)).unwrap();
        assert_eq!((broker.metrics().sessions, broker.metrics().retained), (4, 3));
        seen += 1;
    }
    assert_eq!(seen, 2 * SCHEMA, "two files for each version");
}
