use std::sync::Arc;

use lacewing_broker::{Change, Record, Table};
use redb::{Builder, Database, ReadableDatabase, StorageBackend, WriteTransaction};

use crate::schema::{self, State};
use crate::seal::{self, Tally};
use crate::title::{Behind, Pages, Title};
use crate::{Changes, Reading, StoreError};

/// The durable state of one broker.
#[derive(Debug)]
pub struct Store<B> {
    pages: Arc<Pages<B>>,
    /// `None` after a commit that failed: the database does nothing more until it is opened again.
    database: Option<Database>,
    state: State,
    cache: usize,
    /// Whether the title page's last note is not durable yet.
    unsettled: bool,
    /// Holds a sealed value while it is written.
    sealed: Vec<u8>,
}

impl<B: StorageBackend> Store<B> {
    /// Opens what is in `storage`, or makes a new store if it is empty, with a cache of `cache` bytes. All of it is checked
    /// but the records themselves, which [`read`](Self::read) checks as it gives them.
    ///
    /// # Errors
    /// See [`StoreError`]. The database may also panic on what is damaged; the host catches that.
    pub fn open(storage: B, cache: u32) -> Result<Self, StoreError> {
        let pages = Arc::new(Pages::new(storage));
        let (database, state) = open(&pages, cache as usize)?;
        Ok(Self {
            pages,
            database: Some(database),
            state,
            cache: cache as usize,
            unsettled: false,
            sealed: Vec::new(),
        })
    }

    /// How many records there are.
    pub fn records(&self) -> u64 {
        self.state.tally.records
    }

    /// Reads all records back, as they are now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn read(&self) -> Result<Reading, StoreError> {
        match &self.database {
            Some(database) => Reading::new(database.begin_read()?),
            None => Err(StoreError::damaged("its last commit failed")),
        }
    }

    /// Makes changes durable, all of them or none.
    ///
    /// After [`StoreError::Full`] the same changes, with more added, can be tried again at any time; the database
    /// is then opened anew first, which takes as long as at a start.
    ///
    /// # Errors
    /// See [`StoreError`]. After any but [`Full`](StoreError::Full) it is not known what the storage holds; nothing
    /// more is written.
    pub fn commit(&mut self, changes: &Changes) -> Result<(), StoreError> {
        if self.pages.has_failed() {
            return Err(StoreError::Storage(std::io::Error::other("it failed to keep what it was given")));
        }
        let database = match self.database.take() {
            Some(database) => database,
            None => {
                let (database, state) = open(&self.pages, self.cache)?;
                self.state = state;
                database
            }
        };
        let transaction = database.begin_write()?;
        let mut state = State { commits: self.state.commits + 1, ..self.state };
        self.apply(&transaction, changes, &mut state.tally)?;
        schema::write(&transaction, state)?;
        transaction.commit()?;
        self.database = Some(database);
        self.state = state;
        self.unsettled = true;
        self.pages.note(state.commits)
    }

    /// Makes it durable that the last commit is: to be called when there is nothing to commit for a moment.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn settle(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.unsettled) { self.pages.sync() } else { Ok(()) }
    }

    /// Closes it, so that it opens without a repair.
    ///
    /// # Errors
    /// See [`StoreError`]. What was committed is durable all the same.
    pub fn close(mut self) -> Result<(), StoreError> {
        if let Some(database) = self.database.take() {
            database.close()?;
        }
        self.pages.sync()
    }

    fn apply(
        &mut self,
        transaction: &WriteTransaction,
        changes: &Changes,
        tally: &mut Tally,
    ) -> Result<(), StoreError> {
        if changes.replaces() {
            for table in Table::ALL.map(schema::table) {
                transaction.delete_table(table)?;
                transaction.open_table(table)?;
            }
            *tally = Tally::default();
        }
        for records in changes.in_order().chunk_by(|one, next| one.table == next.table) {
            let table = records[0].table;
            let mut opened = transaction.open_table(schema::table(table))?;
            for Record { key, change, .. } in records {
                let former = match change {
                    Change::Put(value) => {
                        tally.add(seal::seal(table, key, value, &mut self.sealed));
                        opened.insert(&key[..], &self.sealed[..])?
                    }
                    Change::Delete => opened.remove(&key[..])?,
                };
                if let Some(former) = former {
                    let (_, seal) = seal::split(former.value()).ok_or_else(|| unsealed(table))?;
                    tally.remove(seal);
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn unsealed(table: Table) -> StoreError {
    StoreError::damaged(format!("a record of table {table:?} is not what was written"))
}

fn open<B: StorageBackend>(pages: &Arc<Pages<B>>, cache: usize) -> Result<(Database, State), StoreError> {
    let commits = match pages.title()? {
        Title::Blank => {
            pages.begin()?;
            0
        }
        Title::Commits(commits) => commits,
    };
    let mut builder = Builder::new();
    builder.set_cache_size(cache).set_check_integrity_on_open(true);
    let database = builder.create_with_backend(Behind(pages.clone()))?;
    let state = match schema::version(&database)? {
        None if commits == 0 => schema::create(&database)?,
        None => return Err(StoreError::damaged("its tables are gone")),
        Some(version) => {
            schema::migrate(&database, version)?;
            schema::read(&database.begin_read()?)?
        }
    };
    if state.commits < commits {
        let lost = commits - state.commits;
        return Err(StoreError::damaged(format!("the last {lost} of its commits are gone")));
    }
    pages.note(state.commits)?;
    pages.sync()?;
    Ok((database, state))
}
