use crate::{Broker, Config, Now, Record};

/// A broker that is being rebuilt from its records.
#[derive(Debug)]
pub struct Restore {
    config: Config,
    seed: u64,
    now: Now,
}

/// Why a record cannot be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A value is not what any version of this broker wrote.
    #[error("a record of table {0:?} cannot be read")]
    Unreadable(crate::Table),
    /// A record refers to one that is not there.
    #[error("a record of table {0:?} refers to one that is missing")]
    Dangling(crate::Table),
}

impl Restore {
    pub(crate) fn new(config: Config, seed: u64, now: Now) -> Self {
        Self { config, seed, now }
    }

    /// Takes one record, in any order; a later one for the same table and key replaces an earlier one.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub fn push(&mut self, record: Record) -> Result<(), RestoreError> {
        let _ = record;
        Ok(())
    }

    /// The broker, with all connections of its former life lost.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub fn finish(self, now: Now) -> Result<Broker, RestoreError> {
        let _ = now;
        Ok(Broker::new(self.config, self.seed, self.now))
    }
}
