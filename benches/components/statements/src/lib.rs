//! Runs one operation on the database many times for each request, so that what
//! is measured is the database and not HTTP.

mod rows;

use plinth::database::Statement;
use plinth::prelude::*;

use rows::{Book, Event, event, key};

const LIST: &str = include_str!("../../../statements/list.sql");
const PRIMARY_KEY: &str = include_str!("../../../statements/primary_key.sql");
const RANGE: &str = include_str!("../../../statements/range.sql");
const UPDATE: &str = include_str!("../../../statements/update.sql");
const INSERT: &str = include_str!("../../../statements/insert.sql");

const RANGE_ROWS: i64 = 20;
const PIPELINE: i64 = 20;
const COPY_ROWS: i64 = 10_000;

/// Does something once; the number tells which time it is.
type Operation = fn(&mut Db, i64) -> Result<()>;

/// Run an operation so many times, and answer how many.
#[get("/{operation}/{first}/{count}")]
fn run(operation: String, first: i64, count: u32, mut db: Db) -> Result<String> {
    let operation = named(&operation)?;
    for turn in first..first + i64::from(count) {
        operation(&mut db, turn)?;
    }
    Ok(count.to_string())
}

fn named(name: &str) -> Result<Operation> {
    Ok(match name {
        "list" => list,
        "primary-key" => primary_key,
        "parsed" => parsed,
        "range" => range,
        "update" => update,
        "sequential" => sequential,
        "pipeline" => pipeline,
        "apart" => apart,
        "together" => together,
        "insert" => insert,
        "copy" => copy,
        _ => return Err(Problem::not_found("There is no such operation.").into()),
    })
}

fn list(db: &mut Db, _turn: i64) -> Result<()> {
    Book::read_all(&db.query(LIST, &[])?, 50)
}

fn primary_key(db: &mut Db, turn: i64) -> Result<()> {
    Book::read_all(&db.query(PRIMARY_KEY, &[&key(turn)])?, 1)
}

/// A text that was never sent before, so that nothing of it is prepared.
fn parsed(db: &mut Db, turn: i64) -> Result<()> {
    let text = format!("{PRIMARY_KEY} /* {turn} */");
    Book::read_all(&db.query(text, &[&key(turn)])?, 1)
}

fn range(db: &mut Db, turn: i64) -> Result<()> {
    let first = key(turn).min(rows::ROWS - RANGE_ROWS);
    let last = first + RANGE_ROWS - 1;
    Book::read_all(&db.query(RANGE, &[&first, &last])?, RANGE_ROWS)
}

fn update(db: &mut Db, turn: i64) -> Result<()> {
    rows::expect(db.execute(UPDATE, &[&key(turn)])?, 1)
}

fn sequential(db: &mut Db, turn: i64) -> Result<()> {
    let first = turn * PIPELINE;
    (first..first + PIPELINE).try_for_each(|turn| primary_key(db, turn))
}

fn pipeline(db: &mut Db, turn: i64) -> Result<()> {
    let first = turn * PIPELINE;
    let queries = (first..first + PIPELINE).map(by_key);
    let answers = db.pipeline(queries.collect::<Result<Vec<_>>>()?)?;
    rows::expect(answers.len() as u64, PIPELINE.unsigned_abs())?;
    answers.iter().try_for_each(|rows| Book::read_all(rows, 1))
}

fn apart(db: &mut Db, turn: i64) -> Result<()> {
    primary_key(db, turn * 2)?;
    primary_key(db, turn * 2 + 1)
}

fn together(db: &mut Db, turn: i64) -> Result<()> {
    let (one, other) = (db.start(by_key(turn * 2)?), db.start(by_key(turn * 2 + 1)?));
    Book::read_all(&one.wait()?, 1)?;
    Book::read_all(&other.wait()?, 1)
}

fn by_key(turn: i64) -> Result<Statement> {
    Statement::new(PRIMARY_KEY, &[&key(turn)])
}

fn insert(db: &mut Db, turn: i64) -> Result<()> {
    let (id, title, pages, published) = event(turn);
    rows::expect(db.execute(INSERT, &[&id, &title, &pages, &published])?, 1)
}

fn copy(db: &mut Db, turn: i64) -> Result<()> {
    let first = turn * COPY_ROWS;
    let drafts = (first..first + COPY_ROWS).map(|number| {
        let (id, title, pages, published) = event(number);
        create!(Event {
            id,
            title,
            pages,
            published
        })
    });
    rows::expect(
        Event::objects().copy_in(drafts, db)?,
        COPY_ROWS.unsigned_abs(),
    )
}

plinth::plugin! { routes: [run] }
