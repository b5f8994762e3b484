//! The methods whose rows come one after the other, or go to somebody else.

use plinth::http::IntoReply;
use plinth::orm::value;
use plinth::prelude::*;

use super::Item;
use super::methods::{Expected, LOCKS, Method, PREFETCH, only};

pub(super) fn all() -> Vec<Method> {
    vec![
        Method::reads("iterator", |items, db| {
            Ok(items.iterator(2, db)?.collect::<Result<Vec<_>>>()?.into())
        }),
        Method::reads("values.iterator", |items, db| {
            let ids = items.values(Item::id).iterator(2, db)?;
            Ok(ids.collect::<Result<Vec<_>>>()?.into())
        })
        .called(&["values"])
        .refuses(PREFETCH),
        Method::reads("copy_out", |items, db| {
            Ok(items.copy_out(db)?.collect::<Result<Vec<_>>>()?.into())
        })
        .called(&["copy_out"])
        .refuses(LOCKS)
        .refuses(PREFETCH),
        Method::reads("values.copy_out", |items, db| {
            let ids = items.values(Item::id).copy_out(db)?;
            Ok(ids.collect::<Result<Vec<_>>>()?.into())
        })
        .called(&["values", "copy_out"])
        .refuses(LOCKS)
        .refuses(PREFETCH),
        Method::reads("copy_csv_out", |items, db| {
            let mut csv = Vec::new();
            items.copy_csv_out(&mut csv, db)?;
            Ok(ids_of_lines(&csv).into())
        })
        .called(&["copy_csv_out"])
        .refuses(LOCKS)
        .refuses(PREFETCH),
        Method::reads("values.copy_csv_out", |items, db| {
            let mut csv = Vec::new();
            items.values(Item::id).copy_csv_out(&mut csv, db)?;
            Ok(ids_of_lines(&csv).into())
        })
        .called(&["values", "copy_csv_out"])
        .refuses(LOCKS)
        .refuses(PREFETCH),
        Method::reads("json", |items, db| Ok(ids_of_json(items.json(db)?).into()))
            .refuses(LOCKS)
            .refuses(PREFETCH)
            .outside(),
        Method::reads("json_or_404", |items, db| {
            Ok(ids_of_json(items.json_or_404(db)?).into())
        })
        .called(&["json_or_404", "json"])
        .expects(|rows| Expected::found(only(rows)))
        .refuses(LOCKS)
        .refuses(PREFETCH)
        .outside(),
        Method::reads("values.json", |items, db| {
            let rows = items.values((Item::id, value(0))).json(db)?;
            Ok(ids_of_json(rows).into())
        })
        .called(&["values", "json"])
        .refuses(LOCKS)
        .refuses(PREFETCH)
        .outside(),
    ]
}

fn ids_of_lines(csv: &[u8]) -> Vec<i64> {
    let lines = std::str::from_utf8(csv).expect("UTF-8").lines();
    let id = |line: &str| {
        line.split(',')
            .next()
            .expect("a field")
            .parse()
            .expect("a key")
    };
    lines.map(id).collect()
}

fn ids_of_json(rows: JsonRows) -> Vec<i64> {
    let reply = rows.into_reply();
    let body: serde_json::Value = serde_json::from_slice(reply.body()).expect("JSON");
    let id = |row: &serde_json::Value| {
        let id = row.get("id").or_else(|| row.get(0)).expect("a key");
        id.as_i64().expect("a number")
    };
    match &body {
        serde_json::Value::Array(rows) => rows.iter().map(id).collect(),
        row => vec![id(row)],
    }
}
