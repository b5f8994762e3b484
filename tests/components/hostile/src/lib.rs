//! Does everything a plugin must not do, a route each, so that the tests can
//! see what it costs the others: nothing.

mod script;

use std::hint::black_box;

use plinth::bindings::plinth::host::database::TransactionOptions;
use plinth::prelude::*;

/// What a transaction begins with that asks for nothing.
const PLAIN: TransactionOptions = TransactionOptions {
    isolation: None,
    read_only: false,
    deferrable: false,
    statement_timeout_ms: 0,
};

#[get("/fine")]
fn fine() -> &'static str {
    "fine"
}

#[get("/panic")]
fn panic() -> &'static str {
    panic!("a secret: hunter2")
}

#[get("/index")]
fn index() -> String {
    let empty: Vec<u8> = black_box(Vec::new());
    empty[black_box(7)].to_string()
}

#[get("/overflow")]
fn overflow() -> String {
    fn deeper(depth: u64) -> u64 {
        black_box([depth; 64])[0]
            + if depth == u64::MAX {
                0
            } else {
                deeper(depth + 1)
            }
    }
    deeper(0).to_string()
}

#[get("/exit")]
fn exit() -> &'static str {
    std::process::exit(0)
}

#[get("/loop")]
fn endless() -> &'static str {
    loop {
        black_box(());
    }
}

#[get("/memory")]
fn memory() -> String {
    let mut hog: Vec<Vec<u8>> = Vec::new();
    loop {
        hog.push(vec![1; 1 << 20]);
        black_box(&hog);
    }
}

/// Grows within the limit, which stays with the instance.
#[get("/grow/{megabytes}")]
fn grow(megabytes: u32) -> String {
    let hog = vec![1_u8; (megabytes as usize) << 20];
    black_box(&hog).len().to_string()
}

#[get("/big/{bytes}")]
fn big(bytes: u32) -> String {
    "x".repeat(bytes as usize)
}

#[get("/files")]
fn files() -> String {
    format!("{:?}", std::fs::read_to_string("/etc/passwd"))
}

#[get("/environment")]
fn environment() -> String {
    format!("{:?}", std::env::vars().collect::<Vec<_>>())
}

/// Counts the requests that this very instance has served.
#[get("/count")]
fn count() -> String {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    COUNT
        .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
        .to_string()
}

#[get("/log/{lines}")]
fn log_lines(lines: u32) -> &'static str {
    for _ in 0..lines {
        log::info!("{}", "x".repeat(100_000));
    }
    "logged"
}

/// Runs any statement outside a transaction, and says what came of it.
#[post("/sql")]
fn sql(request: Request, db: Db) -> String {
    match db.query(String::from_utf8_lossy(&request.body()), &[]) {
        Ok(rows) => format!("{} rows", rows.len()),
        Err(error) => format!("{error}"),
    }
}

/// Runs any statement, and says nothing but with which SQLSTATE it was refused.
#[post("/refusal")]
fn refusal(request: Request, db: Db) -> String {
    match db.query(String::from_utf8_lossy(&request.body()), &[]) {
        Ok(rows) => format!("{} rows", rows.len()),
        Err(error) => error.sqlstate().unwrap_or("no SQLSTATE").to_owned(),
    }
}

/// Inserts a row in a transaction and waits there.
#[get("/hold/{seconds}")]
fn hold(seconds: i64, mut db: Db) -> Result<&'static str> {
    db.transaction(|tx| {
        tx.execute("INSERT INTO held VALUES (1)", &[])?;
        tx.query("SELECT pg_sleep($1::bigint)", &[&seconds])?;
        Ok("held")
    })
}

/// Inserts a row in a transaction, does nothing there for a time, and goes on.
#[get("/idle/{ms}")]
fn idle(ms: u64, mut db: Db) -> Result<&'static str> {
    db.transaction(|tx| {
        tx.execute("INSERT INTO held VALUES (1)", &[])?;
        let begun = std::time::Instant::now();
        while begun.elapsed().as_millis() < ms.into() {}
        tx.execute("INSERT INTO held VALUES (2)", &[])?;
        Ok("held")
    })
}

/// Reads some rows outside a transaction.
#[get("/rows/{count}")]
fn rows(count: i64, db: Db) -> Result<String> {
    let rows = db.query("SELECT n FROM generate_series(1, $1) n", &[&count])?;
    Ok(format!("{} rows", rows.len()))
}

