//! Which tables there are, and how those of earlier versions become those of this one.

use bytes::Bytes;
use lacewing_broker::Table;
use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError, WriteTransaction,
};

use crate::StoreError;
use crate::journal::Journal;
use crate::seal::Tally;

/// The version of the schema that this one writes. It changes when tables or seals do; what is in a record has versions of
/// its own, which the broker knows.
///
/// 2 has a journal.
pub const SCHEMA: u64 = 2;

pub(crate) type Sealed = TableDefinition<'static, &'static [u8], &'static [u8]>;

const STATE: TableDefinition<&str, u64> = TableDefinition::new("state");
const VERSION: &str = "schema";
const COMMITS: &str = "commits";
const POSTED: &str = "posted";
const RECORDS: &str = "records";
const DIGEST: &str = "digest";

/// What the store knows of itself, changed with each commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct State {
    /// The number of the last commit.
    pub(crate) commits: u64,
    /// The last commit that the tables know of; those after it are in the journal.
    pub(crate) posted: u64,
    /// What all records in the tables come to.
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

/// Where a table comes among [`Table::ALL`].
pub(crate) fn place(table: Table) -> usize {
    table as usize - 1
}

/// The last key of each of the broker's tables.
pub(crate) fn ends<T: ReadableTable<&'static [u8], &'static [u8]>>(
    open: impl Fn(Sealed) -> Result<T, TableError>,
) -> Result<[Option<Bytes>; Table::ALL.len()], StoreError> {
    let mut ends = [const { None }; Table::ALL.len()];
    for each in Table::ALL {
        let table = open(table(each))?;
        ends[place(each)] = table.last()?.map(|(key, _)| Bytes::copy_from_slice(key.value()));
    }
    Ok(ends)
}

/// Makes the tables of an empty database.
pub(crate) fn create(database: &Database) -> Result<(), StoreError> {
    let transaction = database.begin_write()?;
    for each in Table::ALL {
        transaction.open_table(table(each))?;
    }
    Journal::create(&transaction)?;
    transaction.open_table(STATE)?.insert(VERSION, SCHEMA)?;
    let state = State { commits: 1, posted: 1, ..State::default() };
    write(&transaction, state)?;
    Ok(transaction.commit()?)
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
pub(crate) fn migrate(database: &Database, version: u64) -> Result<(), StoreError> {
    match version {
        SCHEMA => Ok(()),
        1 => begin_journal(database),
        later if later > SCHEMA => Err(StoreError::Later(later)),
        _ => Err(StoreError::damaged(format!("there never was a schema {version}"))),
    }
}

/// From version 1, whose tables know of every commit, to 2.
fn begin_journal(database: &Database) -> Result<(), StoreError> {
    let transaction = database.begin_write()?;
    {
        let mut state = transaction.open_table(STATE)?;
        let commits = state.get(COMMITS)?.map(|commits| commits.value());
        let commits = commits.ok_or_else(|| unsaid(COMMITS))?;
        state.insert(POSTED, commits)?;
        state.insert(VERSION, 2)?;
    }
    Journal::create(&transaction)?;
    Ok(transaction.commit()?)
}

/// Reads what the store knows of itself.
pub(crate) fn read(transaction: &ReadTransaction) -> Result<State, StoreError> {
    let table = transaction.open_table(STATE)?;
    let number = |name| match table.get(name)? {
        Some(number) => Ok(number.value()),
        None => Err(unsaid(name)),
    };
    let tally = Tally { records: number(RECORDS)?, digest: number(DIGEST)? };
    Ok(State { commits: number(COMMITS)?, posted: number(POSTED)?, tally })
}

fn unsaid(name: &str) -> StoreError {
    StoreError::damaged(format!("it does not say its {name}"))
}

/// Writes what the store knows of itself.
pub(crate) fn write(transaction: &WriteTransaction, state: State) -> Result<(), StoreError> {
    let mut table = transaction.open_table(STATE)?;
    let State { commits, posted, tally } = state;
    for (name, number) in
        [(COMMITS, commits), (POSTED, posted), (RECORDS, tally.records), (DIGEST, tally.digest)]
    {
        table.insert(name, number)?;
    }
    Ok(())
}
