//! Plans as Postgres 15 tells them, and what is none.

use std::time::Duration;

use expect_test::expect;

use super::*;

/// A query with a name, subqueries, partitions and an index read backwards.
const SUBQUERIES: &str = include_str!("tests/subqueries.json");
/// Workers, some of which did nothing.
const PARALLEL: &str = include_str!("tests/parallel.json");
/// An index used twice for a bitmap.
const BITMAP: &str = include_str!("tests/bitmap.json");

fn plan(json: &str) -> Plan {
    Plan::read(json.as_bytes()).unwrap()
}

#[test]
fn a_plan_reads_as_psql_shows_it() {
    expect![[r#"
        CTE Scan on c  (cost=451.61..2888.84 rows=3 width=16) (actual time=25.840..76.594 rows=10 loops=1)
          Filter: (n > $3)
          Buffers: shared hit=10495
          CTE c
            ->  HashAggregate  (cost=428.00..428.10 rows=10 width=12) (actual time=13.650..13.675 rows=10 loops=1)
                  Group Key: a.g
                  HashAgg Batches: 1
                  Peak Memory Usage: 24
                  Buffers: shared hit=128
                  ->  Seq Scan on a  (cost=0.00..328.00 rows=20000 width=4) (actual time=0.005..11.596 rows=20000 loops=1)
                        Buffers: shared hit=128
          InitPlan 4 (returns $3)
            ->  Aggregate  (cost=23.50..23.51 rows=1 width=8) (actual time=0.187..0.190 rows=1 loops=1)
                  Buffers: shared hit=6
                  ->  Append  (cost=0.00..21.00 rows=1000 width=0) (actual time=0.033..0.149 rows=1000 loops=1)
                        Buffers: shared hit=6
                        ->  Seq Scan on p1 p_1  (cost=0.00..8.00 rows=500 width=0) (actual time=0.031..0.060 rows=500 loops=1)
                              Buffers: shared hit=3
                        ->  Seq Scan on p2 p_2  (cost=0.00..8.00 rows=500 width=0) (actual time=0.005..0.032 rows=500 loops=1)
                              Buffers: shared hit=3
          SubPlan 3
            ->  Result  (cost=812.32..812.33 rows=1 width=4) (actual time=6.267..6.267 rows=1 loops=10)
                  Buffers: shared hit=10361
                  InitPlan 2 (returns $2)
                    ->  Limit  (cost=0.29..812.32 rows=1 width=4) (actual time=6.263..6.264 rows=1 loops=10)
                          Buffers: shared hit=10361
                          ->  Index Scan Backward using b_v on b  (cost=0.29..2436.39 rows=3 width=4) (actual time=6.262..6.262 rows=1 loops=10)
                                Index Cond: (v IS NOT NULL)
                                Filter: (a_id = c.g)
                                Rows Removed by Filter: 19238
                                Buffers: shared hit=10361
        Planning Time: 0.337 ms
        Execution Time: 76.646 ms"#]].assert_eq(&plan(SUBQUERIES).to_string());
    expect![[r#"
        Finalize GroupAggregate  (cost=233.30..233.73 rows=10 width=12) (actual time=16.702..19.188 rows=1 loops=1)
          Group Key: g
          Buffers: shared hit=142
          ->  Gather Merge  (cost=233.30..233.53 rows=20 width=12) (actual time=16.691..19.177 rows=1 loops=1)
                Workers Planned: 2
                Workers Launched: 2
                Buffers: shared hit=142
                ->  Sort  (cost=233.27..233.30 rows=10 width=12) (actual time=0.564..0.566 rows=0 loops=3)
                      Sort Key: g
                      Sort Method: quicksort
                      Sort Space Used: 25
                      Sort Space Type: Memory
                      Buffers: shared hit=142
                      ->  Partial HashAggregate  (cost=233.01..233.11 rows=10 width=12) (actual time=0.546..0.547 rows=0 loops=3)
                            Group Key: g
                            HashAgg Batches: 1
                            Peak Memory Usage: 24
                            Buffers: shared hit=128
                            ->  Parallel Seq Scan on a  (cost=0.00..232.17 rows=168 width=4) (actual time=0.003..0.478 rows=667 loops=3)
                                  Filter: (t ~~ '%9'::text)
                                  Rows Removed by Filter: 6000
                                  Buffers: shared hit=128
        Planning Time: 0.055 ms
        Execution Time: 19.232 ms"#]].assert_eq(&plan(PARALLEL).to_string());
    expect![[r#"
        Bitmap Heap Scan on b  (cost=8.60..16.16 rows=1 width=20) (actual time=0.009..0.010 rows=0 loops=1)
          Recheck Cond: ((id = 99999999) OR (id = 77777777))
          Filter: (((v = 3) AND (id = 99999999)) OR ((v = 4) AND (id = 77777777)))
          ->  BitmapOr  (cost=8.60..8.60 rows=2 width=0) (actual time=0.008..0.009 rows=0 loops=1)
                ->  Bitmap Index Scan on b_pkey  (cost=0.00..4.30 rows=1 width=0) (actual time=0.007..0.008 rows=0 loops=1)
                      Index Cond: (id = 99999999)
                ->  Bitmap Index Scan on b_pkey  (cost=0.00..4.30 rows=1 width=0) (actual time=0.001..0.001 rows=0 loops=1)
                      Index Cond: (id = 77777777)
        Planning Time: 0.046 ms
        Execution Time: 0.024 ms"#]].assert_eq(&plan(BITMAP).to_string());
}

#[test]
fn steps_of_subqueries_and_partitions_are_steps() {
    let plan = plan(SUBQUERIES);
    let types: Vec<_> = plan.nodes().map(PlanNode::node_type).collect();
    assert_eq!(
        types,
        [
            "CTE Scan",
            "Aggregate",
            "Seq Scan",
            "Aggregate",
            "Append",
            "Seq Scan",
            "Seq Scan",
            "Result",
            "Limit",
            "Index Scan"
        ]
    );
    assert!(plan.has_seq_scan());
    assert_eq!(plan.seq_scan_tables(), ["a", "p1", "p2"]);
    let indexes: Vec<_> = plan.index_scans().map(PlanNode::index_name).collect();
    assert_eq!(indexes, [Some("b_v")]);
    assert!(plan.uses_index("b_v"));
    assert!(!plan.uses_index("b"));
}

#[test]
fn what_a_step_took_is_known_of_one_that_was_run() {
    let plan = plan(SUBQUERIES);
    assert!(plan.is_analyzed());
    assert!(plan.planning_time().unwrap() > Duration::ZERO);
    assert!(plan.execution_time().unwrap() > Duration::from_millis(1));
    let scan = plan.index_scans().next().unwrap();
    assert_eq!((scan.relation(), scan.alias()), (Some("b"), Some("b")));
    assert_eq!((scan.actual_rows(), scan.loops()), (Some(1.0), Some(10)));
    assert!(scan.shared_hit_blocks().unwrap() > 10_000);
    assert!(scan.shared_read_blocks().is_some());
    assert!(scan.actual_total_time().unwrap() > Duration::from_millis(1));
    assert_eq!(scan.detail("Index Cond"), Some("(v IS NOT NULL)"));
    assert_eq!(scan.detail("no such"), None);
    assert_eq!(scan.plan_rows(), 3.0);
    assert!(scan.total_cost() > scan.startup_cost());
    assert!(scan.children().is_empty());
    assert!(plan.json().contains("\"Scan Direction\": \"Backward\""));
}

#[test]
fn an_index_for_a_bitmap_is_used_and_is_no_index_scan() {
    let plan = plan(BITMAP);
    assert!(plan.uses_index("b_pkey"));
    assert_eq!(plan.index_scans().count(), 0);
    assert!(!plan.has_seq_scan());
}

#[test]
fn what_is_absent_or_null_is_not_known() {
    let plan = plan(
        r#"[{"Plan": {"Node Type": "Seq Scan", "Relation Name": null, "Plans": null,
            "Actual Rows": null, "Workers": [], "Triggers": {}}, "Planning Time": null}]"#,
    );
    assert_eq!(
        plan.to_string(),
        "Seq Scan  (cost=0.00..0.00 rows=0 width=0)"
    );
    assert_eq!(plan.seq_scan_tables(), [""]);
    assert!(!plan.is_analyzed());
    let root = plan.root();
    assert_eq!(
        (root.relation(), root.alias(), root.index_name()),
        (None, None, None)
    );
    assert_eq!((root.actual_rows(), root.loops()), (None, None));
    assert_eq!(
        (root.actual_total_time(), plan.planning_time()),
        (None, None)
    );
    assert_eq!(
        (root.shared_hit_blocks(), root.shared_read_blocks()),
        (None, None)
    );
}

#[test]
fn a_step_that_was_not_needed_says_so() {
    let plan = plan(
        r#"[{"Plan": {"Node Type": "Nested Loop", "Join Type": "Left", "Actual Rows": 0.5,
            "Actual Loops": 2, "Plans": [{"Node Type": "Hash Join", "Join Type": "Full",
            "Actual Rows": 0, "Actual Loops": 0}]}, "Execution Time": 1.5}]"#,
    );
    expect![[r#"
        Nested Loop Left Join  (cost=0.00..0.00 rows=0 width=0) (actual rows=0.5 loops=2)
          ->  Hash Full Join  (cost=0.00..0.00 rows=0 width=0) (never executed)
        Execution Time: 1.500 ms"#]]
    .assert_eq(&plan.to_string());
}

#[test]
fn what_is_no_plan_is_an_error() {
    let node = |members: &str| format!(r#"[{{"Plan": {{"Node Type": "Result"{members}}}}}]"#);
    assert!(Plan::read(node("").as_bytes()).is_ok());
    let broken = [
        String::new(),
        "[]".to_owned(),
        "{}".to_owned(),
        "[{}]".to_owned(),
        "[7]".to_owned(),
        "[\"Query rewrites to nothing\"]".to_owned(),
        "[{\"Plan\": {}}]".to_owned(),
        "[{\"Plan\": {\"Node Type\": null}}]".to_owned(),
        "[{\"Plan\": {\"Node Type\": \"Result\"}, \"Execution Time\": -1}]".to_owned(),
        "[{\"Plan\": {\"Node Type\": \"Result\"}}".to_owned(),
        node(", \"Actual Total Time\": -0.5"),
        node(", \"Actual Total Time\": 1e300"),
        node(", \"Actual Rows\": 1e999"),
        node(", \"Actual Loops\": -1"),
        node(", \"Shared Hit Blocks\": \"many\""),
        node(", \"Plans\": [7]"),
        node(", \"Plans\": {}"),
        node("") + "]",
    ];
    for json in &broken {
        assert!(Plan::read(json.as_bytes()).is_err(), "{json}");
    }
    assert!(Plan::read(b"[{\"Plan\": {\"Node Type\": \"\xff\"}}]").is_err());
}

#[test]
fn steps_in_steps_without_end_are_an_error() {
    let nested = |depth: usize| {
        let open = r#"{"Node Type": "Result", "Plans": ["#.repeat(depth);
        format!(r#"[{{"Plan": {open}{}}}]"#, "]}".repeat(depth))
    };
    assert_eq!(plan(&nested(50)).nodes().count(), 50);
    assert!(Plan::read(nested(100_000).as_bytes()).is_err());
}

#[test]
fn a_failed_assertion_shows_the_plan_and_the_table() {
    use crate::testing::{assert_no_seq_scan, assert_uses_index};

    let (bitmap, subqueries) = (plan(BITMAP), plan(SUBQUERIES));
    assert_no_seq_scan(&bitmap);
    assert_uses_index(&bitmap, "b_pkey");
    let message = |assertion: &dyn Fn()| {
        let assertion = std::panic::AssertUnwindSafe(assertion);
        let panic = std::panic::catch_unwind(assertion).unwrap_err();
        *panic.downcast::<String>().unwrap()
    };
    assert_eq!(
        message(&|| assert_no_seq_scan(&subqueries)),
        format!("read from the first row to the last: a, p1, p2\n{subqueries}")
    );
    assert_eq!(
        message(&|| assert_uses_index(&bitmap, "b_v")),
        format!("b_v is not used, but b_pkey\n{bitmap}")
    );
    let none = plan(PARALLEL);
    assert_eq!(
        message(&|| assert_uses_index(&none, "b_v")),
        format!("b_v is not used, no index is\n{none}")
    );
}
