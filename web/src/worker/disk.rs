//! A file of the origin as the storage of a database.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use lacewing_store::StorageBackend;
use send_wrapper::SendWrapper;
use web_sys::wasm_bindgen::JsValue;
use web_sys::{FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use crate::opfs;

/// A file that this worker has for itself.
pub(super) struct Disk {
    handle: SendWrapper<FileSystemSyncAccessHandle>,
    /// Nobody else changes it, so the browser need not be asked.
    length: AtomicU64,
}

impl Disk {
    /// The file behind `handle`.
    ///
    /// # Errors
    /// When the browser does not say how long it is.
    pub(super) fn new(handle: FileSystemSyncAccessHandle) -> io::Result<Self> {
        let length = handle.get_size().map_err(|error| failed(&error))? as u64;
        Ok(Self { handle: SendWrapper::new(handle), length: AtomicU64::new(length) })
    }

    /// Its length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length.load(Ordering::Relaxed)
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.length())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let read = self.handle.read_with_u8_array_and_options(out, &at(offset));
        match read.map_err(|error| failed(&error))? {
            read if read as usize == out.len() => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.handle.truncate_with_f64(len as f64).map_err(|error| failed(&error))?;
        self.length.store(len, Ordering::Relaxed);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.handle.flush().map_err(|error| failed(&error))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let written = self.handle.write_with_u8_array_and_options(data, &at(offset));
        if written.map_err(|error| failed(&error))? as usize != data.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.length.fetch_max(offset + data.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Disk {
    /// The browser lets nobody else have the file before.
    fn drop(&mut self) {
        self.handle.close();
    }
}

fn at(offset: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    // A double counts bytes exactly up to 8 PiB.
    options.set_at(offset as f64);
    options
}

fn failed(error: &JsValue) -> io::Error {
    let kind = match opfs::is(error, "QuotaExceededError") {
        true => io::ErrorKind::QuotaExceeded,
        false => io::ErrorKind::Other,
    };
    io::Error::new(kind, opfs::words(error))
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}