/// Begins a long query, and does not wait for it.
#[get("/pending/{end}")]
fn pending(end: String) -> &'static str {
    use plinth::bindings::plinth::host::database::{Pending, Statement};
    let statement = Statement {
        sql: "SELECT pg_sleep(30)".to_owned(),
        parameter_types: vec![],
        parameters: vec![],
        timeout_ms: 0,
    };
    let pending = Pending::start("default", &statement).expect("begins");
    match end.as_str() {
        "trap" => panic!("with a query under way"),
        "drop" => {
            drop(pending);
            "dropped"
        }
        _ => {
            std::mem::forget(pending);
            "forgotten"
        }
    }
}

/// Inserts a row, then fails, in one transaction.
#[get("/fail")]
fn fail(mut db: Db) -> Result<&'static str> {
    db.transaction(|tx| {
        tx.execute("INSERT INTO held VALUES (1)", &[])?;
        tx.execute("INSERT INTO held VALUES (NULL)", &[])?;
        Ok("not reached")
    })
}

/// Ignores that a statement of the transaction failed, and commits.
#[get("/ignore")]
fn ignore(mut db: Db) -> String {
    let outcome = db.transaction(|tx| {
        tx.execute("INSERT INTO held VALUES (1)", &[])?;
        let _ = tx.execute("INSERT INTO held VALUES (NULL)", &[]);
        Ok::<_, Error>(())
    });
    format!("{outcome:?}")
}

/// After a statement that failed, sends one that the host itself refuses.
#[get("/ignore-refusal")]
fn ignore_refusal(mut db: Db) -> String {
    let outcome = db.transaction(|tx| {
        tx.execute("INSERT INTO held VALUES (1)", &[])?;
        let _ = tx.execute("INSERT INTO held VALUES (NULL)", &[]);
        let _ = tx.execute("BEGIN", &[]);
        Ok::<_, Error>(())
    });
    format!("{outcome:?}")
}

/// Inserts in an inner transaction that fails, and goes on.
#[get("/savepoint")]
fn savepoint(mut db: Db) -> Result<&'static str> {
    db.transaction(|tx| {
        tx.execute("INSERT INTO held VALUES (1)", &[])?;
        let inner = tx.transaction(|sp| {
            sp.execute("INSERT INTO held VALUES (2)", &[])?;
            sp.execute("INSERT INTO held VALUES (NULL)", &[])
        });
        assert!(inner.is_err());
        tx.execute("INSERT INTO held VALUES (3)", &[])?;
        Ok("saved")
    })
}

/// Panics with a transaction open.
#[get("/abandon")]
fn abandon(mut db: Db) -> Result<&'static str> {
    db.transaction(|tx| {
        tx.execute("INSERT INTO held VALUES (1)", &[])?;
        panic!("with a transaction open")
    })
}

/// Leaves a transaction open behind the host's back.
#[get("/leak")]
fn leak() -> &'static str {
    use plinth::bindings::plinth::host::database::{Statement, Transaction};
    let transaction = Transaction::begin("default", PLAIN).expect("begins");
    let sql = "INSERT INTO held VALUES (1)".to_owned();
    let statement = Statement {
        sql,
        parameter_types: vec![],
        parameters: vec![],
        timeout_ms: 0,
    };
    transaction.execute(&statement).expect("inserts");
    std::mem::forget(transaction);
    "leaked"
}

/// Begins transactions until one is refused.
#[get("/transactions/{count}")]
fn transactions(count: u32) -> String {
    use plinth::bindings::plinth::host::database::Transaction;
    let begin = |_| Transaction::begin("default", PLAIN).ok();
    let begun: Vec<Transaction> = (0..count).map_while(begin).collect();
    format!("{} begun", begun.len())
}

