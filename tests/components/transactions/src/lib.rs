//! Ends transactions in every way there is, and runs statements together.

use std::hint::black_box;
use std::time::Duration;

use plinth::bindings::plinth::host::database as host;
use plinth::database::{Statement, TransactionOptions};
use plinth::prelude::*;

const INSERT: &str = "INSERT INTO held VALUES ($1)";

/// A number behind something, and an end.
type Ending = fn(&mut Db) -> Result<()>;

/// Inserts 1 in a transaction, and 2 behind a savepoint if it is to be deep, and
/// ends there.
#[get("/end/{how}/{depth}")]
fn end(how: String, depth: u32, mut db: Db) -> Result<&'static str> {
    let ending: Ending = match how.as_str() {
        "commit" => |_| Ok(()),
        "error" => |_| Err(Error::other("it was told to")),
        "refused" => |tx| tx.execute(INSERT, &[&None::<i32>]).map(drop),
        "panic" => |_| panic!("with a transaction open"),
        "loop" => |_| loop {
            black_box(());
        },
        "memory" => |_| {
            let mut hog: Vec<Vec<u8>> = Vec::new();
            loop {
                hog.push(vec![1; 1 << 20]);
                black_box(&hog);
            }
        },
        "wait" => |tx| tx.query("SELECT pg_sleep(30)", &[]).map(drop),
        _ => return Err(Problem::not_found("no such end").into()),
    };
    db.transaction(|tx| {
        tx.execute(INSERT, &[&1])?;
        match depth {
            1 => ending(tx),
            _ => tx.savepoint("deep", |savepoint| {
                savepoint.execute(INSERT, &[&2])?;
                ending(savepoint)
            }),
        }
    })?;
    Ok("committed")
}

/// Begins as `end` does, without the SDK, and lets go of the handle.
#[get("/handle/{how}/{depth}")]
fn handle(how: String, depth: u32) -> &'static str {
    let options = host::TransactionOptions {
        isolation: None,
        read_only: false,
        deferrable: false,
        statement_timeout_ms: 0,
    };
    let transaction = host::Transaction::begin("default", options).expect("begins");
    let statements = [
        "INSERT INTO held VALUES (1)",
        "SAVEPOINT deep",
        "INSERT INTO held VALUES (2)",
    ];
    for sql in &statements[..if depth == 1 { 1 } else { 3 }] {
        let statement = host::Statement {
            sql: (*sql).to_owned(),
            parameter_types: Vec::new(),
            parameters: Vec::new(),
            timeout_ms: 0,
        };
        transaction.execute(&statement).expect("runs");
    }
    match how.as_str() {
        "drop" => drop(transaction),
        _ => std::mem::forget(transaction),
    }
    "let go"
}

/// Adds 1 to what an account holds, as it was read before the gate.
#[post("/accounts/{id}/increment/{retries}")]
fn increment(id: i32, retries: u32, mut db: Db) -> Result<String> {
    let options = TransactionOptions::new().serializable().retries(retries);
    let mut runs = 0;
    db.transaction_with(options, |tx| {
        runs += 1;
        let rows = tx.query("SELECT cents FROM accounts WHERE id = $1", &[&id])?;
        let cents: i32 = rows.first().ok_or(Error::not_found("accounts"))?.get(0)?;
        tx.query("SELECT * FROM gate", &[])?;
        let update = "UPDATE accounts SET cents = $1 WHERE id = $2";
        tx.on_commit(|db| db.execute(INSERT, &[&1]).map(drop));
        tx.execute(update, &[&(cents + 1), &id]).map(drop)
    })?;
    Ok(format!("{runs} runs"))
}

/// What Postgres says of a transaction with all options, and of one with none.
#[get("/options")]
fn options(mut db: Db) -> Result<String> {
    let told = |tx: &mut Db| {
        let settings = [
            "transaction_isolation",
            "transaction_read_only",
            "transaction_deferrable",
            "statement_timeout",
        ];
        let show = settings.map(|name| Statement::new(format!("SHOW {name}"), &[]));
        let show = show.into_iter().collect::<Result<Vec<_>>>()?;
        let shown = tx.pipeline(show)?;
        let values = shown.iter().filter_map(|rows| rows.first());
        let values = values.map(|row| row.get::<String>(0));
        Ok(values.collect::<Result<Vec<_>>>()?.join(" "))
    };
    let all = TransactionOptions::new()
        .serializable()
        .read_only()
        .deferrable()
        .statement_timeout(Duration::from_millis(250));
    let repeatable = TransactionOptions::new().repeatable_read();
    let told = [
        db.transaction_with(all, told)?,
        db.transaction_with(repeatable, told)?,
        db.transaction(told)?,
    ];
    Ok(told.join("\n"))
}

/// Changes something where that is not allowed.
#[get("/read-only")]
fn read_only(mut db: Db) -> Result<String> {
    let options = TransactionOptions::new().read_only();
    let outcome = db.transaction_with(options, |tx| tx.execute(INSERT, &[&1]));
    Ok(outcome.unwrap_err().sqlstate().unwrap_or("none").to_owned())
}

