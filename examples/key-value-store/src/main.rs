//! Keeps keys and values in a file, with redb: writes and reads them, opens the store twice, and
//! opens what a crash leaves behind.

use std::env;
use std::fs;
use std::process::ExitCode;

use redb::{
    Builder, Database, DatabaseError, Error, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    TableHandle,
};

type Table = TableDefinition<'static, &'static str, &'static str>;

const FRUITS: Table = TableDefinition::new("fruits");
const ANIMALS: Table = TableDefinition::new("animals");
const FILE: &str = "store.redb";

fn main() -> ExitCode {
    let done = match env::args().nth(1).as_deref() {
        Some("write-and-read") => write_and_read(),
        Some("open-twice") => open_twice(),
        Some("two-writers") => two_writers(),
        Some("crash") => crash(),
        _ => return ExitCode::from(2),
    };
    // A store is 1 MB, and only the printed output matters here.
    let _ = fs::remove_file(FILE);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("key-value-store: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_and_read() -> Result<(), Error> {
    let store = Database::create(FILE)?;
    put(&store, FRUITS, "apple", "red")?;
    put(&store, FRUITS, "plum", "blue")?;
    drop(store);
    let store = Database::open(FILE)?;
    list("opened again", &store)
}

/// Opens the store while it is open, as a second process would.
fn open_twice() -> Result<(), Error> {
    let _store = Database::create(FILE)?;
    let say = |result: Result<(), DatabaseError>| match result {
        Ok(()) => "opened".to_string(),
        Err(error) => error.to_string(),
    };
    println!("to write: {}", say(Database::create(FILE).map(drop)));
    println!("to read: {}", say(Builder::new().open_read_only(FILE).map(drop)));
    Ok(())
}

/// Two writers take turns, unaware of each other. Each considers the same pages to be free.
fn two_writers() -> Result<(), Error> {
    let first = Database::create(FILE)?;
    let second = Database::create(FILE);
    put(&first, FRUITS, "apple", "red")?;
    match &second {
        Ok(second) => put(second, ANIMALS, "cat", "grey")?,
        Err(error) => println!("the second: {error}"),
    }
    put(&first, FRUITS, "plum", "blue")?;
    list("the first", &first)?;
    if let Ok(second) = &second {
        list("the second", second)?;
    }
    drop(second);
    drop(first);
    // So far, nobody has seen an error. Whoever opens the store next finds what the writers left.
    match Database::open(FILE).map_err(Error::from).and_then(|mut store| Ok(store.check_integrity()?)) {
        Ok(is_intact) => println!("afterwards: intact: {is_intact}"),
        Err(error) => println!("afterwards: {error}"),
    }
    Ok(())
}

/// A copy of the file while a transaction is open is what a crash at that moment leaves behind.
fn crash() -> Result<(), Error> {
    let store = Database::create(FILE)?;
    put(&store, FRUITS, "apple", "red")?;
    let transaction = store.begin_write()?;
    transaction.open_table(FRUITS)?.insert("plum", "blue")?;
    fs::copy(FILE, "left.redb")?;
    drop(transaction);
    drop(store);
    let mut builder = Builder::new();
    builder.set_repair_callback(|session| println!("repairing: {} %", 100.0 * session.progress()));
    let store = builder.open("left.redb")?;
    fs::remove_file("left.redb")?;
    list("after the crash", &store)
}

fn put(store: &Database, table: Table, key: &str, value: &str) -> Result<(), Error> {
    let transaction = store.begin_write()?;
    transaction.open_table(table)?.insert(key, value)?;
    Ok(transaction.commit()?)
}

fn list(who: &str, store: &Database) -> Result<(), Error> {
    println!("{who}:");
    let transaction = store.begin_read()?;
    for table in [FRUITS, ANIMALS] {
        let rows = match transaction.open_table(table) {
            Ok(rows) => rows,
            Err(TableError::TableDoesNotExist(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        for row in rows.iter()? {
            let (key, value) = row?;
            println!("  {}: {} is {}", table.name(), key.value(), value.value());
        }
    }
    Ok(())
}
