//! The data file: the state in an embedded database (redb), written before a request is answered.
//!
//! What the store holds in memory is the truth; the file follows it, one transaction for each request that changed
//! something, so that a process that is killed leaves the state of the last answer behind. A file that is not one, or is
//! broken, is refused and left as it is; so is one that another sandbox has open.

use crate::error::SandboxError;
use crate::store::{Change, Store};
use crate::tenant::Keeper;
use redb::{Database, DatabaseError, ReadOnlyDatabase, ReadableDatabase, ReadableTable, TableDefinition};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Path, a zero byte, id: place and record.
const RECORDS: TableDefinition<'_, &str, (u64, &str)> = TableDefinition::new("records");

/// Path: value.
const VALUES: TableDefinition<'_, &str, &str> = TableDefinition::new("values");

/// What the file is: `format`.
const ABOUT: TableDefinition<'_, &str, &str> = TableDefinition::new("about");

/// A file of another format is refused.
const FORMAT: &str = "auth0-sandbox 1";

/// An open data file.
pub(crate) struct DataFile {
    path: PathBuf,
    database: Database,
}

impl fmt::Debug for DataFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl DataFile {
    /// Opens a file or makes it. The state in it, when it is not new.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<Store>), SandboxError> {
        let refused = |reason: String| SandboxError::Data { path: path.to_owned(), reason };
        // The database trusts what it reads, and panics where a damaged file breaks that trust.
        let opened = catch_unwind(|| Self::opened(path));
        opened.unwrap_or_else(|_| Err(refused("it is damaged: what is in it contradicts itself".to_owned())))
    }

    fn opened(path: &Path) -> Result<(Self, Option<Store>), SandboxError> {
        let refused = |reason: String| SandboxError::Data { path: path.to_owned(), reason };
        let damaged = |error: &dyn fmt::Display| {
            refused(format!("it is not a data file of a sandbox, or it is damaged: {error}"))
        };
        let usable = |error: DatabaseError| match error {
            DatabaseError::DatabaseAlreadyOpen => refused("another sandbox has it open".to_owned()),
            other => damaged(&other),
        };
        if !std::fs::metadata(path).is_ok_and(|about| about.len() > 0) {
            let database = Database::create(path).map_err(usable)?;
            return Ok((Self { path: path.to_owned(), database }, None));
        }
        // Opening for writing writes. So a file is first read to its end, and only what is whole is opened.
        let store = match ReadOnlyDatabase::open(path) {
            Ok(reader) => load(&reader).map_err(|error| damaged(&error))?,
            // Its process was killed: what has to be mended is mended in a copy, which takes its place when it is whole.
            Err(DatabaseError::RepairAborted) => {
                let whole = std::fs::canonicalize(path).map_err(|error| damaged(&error))?;
                let copy = Copied::of(&whole).map_err(|error| damaged(&error))?;
                let database = Database::open(&copy.0).map_err(usable)?;
                let store = load(&database).map_err(|error| damaged(&error))?;
                drop(database);
                std::fs::rename(&copy.0, &whole)
                    .map_err(|error| refused(format!("it cannot be replaced by its mended copy: {error}")))?;
                store
            }
            Err(error) => return Err(usable(error)),
        };
        let database = Database::open(path).map_err(usable)?;
        Ok((Self { path: path.to_owned(), database }, store))
    }

    pub(crate) fn boxed(self) -> Box<dyn Keeper> {
        Box::new(self)
    }

    fn write_all(&self, store: &Store, changes: &[Change]) -> Result<(), redb::Error> {
        let writing = self.database.begin_write()?;
        {
            writing.open_table(ABOUT)?.insert("format", FORMAT)?;
            let mut records = writing.open_table(RECORDS)?;
            let mut values = writing.open_table(VALUES)?;
            for change in changes {
                match change {
                    Change::Record(path, id) => {
                        let key = format!("{path}\0{id}");
                        match store.collection(path).and_then(|all| Some((all.place(id)?, all.get(id)?))) {
                            Some((place, text)) => drop(records.insert(key.as_str(), (place, &**text))?),
                            None => drop(records.remove(key.as_str())?),
                        }
                    }
                    Change::Collection(path) => {
                        let (from, to) = (format!("{path}\0"), format!("{path}\x01"));
                        records.retain_in(from.as_str()..to.as_str(), |_, _| false)?;
                        for (place, id, text) in store.collection(path).into_iter().flat_map(|all| all.after(None)) {
                            records.insert(format!("{path}\0{id}").as_str(), (place, &**text))?;
                        }
                    }
                    Change::Value(path) => match store.value_text(path) {
                        Some(text) => drop(values.insert(path.as_str(), &**text)?),
                        None => drop(values.remove(path.as_str())?),
                    },
                    Change::Everything => {
                        records.retain(|_, _| false)?;
                        values.retain(|_, _| false)?;
                        for (path, all) in store.collections() {
                            for (place, id, text) in all.after(None) {
                                records.insert(format!("{path}\0{id}").as_str(), (place, &**text))?;
                            }
                        }
                        for (path, text) in store.values() {
                            values.insert(path, &**text)?;
                        }
                    }
                }
            }
        }
        writing.commit()?;
        Ok(())
    }
}

/// A copy of a data file beside it, which is gone when it was not taken.
struct Copied(PathBuf);

impl Copied {
    fn of(path: &Path) -> std::io::Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".mended-{}", std::process::id()));
        let copy = Self(path.with_file_name(name));
        std::fs::copy(path, &copy.0)?;
        Ok(copy)
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        // There is nothing to remove when it was taken.
        std::fs::remove_file(&self.0).ok();
    }
}

/// The state in a database. `None`: it was made and never written to.
fn load(database: &impl ReadableDatabase) -> Result<Option<Store>, Box<dyn std::error::Error>> {
    let reading = database.begin_read()?;
    let about = match reading.open_table(ABOUT) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        other => other?,
    };
    match about.get("format")? {
        Some(format) if format.value() == FORMAT => {}
        other => {
            let found = other.map_or_else(String::new, |format| format.value().to_owned());
            return Err(format!("its format is {found:?} and not {FORMAT:?}").into());
        }
    }
    let mut store = Store::default();
    let mut records: Vec<(String, u64, String)> = Vec::new();
    for entry in reading.open_table(RECORDS)?.iter()? {
        let (key, value) = entry?;
        let (place, text) = value.value();
        records.push((key.value().to_owned(), place, text.to_owned()));
    }
    // A record comes back to its place, so that lists and cursors go on as before.
    records.sort_by_key(|(_, place, _)| *place);
    for (key, place, text) in records {
        let (path, id) = key.split_once('\0').ok_or("a key without a path")?;
        store.restore(path, id, place, &text).ok_or_else(|| format!("the record {path} {id} is not JSON"))?;
    }
    for entry in reading.open_table(VALUES)?.iter()? {
        let (path, text) = entry?;
        store.restore_value(path.value(), text.value()).ok_or("a value is not JSON")?;
    }
    Ok(Some(store))
}

impl Keeper for DataFile {
    fn write(&self, store: &mut Store) -> Result<(), String> {
        let changes = store.take_changes();
        if changes.is_empty() {
            return Ok(());
        }
        let written = catch_unwind(AssertUnwindSafe(|| self.write_all(store, &changes)));
        let reason = match written {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it is damaged".to_owned(),
        };
        Err(format!("{}: {reason}", self.path.display()))
    }
}
