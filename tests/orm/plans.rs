//! How Postgres goes about statements.

use std::time::Duration;

use plinth::database::Explain;
use plinth::prelude::*;
use plinth::testing::{assert_no_seq_scan, assert_num_queries, assert_uses_index};
use plinth_tests::native_database;

#[derive(Model, Debug)]
#[model(table = "cities", index(country, name))]
struct City {
    #[model(key)]
    id: i64,
    name: String,
    country: String,
    people: i32,
}

/// So many cities that an index pays.
fn cities() -> Db {
    let db = native_database(&[City::META]);
    let sql = "INSERT INTO cities SELECT n, 'city ' || n, 'country ' || n % 100, n
        FROM generate_series(1, 20000) n";
    db.execute(sql, &[]).expect("inserts");
    db.execute("ANALYZE cities", &[]).expect("analyzes");
    db
}

fn in_country(country: &str) -> QuerySet<City> {
    City::objects().filter(City::country.eq(country))
}

#[test]
fn an_index_that_is_there_is_used() {
    let db = cities();
    let plan = in_country("country 7").explain(&db).expect("a plan");
    assert_no_seq_scan(&plan);
    assert!(!plan.is_analyzed());
    assert_eq!(plan.execution_time(), None);
    let by_key = City::objects().filter(City::id.eq(7));
    let plan = by_key.explain(&db).expect("a plan");
    assert_uses_index(&plan, "cities_pkey");
    let scan = plan.index_scans().next().expect("an index scan");
    assert_eq!(scan.relation(), Some("cities"));
    assert_eq!(scan.index_name(), Some("cities_pkey"));
    assert!(
        scan.detail("Index Cond")
            .is_some_and(|cond| cond.contains("id = "))
    );
    let text = plan.to_string();
    assert!(
        text.starts_with("Index Scan using cities_pkey on cities  (cost="),
        "{text}"
    );
}

#[test]
fn an_index_that_is_not_there_is_told_with_its_table() {
    let db = cities();
    let query = City::objects().filter(City::people.lt(5));
    let plan = query.explain(&db).expect("a plan");
    assert!(plan.has_seq_scan());
    assert_eq!(plan.seq_scan_tables(), ["cities"]);
    assert_eq!(plan.index_scans().count(), 0);
}

#[test]
fn a_query_that_is_run_tells_what_it_took() {
    let db = cities();
    let plan = assert_num_queries(1, || in_country("country 7").explain_analyze(&db));
    let plan = plan.expect("a plan");
    assert!(plan.is_analyzed());
    assert!(plan.execution_time().expect("it was run") > Duration::ZERO);
    assert!(plan.planning_time().expect("it was planned") > Duration::ZERO);
    let root = plan.root();
    assert_eq!((root.actual_rows(), root.loops()), (Some(200.0), Some(1)));
    assert!(root.actual_total_time().expect("it was run") > Duration::ZERO);
    assert!(root.shared_hit_blocks().expect("asked for") > 0);
    assert_eq!(root.shared_read_blocks(), Some(0));
    let names = in_country("country 7").values(City::name);
    let plan = names.clone().explain_analyze(&db).expect("a plan");
    assert_eq!(plan.root().actual_rows(), Some(200.0));
    let plan = names.clone().union(names).explain(&db).expect("a plan");
    assert!(plan.nodes().count() > 3, "{plan}");
}

#[test]
fn sql_of_ones_own_is_explained_with_its_parameters() {
    let db = cities();
    let sql = "WITH big AS MATERIALIZED (SELECT * FROM cities WHERE people > $1)
        SELECT (SELECT max(people) FROM big), name FROM cities WHERE id = $2";
    let parameters: [&dyn plinth::database::Parameter; 2] = [&19_990, &7_i64];
    let plan = db.explain(sql, &parameters).expect("a plan");
    assert_eq!(plan.seq_scan_tables(), ["cities"]);
    assert_uses_index(&plan, "cities_pkey");
    let explain = Explain::new().analyze();
    let plan = explain.query(sql, &parameters, &db).expect("a plan");
    let big = plan
        .nodes()
        .find(|node| node.is_seq_scan())
        .expect("a scan");
    assert_eq!(big.actual_rows(), Some(10.0));
    assert_eq!(big.shared_hit_blocks(), None, "nobody asked for them");
    assert!(
        plan.to_string()
            .contains("\n  CTE big\n    ->  Seq Scan on cities"),
        "{plan}"
    );
    let plan = Explain::new()
        .buffers()
        .query(sql, &parameters, &db)
        .expect("a plan");
    assert!(!plan.is_analyzed());
}

