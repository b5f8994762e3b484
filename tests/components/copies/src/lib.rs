//! Copies rows in and out, as it should and as it should not, a route each.

use plinth::bindings::plinth::host::database::{Statement, Transaction, TransactionOptions};
use plinth::prelude::*;

#[derive(Model)]
#[model(table = "points")]
struct Point {
    #[model(key)]
    id: i64,
    label: String,
    square: Option<i64>,
}

type Points = PointDraft;

/// About 150 bytes each.
fn points(count: i64) -> impl Iterator<Item = Points> {
    (0..count).map(|id| {
        let label = "a point that is somewhat long, as they are\t\\\"".repeat(3);
        create!(Point {
            id,
            label,
            square: id.checked_mul(id)
        })
    })
}

/// Loads so many rows.
#[post("/points/{count}")]
fn load(count: i64, mut db: Db) -> Result<Json<u64>> {
    Ok(Json(Point::objects().copy_in(points(count), &mut db)?))
}

/// Reads all of them: how many there are, the sum of their numbers, and the
/// length of their texts.
#[get("/points")]
fn read(mut db: Db) -> Result<Json<(u64, i64, usize)>> {
    let (mut count, mut sum, mut length) = (0, 0, 0);
    for point in Point::objects()
        .filter(Point::id.gte(0))
        .copy_out(&mut db)?
    {
        let point = point?;
        count += 1;
        sum += point.id;
        length += point.label.len();
    }
    Ok(Json((count, sum, length)))
}

/// Loads CSV, the body of the request.
#[post("/csv")]
fn load_csv(request: Request, mut db: Db) -> Result<Json<u64>> {
    Ok(Json(db.copy_csv_in(
        "points",
        &["id", "label"],
        &*request.body(),
    )?))
}

/// All rows as CSV.
#[get("/csv")]
fn read_csv(mut db: Db) -> Result<String> {
    let mut csv = Vec::new();
    let by_id = Point::objects().order_by([Point::id.asc()]);
    by_id
        .values((Point::id, Point::label))
        .copy_csv_out(&mut csv, &mut db)?;
    Ok(String::from_utf8_lossy(&csv).into_owned())
}

/// Loads rows in a transaction that is given up.
#[post("/undone/{count}")]
fn undone(count: i64, mut db: Db) -> String {
    let undone = db.transaction(|tx| {
        let copied = Point::objects().copy_in(points(count), tx)?;
        let counted = Point::objects().count(tx)?;
        Err::<(), _>(Error::other(format!("{copied} copied, {counted} counted")))
    });
    undone.unwrap_err().to_string()
}

/// Loads rows of which one has the key of the first.
#[post("/violate/{count}/{at}")]
fn violate(count: i64, at: i64, mut db: Db) -> String {
    let rows = points(count).map(|mut point| {
        if point.id == Some(at - 1) {
            point.id = Some(0);
        }
        point
    });
    describe(Point::objects().copy_in(rows, &mut db))
}

fn describe<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    match outcome {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!(
            "{} of {} in line {}, unique {}",
            error.sqlstate().unwrap_or("nothing"),
            error.table().unwrap_or("nothing"),
            error.copy_line().unwrap_or(0),
            error.is_unique_violation(),
        ),
    }
}

/// A load that is refused at a point, within a savepoint; whether the
/// transaction goes on.
#[post("/savepoint/{kind}")]
fn savepoint(kind: String, mut db: Db) -> String {
    let done = db.transaction(|tx| {
        Point::objects().copy_in(points(1), tx)?;
        let refused = tx.transaction(|sp| match kind.as_str() {
            "duplicate" => Point::objects().copy_in(points(1), sp),
            "source" => {
                let rows = points(2_000).skip(1).map(|point| match point.id {
                    Some(1_999) => Err(Error::other("no more")),
                    _ => Ok(point),
                });
                Point::objects().try_copy_in(rows, sp)
            }
            "column" => sp.copy_csv_in("points", &["nothing"], &b""[..]),
            "view" => sp.copy_csv_in("view", &[], &b"1,a\n"[..]),
            _ => sp.copy_in("COPY points FROM", &b""[..]),
        });
        assert!(refused.is_err());
        let count = Point::objects().count(tx)?;
        Ok(count)
    });
    done.map_or_else(|error| error.to_string(), |count| format!("{count} there"))
}

/// Reads a few rows of many and goes on in the same transaction.
#[get("/few")]
fn few(mut db: Db) -> String {
    let done = db.transaction(|tx| {
        let few = Point::objects().copy_out(tx)?.take(3).count();
        assert_eq!(few, 3);
        tx.query("SELECT 1", &[]).map(drop)
    });
    done.map_or_else(|error| error.to_string(), |()| "it goes on".to_owned())
}

