use std::sync::Arc;

use lacewing_broker::Table;
use redb::{Builder, Database, ReadableDatabase, StorageBackend, WriteTransaction};

use crate::changes::Parts;
use crate::journal::Journal;
use crate::schema::{self, State};
use crate::seal::{self, Tally};
use crate::title::{Behind, Pages, Title};
use crate::{Changes, Reading, StoreError};

/// How much memory a store takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The database's cache of pages.
    pub cache: u32,
    /// The most that is in the journal, about: what was committed and the tables are still to learn of. The larger it is, the more
    /// has come to nothing by then, and the longer takes the commit that posts it.
    pub journal: u32,
}

impl Sizes {
    /// A journal of 1 MiB: some thousand messages, posted in a few milliseconds.
    pub const JOURNAL: u32 = 1 << 20;
}

/// The durable state of one broker.
#[derive(Debug)]
pub struct Store<B> {
    pages: Arc<Pages<B>>,
    /// `None` after a commit that failed: the database does nothing more until it is opened again.
    database: Option<Database>,
    state: State,
    /// What the database has in its journal, as long as there is a database.
    journal: Journal,
    sizes: Sizes,
    /// Whether the title page's last note is not durable yet.
    unsettled: bool,
    /// Holds a sealed value while it is written.
    sealed: Vec<u8>,
}

impl<B: StorageBackend> Store<B> {
    /// Opens what is in `storage`, or makes a new store if it is empty. All of it is checked but the records themselves, which
    /// [`read`](Self::read) checks as it gives them.
    ///
    /// # Errors
    /// See [`StoreError`]. The database may also panic on what is damaged; the host catches that.
    pub fn open(storage: B, sizes: Sizes) -> Result<Self, StoreError> {
        let pages = Arc::new(Pages::new(storage));
        let Opened { database, state, journal } = open(&pages, sizes)?;
        Ok(Self {
            pages,
            database: Some(database),
            state,
            journal,
            sizes,
            unsettled: false,
            sealed: Vec::new(),
        })
    }

    /// Whether there are no records.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.read()?.next()?.is_none())
    }

    /// Reads all records back, as they are now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn read(&self) -> Result<Reading, StoreError> {
        match &self.database {
            Some(database) => Reading::new(database.begin_read()?, self.state),
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
                let Opened { database, state, journal } = open(&self.pages, self.sizes)?;
                (self.state, self.journal) = (state, journal);
                database
            }
        };
        let transaction = database.begin_write()?;
        let mut state = State { commits: self.state.commits + 1, ..self.state };
        if changes.replaces() {
            empty_tables(&transaction)?;
            state.tally = Tally::default();
            self.post(&transaction, changes.in_order().into_iter(), &mut state)?;
        } else {
            self.journal.add(changes.packed())?;
            if self.journal.bytes() > u64::from(self.sizes.journal) {
                let journal = std::mem::take(&mut self.journal);
                self.post(&transaction, journal.changes(), &mut state)?;
            } else {
                Journal::append(&transaction, state.commits, changes.packed(), &mut self.sealed)?;
            }
        }
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

    /// Makes changes in the tables, in their order, and empties the journal.
    fn post<'a>(
        &mut self,
        transaction: &WriteTransaction,
        changes: impl Iterator<Item = Parts<'a>>,
        state: &mut State,
    ) -> Result<(), StoreError> {
        let mut changes = changes.peekable();
        while let Some(&Parts { table, .. }) = changes.peek() {
            let mut opened = transaction.open_table(schema::table(table))?;
            while let Some(Parts { key, value, .. }) = changes.next_if(|change| change.table == table) {
                let former = match value {
                    Some(value) => {
                        state.tally.add(seal::seal(table as u8, key, value, &mut self.sealed));
                        opened.insert(key, &self.sealed[..])?
                    }
                    None => opened.remove(key)?,
                };
                if let Some(former) = former {
                    let (_, seal) = seal::split(former.value()).ok_or_else(|| unsealed(table))?;
                    state.tally.remove(seal);
                }
            }
        }
        Journal::clear(transaction)?;
        state.posted = state.commits;
        self.journal = Journal::empty(schema::ends(|table| transaction.open_table(table))?);
        Ok(())
    }
}

fn empty_tables(transaction: &WriteTransaction) -> Result<(), StoreError> {
    for table in Table::ALL.map(schema::table) {
        transaction.delete_table(table)?;
        transaction.open_table(table)?;
    }
    Ok(())
}

pub(crate) fn unsealed(table: Table) -> StoreError {
    StoreError::damaged(format!("a record of table {table:?} is not what was written"))
}

/// A database, and what the store knows of it.
struct Opened {
    database: Database,
    state: State,
    journal: Journal,
}

fn open<B: StorageBackend>(pages: &Arc<Pages<B>>, sizes: Sizes) -> Result<Opened, StoreError> {
    let commits = match pages.title()? {
        Title::Blank => {
            pages.begin()?;
            0
        }
        Title::Commits(commits) => commits,
    };
    let mut builder = Builder::new();
    builder.set_cache_size(sizes.cache as usize).set_check_integrity_on_open(true);
    let database = builder.create_with_backend(Behind(pages.clone()))?;
    match schema::version(&database)? {
        None if commits == 0 => schema::create(&database)?,
        None => return Err(StoreError::damaged("its tables are gone")),
        Some(version) => schema::migrate(&database, version)?,
    }
    let transaction = database.begin_read()?;
    let state = schema::read(&transaction)?;
    if state.commits < commits {
        let lost = commits - state.commits;
        return Err(StoreError::damaged(format!("the last {lost} of its commits are gone")));
    }
    let journal = Journal::read(&transaction, state)?;
    drop(transaction);
    pages.note(state.commits)?;
    pages.sync()?;
    Ok(Opened { database, state, journal })
}
