use std::io;

use redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};

use crate::SCHEMA;

/// Why a store cannot be opened, read or written. Nothing in it was thrown away.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The storage holds something else.
    #[error("it is not a store of Lacewing's")]
    Foreign,
    /// A later version wrote it.
    #[error("it was written by a later Lacewing (schema {0}; this one reads schemas up to {SCHEMA})")]
    Later(u64),
    /// What was written is not what is there.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// There is no room for more. What was not written can be written again later.
    #[error("there is no room for more: {0}")]
    Full(io::Error),
    /// The storage failed.
    #[error("it cannot be read or written: {0}")]
    Storage(io::Error),
}

impl StoreError {
    /// What a person can do about it, as a sentence.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Foreign => "Name another place, or move it away to start empty.",
            Self::Later(_) => "Use that version, or move it away to start empty.",
            Self::Damaged(_) => {
                "Nothing was thrown away. Keep it for someone to look at: move it away, then put a copy or an export of \
                 it in its place, or start empty."
            }
            Self::Full(_) => "Make room; nothing that was acknowledged is lost.",
            Self::Storage(_) => {
                "Look at the disk; what was acknowledged is still in it if it can be read again."
            }
        }
    }

    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full(error)
            }
            // The database asks for what should be there, and says so of what should not.
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => Self::damaged(error.to_string()),
            _ => Self::Storage(error),
        }
    }
}

impl From<StorageError> for StoreError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Io(error) => error.into(),
            StorageError::PreviousIo => {
                Self::Storage(io::Error::other("it could not be written before, and was not opened again"))
            }
            other => Self::damaged(other.to_string()),
        }
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Storage(error) => error.into(),
            other => Self::damaged(other.to_string()),
        }
    }
}

impl From<TransactionError> for StoreError {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Storage(error) => error.into(),
            other => Self::damaged(other.to_string()),
        }
    }
}

impl From<TableError> for StoreError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => error.into(),
            other => Self::damaged(other.to_string()),
        }
    }
}

impl From<CommitError> for StoreError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Storage(error) => error.into(),
            other => Self::damaged(other.to_string()),
        }
    }
}