/// Sends statements in one of the ways there are, and says what came of it.
#[get("/statements/{way}/{count}")]
fn statements(way: String, count: u32, mut db: Db) -> Result<String> {
    use plinth::bindings::plinth::host::database::{Pending, Statement, Transaction, pipeline};
    let statement = || Statement {
        sql: "SELECT 1".to_owned(),
        parameter_types: vec![],
        parameters: vec![],
        timeout_ms: 0,
    };
    match way.as_str() {
        "pipeline" => {
            let statements: Vec<Statement> = (0..count).map(|_| statement()).collect();
            if let Err(failure) = pipeline("default", &statements) {
                return Ok(format!("at {}: {}", failure.index, failure.error.message));
            }
        }
        "pending" => {
            let mut pending = Vec::new();
            for _ in 0..count {
                match Pending::start("default", &statement()) {
                    Ok(one) => pending.push(one),
                    Err(error) => return Ok(error.message),
                }
            }
            for one in pending {
                if let Err(error) = Pending::wait(one) {
                    return Ok(error.message);
                }
            }
        }
        "transaction" => {
            db.transaction(|tx| (0..count).try_for_each(|_| tx.query("SELECT 1", &[]).map(drop)))?
        }
        "savepoints" => {
            db.transaction(|tx| (0..count).try_for_each(|_| tx.transaction(|_| Ok(()))))?
        }
        "copy" => {
            let tx = Transaction::begin("default", PLAIN).expect("begins");
            for _ in 0..count {
                tx.copy_out("COPY (SELECT 1) TO STDOUT").expect("begins");
                while !tx.copy_read().expect("reads").is_empty() {}
            }
            Transaction::commit(tx).expect("commits");
        }
        "refused" => {
            let refusal = |_| {
                db.query("SELECT 1", &[])
                    .err()
                    .map(|error| error.to_string())
            };
            let refusals: Vec<String> = (0..count).filter_map(refusal).collect();
            return Ok(refusals.join("\n"));
        }
        _ => {
            for number in 0..count {
                match way.as_str() {
                    "execute" => drop(db.execute("SELECT 1", &[])?),
                    "distinct" => drop(db.query(format!("SELECT {number}"), &[])?),
                    "failing" => drop(db.query("no SQL", &[])),
                    _ => drop(db.query("SELECT 1", &[])?),
                }
            }
        }
    }
    Ok(format!("{count} sent"))
}

/// Prints to standard error without ending the line.
#[get("/print")]
fn print() -> &'static str {
    eprint!("a secret of this request");
    "printed"
}

/// Sends parameters that are none.
#[get("/parameters")]
fn parameters() -> String {
    use plinth::bindings::plinth::host::database::{Statement, query};
    let run = |parameters: &[u8]| {
        let sql = "SELECT $1::int8".to_owned();
        let statement = Statement {
            sql,
            parameter_types: vec![20],
            parameters: parameters.into(),
            timeout_ms: 0,
        };
        query("default", &statement).expect_err("refused").message
    };
    let malformed = [
        &[][..],
        &[0, 0, 0],
        &[0, 0, 0, 9, 1],
        &[0, 0, 0, 1, 1],
        &[0xff; 8],
        &[0x80, 0, 0, 0],
    ];
    malformed.map(run).join("\n")
}

/// Replies with many headers of a length.
#[get("/headers/{count}/{bytes}")]
fn headers(count: u32, bytes: u32) -> Reply {
    let value = "x".repeat(bytes as usize);
    let add = |reply: Reply, number| reply.with_header(&format!("x-{number}"), value.as_str());
    (0..count).fold(Reply::new(200), add)
}

/// What the plugin sees of a header.
#[get("/header/{name}")]
fn header(name: String, request: Request) -> String {
    request.header(&name).unwrap_or_else(|| "none".to_owned())
}

/// How long the body is.
#[post("/length")]
fn length(request: Request) -> String {
    request.body().len().to_string()
}

/// A status, with a body whether it may have one or not.
#[get("/status/{status}")]
fn status(status: u16) -> Reply {
    Reply::new(status).with_body("text/plain", "a body")
}

/// Replies with what is no HTTP response.
#[get("/reply/{kind}")]
fn reply(kind: String) -> Reply {
    match kind.as_str() {
        "status" => Reply::new(42),
        "informational" => Reply::new(101),
        "split" => Reply::new(200).with_header("x-a", "b\r\nset-cookie: c=d"),
        "length" => Reply::new(200).with_header("content-length", "999"),
        _ => Reply::new(200).with_header("bad name", "b"),
    }
}

plinth::plugin! {
    routes: [
        fine, panic, index, overflow, exit, endless, memory, grow, big, files, environment, count,
        log_lines, sql, refusal, hold, idle, fail, ignore, ignore_refusal,
        headers, savepoint, abandon, leak, parameters, pending, print, reply, rows, statements, transactions,
        header, length, script::script, status,
    ]
}
