//! A disk in memory that knows what is durable, and what a crash leaves of the rest.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use lacewing_sim::Chance;
use lacewing_store::StorageBackend;

const PAGE: u64 = 4096;
/// A disk writes this much or nothing; within it, nothing is torn.
const SECTOR: usize = 512;

/// A handle of a disk. Clones are handles of the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    /// What a crash leaves in any case.
    durable: Image,
    /// What is read.
    current: Image,
    unsynced: Vec<Step>,
    steps: u64,
    /// The step at which the power goes.
    crash_at: Option<u64>,
    is_off: bool,
    /// The most bytes it holds.
    room: Option<u64>,
}

#[derive(Debug, Clone)]
enum Step {
    Write(u64, Vec<u8>),
    Length(u64),
}

/// Bytes in pages, so that copies share what is equal.
#[derive(Debug, Clone, Default)]
struct Image {
    pages: BTreeMap<u64, Arc<[u8; PAGE as usize]>>,
    len: u64,
}

impl Disk {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// One that holds something.
    pub(crate) fn holding(content: &[u8]) -> Self {
        let mut image = Image::default();
        image.set_len(content.len() as u64);
        image.write(0, content);
        Self::of(image)
    }

    fn of(image: Image) -> Self {
        let content = Content { durable: image.clone(), current: image, ..Content::default() };
        Self(Arc::new(Mutex::new(content)))
    }

    /// All that was written, synced or not.
    pub(crate) fn content(&self) -> Vec<u8> {
        let content = self.lock();
        content.current.read(0, content.current.len as usize)
    }

    /// Another disk with the same content, and one byte changed.
    pub(crate) fn flipped(&self, at: u64, mask: u8) -> Self {
        let mut image = self.lock().current.clone();
        let byte = image.read(at, 1)[0] ^ mask;
        image.write(at, &[byte]);
        Self::of(image)
    }

    /// How many writes, changes of length and syncs there were.
    pub(crate) fn steps(&self) -> u64 {
        self.lock().steps
    }

    /// Takes the power away at this step, counted from now.
    pub(crate) fn crash_after(&self, steps: u64) {
        let mut content = self.lock();
        content.crash_at = Some(content.steps + steps);
    }

    pub(crate) fn is_off(&self) -> bool {
        self.lock().is_off
    }

    /// Takes the power away now.
    pub(crate) fn switch_off(&self) {
        self.lock().is_off = true;
    }

    /// The most bytes it holds from now on; `None` for as many as come.
    pub(crate) fn set_room(&self, room: Option<u64>) {
        self.lock().room = room;
    }

    /// How many bytes it holds.
    pub(crate) fn size(&self) -> u64 {
        self.lock().current.len
    }

    /// The disk after the power came back: of what was not synced, anything may be there, all, some or torn.
    pub(crate) fn recover(&self, chance: &mut Chance) -> Self {
        let content = self.lock();
        let mut image = content.durable.clone();
        // Lengths are changed in order, by the journal of a file system; what was written is not.
        let kept = match chance.between(0, 3) {
            0 => 0,
            1 => content.unsynced.len(),
            _ => chance.between(0, content.unsynced.len() as u64) as usize,
        };
        let any = chance.between(0, 3);
        for (index, step) in content.unsynced.iter().enumerate() {
            match step {
                Step::Length(len) if index < kept => image.set_len(*len),
                Step::Length(_) => {}
                Step::Write(offset, data) => {
                    let mut at = 0;
                    while at < data.len() {
                        let sector = (SECTOR - (*offset as usize + at) % SECTOR).min(data.len() - at);
                        let is_kept = match any {
                            0 => false,
                            1 => true,
                            2 => index < kept,
                            _ => chance.between(0, 1) == 0,
                        };
                        if is_kept {
                            image.write_within(offset + at as u64, &data[at..at + sector]);
                        }
                        at += sector;
                    }
                }
            }
        }
        Self::of(image)
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Counts a step. An error when the power is gone; a step at which it goes may be done or not.
    fn step(&self) -> io::Result<MutexGuard<'_, Content>> {
        let mut content = self.lock();
        if content.is_off {
            return Err(io::Error::other("the power is gone"));
        }
        content.steps += 1;
        content.is_off = content.crash_at == Some(content.steps);
        Ok(content)
    }
}

impl Content {
    fn after_step(&self) -> io::Result<()> {
        if self.is_off { Err(io::Error::other("the power goes")) } else { Ok(()) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().current.len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let content = self.lock();
        if content.is_off || offset + out.len() as u64 > content.current.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        out.copy_from_slice(&content.current.read(offset, out.len()));
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut content = self.step()?;
        if content.room.is_some_and(|room| len > room.max(content.current.len)) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        content.current.set_len(len);
        content.unsynced.push(Step::Length(len));
        content.after_step()
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut content = self.step()?;
        content.after_step()?;
        content.durable = content.current.clone();
        content.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut content = self.step()?;
        let end = offset + data.len() as u64;
        if content.room.is_some_and(|room| end > room.max(content.current.len)) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        content.current.write(offset, data);
        content.unsynced.push(Step::Write(offset, data.to_vec()));
        content.after_step()
    }
}

impl Image {
    fn read(&self, offset: u64, len: usize) -> Vec<u8> {
        let mut out = vec![0; len];
        let mut at = 0;
        while at < len {
            let (page, from, n) = piece(offset + at as u64, len - at);
            if let Some(bytes) = self.pages.get(&page) {
                out[at..at + n].copy_from_slice(&bytes[from..from + n]);
            }
            at += n;
        }
        out
    }

    fn write(&mut self, offset: u64, data: &[u8]) {
        self.len = self.len.max(offset + data.len() as u64);
        let mut at = 0;
        while at < data.len() {
            let (page, from, n) = piece(offset + at as u64, data.len() - at);
            let bytes = self.pages.entry(page).or_insert_with(|| Arc::new([0; PAGE as usize]));
            Arc::make_mut(bytes)[from..from + n].copy_from_slice(&data[at..at + n]);
            at += n;
        }
    }

    /// Writes as far as the length goes.
    fn write_within(&mut self, offset: u64, data: &[u8]) {
        let n = self.len.saturating_sub(offset).min(data.len() as u64) as usize;
        self.write(offset.min(self.len), &data[..n]);
    }

    fn set_len(&mut self, len: u64) {
        if len < self.len {
            self.pages.retain(|page, _| page * PAGE < len);
            if let Some(last) = self.pages.get_mut(&(len / PAGE)) {
                Arc::make_mut(last)[(len % PAGE) as usize..].fill(0);
            }
        }
        self.len = len;
    }
}

/// The page an offset is in, where in it, and how much of `len` bytes is.
fn piece(offset: u64, len: usize) -> (u64, usize, usize) {
    let from = (offset % PAGE) as usize;
    (offset / PAGE, from, len.min(PAGE as usize - from))
}