/// Reads a few rows of many, outside a transaction.
#[get("/few-alone")]
fn few_alone(mut db: Db) -> Result<Json<usize>> {
    Ok(Json(Point::objects().copy_out(&mut db)?.take(3).count()))
}

const PLAIN: TransactionOptions = TransactionOptions {
    isolation: None,
    read_only: false,
    deferrable: false,
    statement_timeout_ms: 0,
};

fn begin() -> Transaction {
    Transaction::begin("default", PLAIN).expect("begins")
}

const IN: &str = "COPY points (id, label) FROM STDIN";
const OUT: &str = "COPY (SELECT generate_series(1, 1000000000), repeat('x', 1000)) TO STDOUT";

/// Stops in the middle of a copy, in one way or another.
#[post("/stop/{direction}/{how}")]
fn stop(direction: String, how: String) -> String {
    let transaction = begin();
    if direction == "in" {
        transaction.copy_in(IN).expect("begins");
        transaction.copy_write(b"1\ta\n2\t").expect("writes");
    } else {
        transaction.copy_out(OUT).expect("begins");
        assert!(!transaction.copy_read().expect("reads").is_empty());
    }
    match how.as_str() {
        "panic" => panic!("in the middle"),
        "loop" => loop {
            std::hint::black_box(());
        },
        "forget" => {
            std::mem::forget(transaction);
            "forgotten".to_owned()
        }
        "drop" => "dropped".to_owned(),
        "commit" => format!("{:?}", Transaction::commit(transaction).is_ok()),
        "rollback" => format!("{:?}", Transaction::rollback(transaction).is_ok()),
        _ => {
            transaction.copy_abort();
            format!("{:?}", Transaction::commit(transaction).is_ok())
        }
    }
}

/// Waits in the middle of a copy, in the host.
#[post("/wait/{direction}")]
fn wait(direction: String) -> &'static str {
    let transaction = begin();
    if direction == "in" {
        let slow = format!("{IN} WHERE pg_sleep(30) IS NULL");
        transaction.copy_in(&slow).expect("begins");
        transaction.copy_write(b"1\ta\n").expect("writes");
        let _ = transaction.copy_finish();
    } else {
        let slow = "COPY (SELECT pg_sleep(30)) TO STDOUT";
        transaction.copy_out(slow).expect("begins");
        let _ = transaction.copy_read();
    }
    "waited"
}

/// Does something else while a copy is open, and copies afterwards: what came of
/// each.
#[post("/beside")]
fn beside() -> String {
    let transaction = begin();
    let statement = Statement {
        sql: "SELECT 1".to_owned(),
        parameter_types: vec![],
        parameters: vec![],
        timeout_ms: 0,
    };
    transaction.copy_in(IN).expect("begins");
    transaction.copy_write(b"1\ta\n").expect("writes");
    let refused = [
        transaction.query(&statement).unwrap_err(),
        transaction.execute(&statement).unwrap_err(),
        transaction.pipeline(&[statement]).unwrap_err().error,
        transaction.copy_in(IN).unwrap_err(),
        transaction.copy_out(OUT).unwrap_err(),
        transaction.copy_read().unwrap_err(),
        transaction.copy_write(&[0; (64 << 10) + 1]).unwrap_err(),
    ];
    let kinds = refused.map(|error| format!("{:?}", error.kind));
    let copied = transaction.copy_finish();
    let again = [
        transaction.copy_finish().is_err(),
        transaction.copy_write(b"x").is_err(),
        transaction.copy_read().is_err(),
    ];
    let committed = Transaction::commit(transaction).is_ok();
    format!("{kinds:?} {copied:?} {again:?} {committed}")
}

/// Asks for what is no copy between the database and this plugin.
#[post("/copy/{direction}")]
fn copy(direction: String, request: Request) -> String {
    let transaction = begin();
    let sql = String::from_utf8_lossy(&request.body()).into_owned();
    let begun = match direction.as_str() {
        "in" => transaction.copy_in(&sql),
        _ => transaction.copy_out(&sql),
    };
    begun.map_or_else(|error| format!("{:?}", error.kind), |()| "begun".to_owned())
}

/// Runs any statement.
#[post("/sql")]
fn sql(request: Request, db: Db) -> String {
    match db.query(String::from_utf8_lossy(&request.body()), &[]) {
        Ok(rows) => format!("{} rows", rows.len()),
        Err(error) => format!("{error}"),
    }
}

plinth::plugin! {
    models: [Point],
    routes: [
        load, read, load_csv, read_csv, undone, violate, savepoint, few, few_alone, stop, wait, beside,
        copy, sql,
    ],
}