/// Takes too long behind a savepoint, and goes on.
#[get("/timeout")]
fn timeout(mut db: Db) -> Result<String> {
    let options = TransactionOptions::new().statement_timeout(Duration::from_millis(100));
    db.transaction_with(options, |tx| {
        tx.execute(INSERT, &[&1])?;
        let slow = tx.transaction(|savepoint| savepoint.query("SELECT pg_sleep(30)", &[]));
        let error = slow.expect_err("it is too slow");
        tx.execute(INSERT, &[&2])?;
        let state = error.sqlstate().unwrap_or("none");
        Ok(format!("{} {state}", error.is_timeout()))
    })
}

/// Asks in every way for what takes longer than it may.
#[get("/slow")]
fn slow(db: Db) -> Result<String> {
    const SLOW: &str = "SELECT pg_sleep(30)";
    let mut db = db.with_timeout(Duration::from_millis(100));
    let outcomes = [
        db.query(SLOW, &[]).map(drop),
        db.execute(SLOW, &[]).map(drop),
        db.start_query(SLOW, &[]).wait().map(drop),
        db.pipeline([Statement::new(SLOW, &[])?]).map(drop),
        db.transaction(|tx| tx.execute(SLOW, &[]).map(drop)),
    ];
    let answers = outcomes.map(|outcome| match outcome {
        Err(error) if error.is_timeout() => "timeout".to_owned(),
        other => format!("{other:?}"),
    });
    Ok(answers.join(" "))
}

/// Runs two callbacks, the first of which fails, or drops them.
#[get("/callbacks/{outcome}")]
fn callbacks(outcome: String, mut db: Db) -> Result<&'static str> {
    db.transaction(|tx| {
        tx.execute(INSERT, &[&1])?;
        tx.on_commit(|db| db.execute("SELECT no_such_column", &[]).map(drop));
        tx.on_commit(|db| {
            db.transaction(|tx| {
                tx.on_commit(|db| db.execute(INSERT, &[&3]).map(drop));
                tx.execute(INSERT, &[&2]).map(drop)
            })
        });
        match outcome.as_str() {
            "commit" => Ok("committed"),
            _ => Err(Problem::bad_request("it was told to").into()),
        }
    })
}

/// Runs three statements together, the second of which may fail, in a
/// transaction or not.
#[get("/pipeline/{second}/{inside}")]
fn pipeline(second: String, inside: bool, mut db: Db) -> Result<String> {
    let number = (second != "null").then_some(2);
    let run = |db: &Db| {
        db.pipeline((
            Statement::new(INSERT, &[&1])?,
            Statement::new(INSERT, &[&number])?,
            Statement::new("SELECT count(*) FROM held", &[])?,
        ))
    };
    let outcome = match inside {
        true => db.transaction(|tx| {
            tx.execute(INSERT, &[&0])?;
            tx.transaction(|savepoint| run(savepoint))
                .map(Ok)
                .or_else(|error| Ok(Err(error)))
        })?,
        false => run(&db),
    };
    match outcome {
        Ok((first, _, count)) => {
            let count: i64 = count.first().ok_or(Error::not_found("held"))?.get(0)?;
            Ok(format!("{} affected, {count} counted", first.affected()))
        }
        Err(error) => Ok(format!(
            "operation {:?}, not null: {}",
            error.pipeline_index(),
            error.is_not_null_violation()
        )),
    }
}

/// Tries to go on after a failure in a pipeline, by a savepoint in it.
#[get("/pipeline-with-savepoint/{inside}")]
fn pipeline_with_savepoint(inside: bool, mut db: Db) -> Result<String> {
    let statements = || {
        Ok::<_, Error>([
            Statement::new(INSERT, &[&1])?,
            Statement::new("SAVEPOINT a", &[])?,
            Statement::new("SELECT 1 / 0", &[])?,
            Statement::new("ROLLBACK TO SAVEPOINT a", &[])?,
            Statement::new(INSERT, &[&2])?,
        ])
    };
    let run = |db: &Db| db.pipeline(statements()?).map(drop);
    let outcome = match inside {
        true => db.transaction(|tx| run(tx)),
        false => run(&db),
    };
    let error = outcome.expect_err("refused");
    Ok(format!("operation {:?}: {error}", error.pipeline_index()))
}

/// Inserts many rows, one of which may be NULL.
#[get("/execute-many/{rows}/{null}")]
fn execute_many(rows: i32, null: i32, db: Db) -> Result<String> {
    let values = (0..rows).map(|row| ((row != null).then_some(row),));
    match db.execute_many(INSERT, values) {
        Ok(affected) => Ok(format!("{affected} affected")),
        Err(error) => Ok(format!("row {:?}", error.pipeline_index())),
    }
}

