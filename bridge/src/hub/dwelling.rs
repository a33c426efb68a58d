//! The simulated home in this process, and where it is kept.

use std::io;

use lacewing_broker::{ConnId, Now};
use lacewing_control::{HomeCommand, Household};

use super::operators::Operators;
use crate::home_file::{HomeFile, Kept};

/// A home, and what keeps it.
pub(crate) struct Dwelling {
    pub(super) household: Household,
    file: Option<HomeFile>,
    damaged: Option<String>,
}

impl Dwelling {
    /// The home as it was kept, at the local time `local_minutes` ahead of UTC.
    ///
    /// # Errors
    /// The system gives no thread to write on.
    pub(crate) fn open(kept: Kept, seed: u64, local_minutes: i32, now: Now) -> io::Result<Self> {
        let household = Household::starting_at(seed, local_minutes, kept.blueprint, now);
        let file = kept.path.map(HomeFile::at).transpose()?;
        Ok(Self { household, file, damaged: kept.damaged })
    }

    /// Says to the operators what there is to say at the start.
    pub(super) fn introduce(&mut self, operators: &mut Operators) {
        if let Some(why) = self.damaged.take() {
            operators.home_damaged(why);
        }
        operators.household(&self.household);
    }

    /// A page wants something done to the home.
    pub(super) fn command(
        &mut self,
        now: Now,
        page: ConnId,
        command: HomeCommand,
        operators: &mut Operators,
    ) {
        if let Err(why) = self.household.command(now, command) {
            operators.refused(page, why);
        }
        if operators.household(&self.household)
            && let Some(file) = &self.file
        {
            file.keep(self.household.blueprint().to_json());
        }
    }
}
