//! What Postgres makes of the ORM's constructs, on rows for which a wrong
//! translation gives another answer.

use http::Method;
use plinth_tests::TestHost;
use serde_json::{Value, json};

/// Ann leads Bob and Cem; Dan has no team, and Eve leads herself.
async fn people() -> TestHost {
    let host = TestHost::start("orm").await;
    let sql = "INSERT INTO people (id, name, team, score, boss_id) VALUES
        (101, 'Ann', 'red', 9, NULL), (102, 'Bob', 'red', 0, 101), (103, 'Cem', 'blue', 3, 101),
        (104, 'Dan', NULL, 2, NULL), (105, 'Eve', 'blue', -4, 105)";
    host.postgres()
        .await
        .batch_execute(sql)
        .await
        .expect("inserts");
    host
}

async fn read(host: &TestHost, path: &str) -> Value {
    let answer = host.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

#[tokio::test]
async fn groups_have_their_own_row_for_null() {
    let host = people().await;
    let groups = json!([["blue", 2, 1, -1], ["red", 2, 1, 9], [null, 1, 1, 2]]);
    assert_eq!(read(&host, "/groups").await, groups);
    let mut large = read(&host, "/large-groups").await;
    large
        .as_array_mut()
        .expect("rows")
        .sort_by_key(ToString::to_string);
    assert_eq!(large, json!([["blue", 2], ["red", 2]]));
}

#[tokio::test]
async fn aggregates_of_nothing_are_null_but_for_the_count() {
    let host = people().await;
    assert_eq!(
        read(&host, "/totals/0").await,
        json!([4, 14, "3.5000000000000000"])
    );
    assert_eq!(read(&host, "/totals/1000").await, json!([0, null, null]));
}

#[tokio::test]
async fn a_table_can_be_asked_about_itself() {
    let host = people().await;
    assert_eq!(read(&host, "/bosses").await, json!(["Ann", "Eve"]));
    assert_eq!(
        read(&host, "/no-bosses").await,
        json!(["Bob", "Cem", "Dan"])
    );
    assert_eq!(read(&host, "/not-red").await, json!(["Cem", "Dan", "Eve"]));
}

#[tokio::test]
async fn expressions_are_computed_by_postgres() {
    let host = people().await;
    let grades = read(&host, "/grades").await;
    assert_eq!(grades[0], json!(["ANN", "red", "high"]));
    assert_eq!(grades[3], json!(["DAN", "nobody's", "low"]));
    assert_eq!(grades[4], json!(["EVE", "blue", "none"]));
}

#[tokio::test]
async fn upserts_add_up_and_tell_what_is_new() {
    let host = people().await;
    let mut client = host.client().await;
    for (score, is_new) in [(1, true), (2, false), (3, false)] {
        let answer = client.call(Method::POST, "/upsert/Fay").await;
        assert_eq!(answer.json(), json!([score, is_new]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_create_one_row() {
    let host = people().await;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let mut client = host.client().await;
        tasks.push(tokio::spawn(async move {
            client.call(Method::POST, "/get-or-create/Gil").await
        }));
    }
    let (mut ids, mut new) = (Vec::new(), 0);
    for task in tasks {
        let answer = task.await.expect("no panic");
        assert_eq!(answer.status, 200, "{answer:?}");
        ids.push(answer.json()[0].clone());
        new += i32::from(answer.json()[1] == true);
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(new, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_rows_are_skipped() {
    let host = people().await;
    let (mut one, mut two) = (host.client().await, host.client().await);
    let (one, two) = tokio::join!(
        one.call(Method::POST, "/take"),
        two.call(Method::POST, "/take")
    );
    let mut ids = [one.json(), two.json()].map(|id| id.as_i64().expect("an id"));
    ids.sort_unstable();
    assert_eq!(ids, [101, 102]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_would_not_wait_for_a_lock_may_try_again() {
    let host = people().await;
    let (mut one, mut two) = (host.client().await, host.client().await);
    let postgres = host.postgres().await;
    let (taken, refused) = tokio::join!(one.call(Method::POST, "/take"), async {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' \
                   AND state = 'active' AND datname = current_database()";
        let holding = async || {
            postgres
                .query_one(sql, &[])
                .await
                .expect("a count")
                .get::<_, i64>(0)
        };
        for _ in 0..10_000 {
            if holding().await != 0 {
                break;
            }
        }
        two.call(Method::POST, "/take-now/101").await
    });
    assert_eq!(taken.json(), 101);
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "1");
}

#[tokio::test]
async fn a_cursor_goes_through_many_rows_and_leaves_nothing() {
    let host = people().await;
    let rows = 200_000_i64;
    let sum = rows * (rows + 1) / 2;
    assert_eq!(
        read(&host, &format!("/series/{rows}")).await,
        json!([rows, sum])
    );
    assert_eq!(read(&host, "/series/0").await, json!([0, 0]));
    assert_eq!(read(&host, "/series-given-up").await, 101);
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%' \
               AND datname = current_database()";
    let row = host
        .postgres()
        .await
        .query_one(sql, &[])
        .await
        .expect("a count");
    assert_eq!(row.get::<_, i64>(0), 0, "a transaction stayed open");
}

#[tokio::test]
async fn a_row_is_saved_with_what_was_changed() {
    let host = people().await;
    let mut client = host.client().await;
    assert_eq!(
        client.call(Method::POST, "/rename/102/Bert").await.json(),
        json!(["name"])
    );
    assert_eq!(
        client.call(Method::POST, "/rename/102/Bert").await.json(),
        json!([])
    );
    client
        .call(Method::POST, "/rename/999/Bert")
        .await
        .problem(404);
    client
        .call(Method::POST, "/rename/102/Ann")
        .await
        .problem(409);
}

#[tokio::test]
async fn staff_comes_with_everybody() {
    let host = people().await;
    let staff = json!([
        ["Ann", ["Bob", "Cem"]],
        ["Bob", []],
        ["Cem", []],
        ["Dan", []],
        ["Eve", ["Eve"]]
    ]);
    assert_eq!(read(&host, "/staff").await, staff);
}

#[tokio::test]
async fn types_that_are_not_built_in_go_there_and_back() {
    let host = people().await;
    let created = "CREATE TYPE mood AS ENUM ('glad', 'sad')";
    host.postgres()
        .await
        .batch_execute(created)
        .await
        .expect("creates");
    assert_eq!(read(&host, "/mood/sad").await, json!(["sad", true]));
    assert_eq!(read(&host, "/mood/glad").await, json!(["glad", false]));
    let mut client = host.client().await;
    client.get("/mood/furious").await.problem(404);
}