/// Starts a query that waits at the gate, and does something else meanwhile.
#[get("/overlap")]
fn overlap(mut db: Db) -> Result<String> {
    let started = db.start_query("SELECT count(*) FROM gate", &[]);
    db.transaction(|tx| tx.execute(INSERT, &[&1]))?;
    let rows = started.wait()?;
    let count: i64 = rows.first().ok_or(Error::not_found("gate"))?.get(0)?;
    Ok(format!("{count} in the gate"))
}

/// Starts a query, and gives it up when Postgres runs it.
#[get("/give-up")]
fn give_up(mut db: Db) -> Result<&'static str> {
    let started = db.start_query("SELECT pg_sleep(30)", &[]);
    let running = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
                   AND state = 'active' AND query = 'SELECT pg_sleep(30)'";
    // A transaction sees it as it was at its first look.
    while db.transaction(|tx| tx.query(running, &[]))?.is_empty() {}
    drop(started);
    Ok("given up")
}

/// Starts queries without waiting for them, and counts those that were.
#[get("/start/{count}")]
fn start(count: u32, db: Db) -> String {
    let started: Vec<_> = (0..count)
        .map(|number| db.start_query("SELECT $1::bigint", &[&i64::from(number)]))
        .collect();
    let answers = started.into_iter().map(|query| query.wait().is_ok());
    format!("{} answered", answers.filter(|is_ok| *is_ok).count())
}

/// Runs the lines of the body in a serializable transaction, and again as often
/// as it may, and tells how often it ran and how many rows there were.
#[post("/script/{retries}")]
fn script(retries: u32, request: Request, db: Db) -> Result<String> {
    run_script(retries, &request, db)
}

/// Runs the same, and tells why it failed.
#[post("/script-error")]
fn script_error(request: Request, db: Db) -> String {
    run_script(0, &request, db).map_or_else(|error| error.to_string(), |_| "none".to_owned())
}

fn run_script(retries: u32, request: &Request, mut db: Db) -> Result<String> {
    let body = request.body();
    let text = String::from_utf8_lossy(&body);
    let options = TransactionOptions::new().serializable().retries(retries);
    let mut runs = 0;
    let counts = db.transaction_with(options, |tx| {
        runs += 1;
        let counts = text.lines().map(|line| run_line(tx, line));
        counts.collect::<Result<Vec<_>>>()
    })?;
    Ok(format!("{runs} runs: {}", counts.join(" ")))
}

/// Runs the body outside a transaction.
#[post("/together")]
fn together(request: Request, mut db: Db) -> Result<String> {
    run_line(&mut db, &String::from_utf8_lossy(&request.body()))
}

/// Runs one statement, a COPY that is read, or the statements of a pipeline with
/// a `|` between them.
fn run_line(db: &mut Db, line: &str) -> Result<String> {
    if line.starts_with("COPY") {
        let mut copied = Vec::new();
        db.copy_out(line, &mut copied)?;
        return Ok(copied.len().to_string());
    }
    let statements = line
        .split('|')
        .map(|sql| Statement::new(sql.to_owned(), &[]));
    let statements = statements.collect::<Result<Vec<_>>>()?;
    let answers = match statements.len() {
        1 => vec![db.query(line.to_owned(), &[])?],
        _ => db.pipeline(statements)?,
    };
    let counts: Vec<_> = answers.iter().map(|rows| rows.len().to_string()).collect();
    Ok(counts.join("+"))
}

/// Runs the statement in the body with a timeout, in one of the ways there are,
/// and tells what is known of it.
#[post("/in-time/{way}/{ms}")]
fn in_time(way: String, ms: u64, request: Request, db: Db) -> Result<String> {
    let body = request.body();
    let sql = String::from_utf8_lossy(&body).into_owned();
    let mut db = db.with_timeout(Duration::from_millis(ms));
    let outcome = match way.as_str() {
        "query" => db.query(sql, &[]).map(drop),
        "execute" => db.execute(sql, &[]).map(drop),
        "start" => db.start_query(sql, &[]).wait().map(drop),
        "pipeline" => db.pipeline([Statement::new(sql, &[])?]).map(drop),
        _ => db.transaction(|tx| tx.execute(sql, &[]).map(drop)),
    };
    Ok(match outcome {
        Ok(()) => "done".to_owned(),
        Err(error) if error.is_timeout() => "timeout".to_owned(),
        Err(error) if error.is_disconnected() => format!("unknown: {error}"),
        Err(error) => format!("refused: {error}"),
    })
}

/// Tells of the pool.
#[get("/statistics")]
fn statistics(db: Db) -> Result<String> {
    let denied = Db::named("another").statistics();
    let pool = db.statistics()?;
    Ok(format!(
        "{} of {}, denied: {}",
        pool.connections,
        pool.connections_max,
        denied.is_err_and(|error| error.is_denied())
    ))
}

plinth::plugin! {
    routes: [
        end, handle, increment, options, read_only, timeout, slow, callbacks, pipeline,
        pipeline_with_savepoint,
        execute_many, overlap, give_up, start, script, script_error, together, in_time, statistics,
    ]
}