#[test]
fn partitions_are_told_by_their_own_names() {
    let db = cities();
    for sql in [
        "CREATE TABLE events (id bigint, year int) PARTITION BY RANGE (year)",
        "CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (0) TO (2000)",
        "CREATE TABLE events_new PARTITION OF events FOR VALUES FROM (2000) TO (3000)",
    ] {
        db.execute(sql, &[]).expect(sql);
    }
    let plan = db.explain("SELECT * FROM events", &[]).expect("a plan");
    assert_eq!(plan.seq_scan_tables(), ["events_old", "events_new"]);
    let plan = db.explain("SELECT * FROM events WHERE year > $1", &[&2000]);
    assert_eq!(plan.expect("a plan").seq_scan_tables(), ["events_new"]);
}

#[test]
fn a_write_that_is_analyzed_does_write() {
    let mut db = cities();
    let update = || {
        City::objects()
            .filter(City::id.lte(3))
            .update([City::people.set(0)])
    };
    let statement = update().to_sql().expect("a statement");
    let plan = Explain::new().statement(&statement, &db).expect("a plan");
    assert_eq!(plan.root().node_type(), "ModifyTable");
    assert!(
        plan.to_string().starts_with("Update on cities  ("),
        "{plan}"
    );
    let empty = City::objects().filter(City::people.eq(0));
    assert_eq!(empty.count(&db).expect("a count"), 0);
    let undone = db.transaction(|tx| {
        Explain::new().analyze().statement(&statement, tx)?;
        assert_eq!(empty.count(tx)?, 3);
        Err::<(), _>(Error::other("enough"))
    });
    undone.expect_err("it is undone");
    assert_eq!(empty.count(&db).expect("a count"), 0);
    Explain::new()
        .analyze()
        .statement(&statement, &db)
        .expect("a plan");
    assert_eq!(empty.count(&db).expect("a count"), 3);
}

#[test]
fn what_cannot_be_explained_is_an_error() {
    let db = cities();
    for sql in [
        "",
        "SELEC 1",
        "VACUUM",
        "SELECT 1; SELECT 2",
        "EXPLAIN SELECT 1",
    ] {
        let error = db.explain(sql, &[]).expect_err(sql);
        assert_eq!(error.sqlstate(), Some("42601"), "{sql}");
    }
    let error = db
        .explain("SELECT * FROM no_such", &[])
        .expect_err("no table");
    assert_eq!(error.sqlstate(), Some("42P01"));
    db.execute(
        "CREATE RULE silent AS ON DELETE TO cities DO INSTEAD NOTHING",
        &[],
    )
    .expect("a rule");
    let error = db.explain("DELETE FROM cities", &[]).expect_err("no plan");
    assert!(error.is_decode(), "{error}");
}

#[test]
fn steps_in_each_other_are_read_so_far_as_one_can_look() {
    let db = cities();
    let nested = |depth: usize| {
        let open = "SELECT * FROM (".repeat(depth);
        let close = ") t LIMIT 7".repeat(depth);
        format!("{open}SELECT id FROM cities{close}")
    };
    let plan = db.explain(nested(50), &[]).expect("a plan");
    assert_eq!(
        plan.nodes()
            .filter(|node| node.node_type() == "Limit")
            .count(),
        50
    );
    let error = db.explain(nested(400), &[]).expect_err("too deep");
    assert!(error.is_decode(), "{error:?}");
}
