//! A disk in memory that outlives a tab, with so much room.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use lacewing_store::StorageBackend;

/// The same disk, however often it is cloned.
#[derive(Clone, Debug)]
pub(super) struct Disk(Arc<Mutex<Platter>>);

#[derive(Debug)]
pub(super) struct Platter {
    pub(super) bytes: Vec<u8>,
    pub(super) room: u64,
}

impl Default for Disk {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Platter { bytes: Vec::new(), room: u64::MAX })))
    }
}

impl Disk {
    /// What a tab leaves that is gone at this moment: whoever had the disk closes nothing on this one any more.
    pub(super) fn as_left(&self) -> Self {
        let bytes = self.platter().bytes.clone();
        Self(Arc::new(Mutex::new(Platter { bytes, room: u64::MAX })))
    }

    pub(super) fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.platter().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = offset as usize;
        let platter = self.platter();
        let there = platter.bytes.get(offset..offset + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(there);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut platter = self.platter();
        if len > platter.room.max(platter.bytes.len() as u64) {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        platter.bytes.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = offset as usize;
        self.platter().bytes[offset..offset + data.len()].copy_from_slice(data);
        Ok(())
    }
}
