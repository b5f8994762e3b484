use expect_test::{Expect, expect};
use plinth::database::Statement;
use plinth::prelude::*;

use crate::models::{Author, Book, Player, Status};
use crate::{refusal, text};

fn check(statement: Result<Statement>, expected: Expect) {
    expected.assert_eq(&text(statement));
}

#[test]
fn an_update_sets_values_and_expressions() {
    check(
        Book::objects()
            .filter(Book::id.eq(7))
            .update([
                Book::stock.set(Book::stock - 1),
                Book::status.set(Status::OutOfPrint),
                Book::pages.set(None),
            ])
            .to_sql(),
        expect![[r#"
            -- UPDATE (4 parameters)
            UPDATE "books" SET "stock" = ("stock" - $1), "status" = $2, "pages" = $3, "updated_at" = now() WHERE "id" = $4
            --   $1 = 1
            --   $2 = 'out of print'
            --   $3 = NULL
            --   $4 = 7"#]],
    );
}

#[test]
fn an_update_of_all_rows_has_no_condition() {
    check(
        Author::objects()
            .update([Author::banned.set(false)])
            .to_sql(),
        expect![[r#"
            -- UPDATE (1 parameter)
            UPDATE "authors" SET "banned" = $1
            --   $1 = FALSE"#]],
    );
}

#[test]
fn auto_now_gives_way_to_an_assignment() {
    let then = Timestamp::UNIX_EPOCH;
    check(
        Book::objects()
            .update([Book::updated_at.set(then)])
            .to_sql(),
        expect![[r#"
            -- UPDATE (1 parameter)
            UPDATE "books" SET "updated_at" = $1
            --   $1 = '1970-01-01 00:00:00+00'::timestamptz"#]],
    );
}

#[test]
fn a_condition_over_a_relation_is_a_subquery() {
    check(
        Book::objects()
            .filter(Book::author().name().eq("Ursula") & Book::stock.gt(0))
            .update([Book::stock.set(Book::stock * 2)])
            .to_sql(),
        expect![[r#"
            -- UPDATE (3 parameters)
            UPDATE "books" SET "stock" = ("stock" * $1), "updated_at" = now() WHERE "id" IN (SELECT t0."id" FROM "books" AS t0 LEFT JOIN "authors" AS t1 ON t1."id" = t0."author_id" WHERE t1."name" = $2 AND t0."stock" > $3)
            --   $1 = 2
            --   $2 = 'Ursula'
            --   $3 = 0"#]],
    );
}

#[test]
fn returning_gives_the_rows() {
    check(
        Player::objects()
            .filter(Player::id.eq(1))
            .update([Player::position.set("goal")])
            .returning()
            .to_sql(),
        expect![[r#"
            -- UPDATE (2 parameters)
            UPDATE "players" SET "type" = $1 WHERE "id" = $2 RETURNING "id", "team_id", "type", "form"
            --   $1 = 'goal'
            --   $2 = 1"#]],
    );
}

#[test]
fn an_ordering_means_nothing_to_an_update() {
    let update = Author::objects()
        .order_by([Author::name.asc()])
        .update([Author::name.set("x")]);
    assert!(!text(update.to_sql()).contains("ORDER"));
}

#[test]
fn a_slice_is_not_updated() {
    let update = Author::objects()
        .limit(1)
        .update([Author::banned.set(true)]);
    expect!["`update` on `authors` cannot stand behind `limit`: filter by the keys of its rows"]
        .assert_eq(&refusal(update.to_sql()));
}

#[test]
fn an_update_without_assignments_is_refused() {
    expect![
        "an update of `authors` sets nothing; give it an assignment, as in `Book::stock.set(0)`"
    ]
    .assert_eq(&refusal(Author::objects().update([]).to_sql()));
}

#[test]
fn a_column_is_set_once() {
    let update = Author::objects().update([Author::name.set("a"), Author::name.set("b")]);
    expect!["an update sets `authors.name` twice"].assert_eq(&refusal(update.to_sql()));
}

#[test]
fn an_update_knows_one_table() {
    let other = Book::objects().update([Book::author().name().set("x")]);
    expect!["a change of `books` sets or reads a column over a relation; it can filter by one, but knows the values of its own table only"].assert_eq(&refusal(other.to_sql()));
    let reads = Book::objects().update([Book::title.set(Book::author().name())]);
    assert!(refusal(reads.to_sql()).contains("over a relation"));
}

#[test]
fn dynamic_assignments_are_a_vector() {
    let mut assigns = vec![Book::title.set("Dune")];
    assigns.push(Book::price.set(12));
    assert!(Book::objects().update(assigns).to_sql().is_ok());
}

#[test]
fn an_update_returns_values() {
    let update = Player::objects()
        .filter(Player::id.eq(1))
        .update([Player::form.set(Player::form + 1.0)]);
    check(
        update
            .clone()
            .returning_values((Player::form, Player::form * 2.0))
            .to_sql(),
        expect![[r#"
            -- UPDATE (3 parameters)
            UPDATE "players" SET "form" = ("form" + $1) WHERE "id" = $2 RETURNING "form", ("form" * $3)
            --   $1 = '1.0'::float8
            --   $2 = 1
            --   $3 = '2.0'::float8"#]],
    );
    let over_a_relation = update.returning_values(Player::team().captain_id());
    assert!(refusal(over_a_relation.to_sql()).contains("over a relation"));
}
