//! The page in front of the database: what this is, and how many commits are surely in it.
//!
//! The database has two places for its root and takes the newer one that is whole. So a byte that flips in the newest root
//! would give the state before the last commit, as if it had been torn by a crash. The title page knows better: after
//! each commit its number is written here, in one of two places in turn. It reaches the disk with the next
//! [`sync`](redb::StorageBackend::sync_data), which the host asks for when it has nothing else to write
//! ([`Store::settle`](crate::Store::settle)).

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::StorageBackend;

use crate::StoreError;
use crate::seal::checksum;

/// Where the database begins, in bytes.
pub(crate) const PAGE: u64 = 4096;

const MAGIC: [u8; 16] = *b"Lacewing store\r\n";
/// Where the two places for a commit's number are: in sectors of their own.
const PLACES: [u64; 2] = [512, 1024];
const MARK: usize = 16;
/// No table's, so that a mark is never a record's seal.
const KIND: u8 = 0;

/// What a title page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Title {
    /// There is nothing, or a store whose making was interrupted before anything could be put into it.
    Blank,
    /// So many commits were made, or a few more.
    Commits(u64),
}

/// The storage: the title page, and behind it, counted from 0, what the database is given.
pub(crate) struct Pages<B> {
    storage: B,
    sync_failed: AtomicBool,
}

impl<B: StorageBackend> Pages<B> {
    pub(crate) fn new(storage: B) -> Self {
        Self { storage, sync_failed: AtomicBool::new(false) }
    }

    /// Reads the title page.
    pub(crate) fn title(&self) -> Result<Title, StoreError> {
        let len = self.storage.len()?;
        let mut page = vec![0; len.min(PAGE) as usize];
        self.storage.read(0, &mut page)?;
        if len == 0 || (len == PAGE && is_half_made(&page)) {
            return Ok(Title::Blank);
        }
        if len < PAGE || !page.starts_with(&MAGIC) {
            return Err(StoreError::Foreign);
        }
        let [first, second] = PLACES.map(|place| &page[place as usize..][..MARK]);
        if first == mark(0) && second == [0; MARK] {
            return Ok(Title::Blank);
        }
        match unmark(first).max(unmark(second)) {
            Some(commits) => Ok(Title::Commits(commits)),
            None => Err(StoreError::damaged("its title page cannot be read")),
        }
    }

    /// Makes an empty storage with a title page.
    pub(crate) fn begin(&self) -> Result<(), StoreError> {
        self.storage.set_len(0)?;
        self.storage.set_len(PAGE)?;
        self.storage.write(0, &new_page())?;
        Ok(self.sync_data()?)
    }

    /// Notes that a commit is durable; the note itself becomes it with the next sync.
    pub(crate) fn note(&self, commits: u64) -> Result<(), StoreError> {
        let place = PLACES[(commits % 2) as usize];
        Ok(self.storage.write(place, &mark(commits))?)
    }

    /// Whether the storage once failed to make something durable. What it holds since is not known.
    pub(crate) fn has_failed(&self) -> bool {
        self.sync_failed.load(Ordering::Relaxed)
    }

    /// Makes what was written durable.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        Ok(self.sync_data()?)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.storage.sync_data().inspect_err(|_| self.sync_failed.store(true, Ordering::Relaxed))
    }
}

/// Whether it is what is left when the power goes before the first page of a store is durable.
fn is_half_made(page: &[u8]) -> bool {
    page.iter().zip(new_page()).all(|(&found, made)| found == 0 || found == made)
}

fn new_page() -> [u8; PAGE as usize] {
    let mut page = [0; PAGE as usize];
    page[..MAGIC.len()].copy_from_slice(&MAGIC);
    page[PLACES[0] as usize..][..MARK].copy_from_slice(&mark(0));
    page
}

fn mark(commits: u64) -> [u8; MARK] {
    let number = commits.to_le_bytes();
    let mut mark = [0; MARK];
    mark[..8].copy_from_slice(&number);
    mark[8..].copy_from_slice(&checksum(KIND, b"commits", &number).to_le_bytes());
    mark
}

fn unmark(bytes: &[u8]) -> Option<u64> {
    let commits = u64::from_le_bytes(*bytes.first_chunk()?);
    (bytes == mark(commits)).then_some(commits)
}

/// What the database gets for its storage. It may be opened again over the same pages.
pub(crate) struct Behind<B>(pub(crate) Arc<Pages<B>>);

impl<B: StorageBackend> StorageBackend for Behind<B> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.storage.len()?.saturating_sub(PAGE))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(out.len() as u64).ok_or(io::ErrorKind::UnexpectedEof)?;
        if end > self.len()? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.0.storage.read(PAGE + offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.storage.set_len(PAGE + len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.storage.write(PAGE + offset, data)
    }
}

impl<B> fmt::Debug for Behind<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Behind")
    }
}

impl<B> fmt::Debug for Pages<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages")
    }
}
