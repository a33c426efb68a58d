//! Which tables there are, and how those of earlier versions become those of this one.

use lacewing_broker::Table;
use redb::{Database, ReadTransaction, ReadableDatabase, TableDefinition, WriteTransaction};

use crate::StoreError;
use crate::seal::Tally;

/// The version of the schema that this one writes. It changes when tables or seals do; what is in a record has versions of
/// its own, which the broker knows.
pub const SCHEMA: u64 = 1;

pub(crate) type Sealed = TableDefinition<'static, &'static [u8], &'static [u8]>;

const STATE: TableDefinition<&str, u64> = TableDefinition::new("state");
const VERSION: &str = "schema";
const COMMITS: &str = "commits";
const RECORDS: &str = "records";
const DIGEST: &str = "digest";

/// What the store knows of itself, changed with each commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct State {
    /// The number of the last commit.
    pub(crate) commits: u64,
    /// What all records come to.
    pub(crate) tally: Tally,
}

/// The database's table for one of the broker's. Keys and sealed values.
pub(crate) fn table(table: Table) -> Sealed {
    TableDefinition::new(match table {
        Table::Session => "sessions",
        Table::Subscription => "subscriptions",
        Table::Message => "messages",
        Table::Outgoing => "outgoing",
        Table::Incoming => "incoming",
        Table::Retained => "retained",
        Table::Will => "wills",
    })
}

/// Makes the tables of an empty database.
pub(crate) fn create(database: &Database) -> Result<State, StoreError> {
    let transaction = database.begin_write()?;
    for each in Table::ALL {
        transaction.open_table(table(each))?;
    }
    transaction.open_table(STATE)?.insert(VERSION, SCHEMA)?;
    let state = State { commits: 1, ..State::default() };
    write(&transaction, state)?;
    transaction.commit()?;
    Ok(state)
}

/// What version a database has; `None` for one that is empty.
pub(crate) fn version(database: &Database) -> Result<Option<u64>, StoreError> {
    let transaction = database.begin_read()?;
    if transaction.list_tables()?.next().is_none() {
        return Ok(None);
    }
    let version = transaction.open_table(STATE)?.get(VERSION)?.map(|version| version.value());
    version.map(Some).ok_or_else(|| StoreError::damaged("it does not say which schema it has"))
}

/// Brings the tables up to this version, one version at a time, each as one commit.
pub(crate) fn migrate(_database: &Database, version: u64) -> Result<(), StoreError> {
    match version {
        SCHEMA => Ok(()),
        later if later > SCHEMA => Err(StoreError::Later(later)),
        // The schema that comes after this one puts its step from version 1 here.
        _ => Err(StoreError::damaged(format!("there never was a schema {version}"))),
    }
}

/// Reads what the store knows of itself.
pub(crate) fn read(transaction: &ReadTransaction) -> Result<State, StoreError> {
    let table = transaction.open_table(STATE)?;
    let number = |name| match table.get(name)? {
        Some(number) => Ok(number.value()),
        None => Err(StoreError::damaged(format!("it does not say its {name}"))),
    };
    let tally = Tally { records: number(RECORDS)?, digest: number(DIGEST)? };
    Ok(State { commits: number(COMMITS)?, tally })
}

/// Writes what the store knows of itself.
pub(crate) fn write(transaction: &WriteTransaction, state: State) -> Result<(), StoreError> {
    let mut table = transaction.open_table(STATE)?;
    let State { commits, tally } = state;
    for (name, number) in [(COMMITS, commits), (RECORDS, tally.records), (DIGEST, tally.digest)] {
        table.insert(name, number)?;
    }
    Ok(())
}
