//! What a plan must and must not do.

use crate::database::{Plan, PlanNode};

/// Asserts that no table is read from its first row to its last.
///
/// ```no_run
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String, pub author_id: i64 }
/// # fn f(db: &plinth::Db) -> plinth::Result<()> {
/// use plinth::testing::assert_no_seq_scan;
///
/// // Postgres reads a table of few rows whole, whatever indexes it has.
/// db.execute("SET enable_seqscan = off", &[])?;
/// assert_no_seq_scan(&Book::objects().filter(Book::author_id.eq(7)).explain(db)?);
/// # Ok(()) }
/// ```
///
/// Without so many rows that an index pays, `SET enable_seqscan = off` tells
/// whether there is one that could be used.
///
/// # Panics
///
/// When one is; the message names it and shows the plan.
#[track_caller]
pub fn assert_no_seq_scan(plan: &Plan) {
    let tables = plan.seq_scan_tables();
    assert!(
        tables.is_empty(),
        "read from the first row to the last: {}\n{plan}",
        tables.join(", ")
    );
}

/// Asserts that an index of this name is used, be it for a bitmap.
///
/// ```no_run
/// # fn f(db: &plinth::Db) -> plinth::Result<()> {
/// use plinth::testing::assert_uses_index;
///
/// let plan = db.explain("SELECT title FROM books WHERE isbn = $1", &[&"9780553573398"])?;
/// assert_uses_index(&plan, "books_isbn_key");
/// # Ok(()) }
/// ```
///
/// # Panics
///
/// When it is not; the message names those that are, and shows the plan.
#[track_caller]
pub fn assert_uses_index(plan: &Plan, index: &str) {
    if plan.uses_index(index) {
        return;
    }
    let mut used: Vec<_> = plan.nodes().filter_map(PlanNode::index_name).collect();
    used.sort_unstable();
    used.dedup();
    let used = match used.is_empty() {
        true => "no index is".to_owned(),
        false => format!("but {}", used.join(", ")),
    };
    panic!("{index} is not used, {used}\n{plan}");
}
