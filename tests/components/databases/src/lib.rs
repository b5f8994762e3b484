//! Reads and writes several databases: a model of its own in `archive`, others
//! in `default`, which are read from `replica`.

use plinth::orm::PrimaryReplica;
use plinth::prelude::*;

/// In `default`, and read from `replica`.
#[derive(Model)]
#[model(table = "notes")]
struct Note {
    #[model(key, auto)]
    id: i64,
    text: String,
}

/// In `archive`, whatever the router says.
#[derive(Model)]
#[model(table = "entries", database = "archive")]
struct Entry {
    #[model(key, auto)]
    id: i64,
    text: String,
}

/// The notes' texts.
#[get("/notes")]
fn notes(db: Db) -> Result<Json<Vec<String>>> {
    texts(&db)
}

/// The same by a cursor.
#[get("/notes/by-cursor")]
fn notes_by_cursor(db: Db) -> Result<Json<Vec<String>>> {
    let notes = Note::objects().order_by([Note::id.asc()]);
    let rows = notes.values(Note::text).iterator(1, &db)?;
    Ok(Json(rows.collect::<Result<_>>()?))
}

/// The same from the database of a name.
#[get("/notes/of/{database}")]
fn notes_of(database: String, db: Db) -> Result<Json<Vec<String>>, Problem> {
    texts(&db.using(database)).map_err(told)
}

/// Write a note.
#[post("/notes/{text}")]
fn add(text: String, db: Db) -> Result<Json<i64>> {
    Ok(Json(create!(Note { text }).insert(&db)?.id))
}

/// Write a note to the database of a name.
#[post("/notes/of/{database}/{text}")]
fn add_to(database: String, text: String, db: Db) -> Result<Json<i64>, Problem> {
    let note = create!(Note { text }).insert(&db.using(database));
    Ok(Json(note.map_err(told)?.id))
}

/// What a request reads before and after it writes a note.
#[post("/notes/{text}/and-read")]
fn add_and_read(text: String, db: Db) -> Result<Json<(Vec<String>, Vec<String>)>> {
    let Json(before) = texts(&db)?;
    create!(Note { text }).insert(&db)?;
    let Json(after) = texts(&db)?;
    Ok(Json((before, after)))
}

/// The same, with SQL of its own.
#[post("/notes/{text}/by-sql-and-read")]
fn add_by_sql_and_read(text: String, db: Db) -> Result<Json<(Vec<String>, Vec<String>)>> {
    let Json(before) = texts(&db)?;
    db.execute("INSERT INTO notes (text) VALUES ($1)", &[&text])?;
    let Json(after) = texts(&db)?;
    Ok(Json((before, after)))
}

/// The same, in a transaction that is undone.
#[post("/notes/{text}/undo-and-read")]
fn undo_and_read(text: String, mut db: Db) -> Result<Json<(Vec<String>, Vec<String>)>> {
    let mut inside = Vec::new();
    let undone = db.transaction(|tx| {
        create!(Note { text }).insert(tx)?;
        inside = texts(tx)?.0;
        Err::<(), _>(Error::other("undone"))
    });
    undone.expect_err("it always fails");
    let Json(after) = texts(&db)?;
    Ok(Json((inside, after)))
}

/// The notes' texts, read in a transaction.
#[get("/notes/in-a-transaction")]
fn notes_in_a_transaction(mut db: Db) -> Result<Json<Vec<String>>> {
    db.transaction(|tx| texts(tx))
}

/// The note of a text, made if there is none, and whether it was made.
#[post("/notes/{text}/once")]
fn add_once(text: String, db: Db) -> Result<Json<bool>> {
    let same = Note::objects().filter(Note::text.eq(text.as_str()));
    let (_, is_new) = same.get_or_create(create!(Note { text }), &db)?;
    Ok(Json(is_new))
}

/// Whether rows are read from a server that only replays another's changes.
#[get("/is-standby")]
fn is_standby(db: Db) -> Result<Json<Option<bool>>> {
    let is_standby = plinth::orm::raw::<_, bool>("pg_is_in_recovery()", ());
    Ok(Json(Note::objects().values(is_standby).first(&db)?))
}

/// The entries' texts.
#[get("/entries")]
fn entries(db: Db) -> Result<Json<Vec<String>>> {
    let entries = Entry::objects().order_by([Entry::id.asc()]);
    Ok(Json(entries.values(Entry::text).all(&db)?))
}

/// Write many entries, in a transaction of the query's own.
#[post("/entries/{text}/{count}")]
fn add_entries(text: String, count: i32, db: Db) -> Result<Json<usize>> {
    let entries = (0..count).map(|_| {
        create!(Entry {
            text: text.as_str()
        })
    });
    Ok(Json(Entry::objects().bulk_create(entries, &db)?.len()))
}

/// Write a note and an entry in one transaction, which cannot be.
#[post("/both/{text}")]
fn add_both(text: String, mut db: Db) -> Result<NoContent, Problem> {
    let both = db.transaction(|tx| {
        let text = text.as_str();
        create!(Note { text }).insert(tx)?;
        create!(Entry { text }).insert(tx)
    });
    both.map(|_| NoContent).map_err(told)
}

/// Move a note to the archive: two transactions, the one inside the other.
#[post("/notes/{id}/archive")]
fn archive(id: i64, mut db: Db) -> Result<NoContent> {
    db.transaction(|tx| {
        let note = Note::objects().filter(Note::id.eq(id)).get_or_404(tx)?;
        note.delete(tx)?;
        create!(Entry { text: note.text }).insert(&tx.using("archive"))
    })?;
    Ok(NoContent)
}

/// A query over both, which cannot be.
#[get("/notes/archived")]
fn archived(db: Db) -> Result<Json<i64>, Problem> {
    let entries = Entry::objects().values(Entry::text);
    let archived = Note::objects().filter(Note::text.is_in_query(entries));
    Ok(Json(archived.count(&db).map_err(told)?))
}

/// Tells the client what otherwise only the log is told.
fn told(error: Error) -> Problem {
    if error.is_disconnected() {
        return error.into();
    }
    Problem::bad_request(error.to_string())
}

fn texts(db: &Db) -> Result<Json<Vec<String>>> {
    let notes = Note::objects().order_by([Note::id.asc()]);
    Ok(Json(notes.values(Note::text).all(db)?))
}

plinth::plugin! {
    router: PrimaryReplica,
    models: [Note, Entry],
    routes: [
        notes, notes_by_cursor, notes_of, add, add_to, add_and_read, add_by_sql_and_read,
        undo_and_read, notes_in_a_transaction, add_once, is_standby, entries, add_entries, add_both,
        archive, archived,
    ],
}
