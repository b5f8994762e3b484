//! What `bulk_update` asks, seen by a database that writes it down.

use std::cell::RefCell;
use std::rc::Rc;

use expect_test::{Expect, expect};
use plinth::database::Statement;
use plinth::orm::{Cte, Selection};
use plinth::prelude::*;
use plinth::testing::{Answer, Database, Refusal, use_database};

#[derive(Model, Debug, Clone)]
#[model(table = "items")]
pub struct Item {
    #[model(key)]
    pub id: i64,
    pub name: String,
    pub price: Option<i32>,
    pub tags: Vec<String>,
    #[model(version)]
    pub version: i32,
    #[model(auto_now)]
    pub updated_at: Timestamp,
}

#[derive(Default)]
struct Log(RefCell<Vec<String>>);

impl Database for Log {
    fn run(&self, statement: &Statement) -> Result<Answer, Box<Refusal>> {
        self.0.borrow_mut().push(statement.to_string());
        Ok(Answer {
            affected: 2,
            ..Answer::default()
        })
    }
}

fn items() -> Vec<Item> {
    let item = |id, name: &str, price| Item {
        id,
        name: name.to_owned(),
        price,
        tags: vec!["t".to_owned()],
        version: 3,
        updated_at: Timestamp::UNIX_EPOCH,
    };
    vec![item(1, "a", None), item(2, "b'", Some(7))]
}

fn check(columns: impl Selection<Item>, expected: Expect) {
    let log = Rc::new(Log::default());
    use_database(log.clone());
    let db = Db::named("default");
    Item::objects()
        .bulk_update(&items(), columns, &db)
        .expect("an update");
    expected.assert_eq(&log.0.borrow().join("\n"));
}

fn refuse(columns: impl Selection<Item>, expected: Expect) {
    let db = Db::named("default");
    let error = Item::objects()
        .bulk_update(&items(), columns, &db)
        .expect_err("refused");
    assert!(error.is_invalid_query(), "{error:?}");
    expected.assert_eq(&error.to_string());
}

#[test]
fn each_column_is_one_parameter() {
    check(
        (Item::name, Item::price),
        expect![[r#"
            -- BEGIN (0 parameters)
            BEGIN
            -- UPDATE (4 parameters)
            UPDATE "items" AS t0 SET "name" = new.c1, "price" = new.c2, "version" = t0."version" + 1, "updated_at" = now() FROM unnest($1, $2, $3, $4) AS new (c0, c1, c2, c3) WHERE t0."id" = new.c0 AND t0."version" = new.c3
            --   $1 = '{1,2}'::int8[]
            --   $2 = '{a,"b''"}'::text[]
            --   $3 = '{NULL,7}'::int4[]
            --   $4 = '{3,3}'::int4[]
            -- COMMIT (0 parameters)
            COMMIT"#]],
    );
}

#[test]
fn arrays_are_no_elements_of_arrays() {
    check(
        Item::tags,
        expect![[r#"
            -- BEGIN (0 parameters)
            BEGIN
            -- UPDATE (6 parameters)
            UPDATE "items" AS t0 SET "tags" = new.c1, "version" = t0."version" + 1, "updated_at" = now() FROM (VALUES ($1, $2, $3), ($4, $5, $6)) AS new (c0, c1, c2) WHERE t0."id" = new.c0 AND t0."version" = new.c2
            --   $1 = 1
            --   $2 = '{t}'::text[]
            --   $3 = 3
            --   $4 = 2
            --   $5 = '{t}'::text[]
            --   $6 = 3
            -- COMMIT (0 parameters)
            COMMIT"#]],
    );
}

#[test]
fn the_time_of_a_change_may_be_named() {
    check(
        Item::updated_at,
        expect![[r#"
            -- BEGIN (0 parameters)
            BEGIN
            -- UPDATE (3 parameters)
            UPDATE "items" AS t0 SET "updated_at" = new.c1, "version" = t0."version" + 1 FROM unnest($1, $2, $3) AS new (c0, c1, c2) WHERE t0."id" = new.c0 AND t0."version" = new.c2
            --   $1 = '{1,2}'::int8[]
            --   $2 = '{"1970-01-01 00:00:00+00","1970-01-01 00:00:00+00"}'::timestamptz[]
            --   $3 = '{3,3}'::int4[]
            -- COMMIT (0 parameters)
            COMMIT"#]],
    );
}

#[test]
fn columns_of_the_model_itself_once_and_no_key() {
    refuse(
        Item::id,
        expect!["`bulk_update` finds the rows of `items` by `id`, so it cannot set it"],
    );
    refuse(
        (Item::name, Item::price, Item::name),
        expect!["`bulk_update` of `items` names `name` twice"],
    );
    refuse(
        (Item::name, Item::version),
        expect![
            "`items.version` counts the changes of a row, so no change can set it; leave it out"
        ],
    );
    refuse(
        Item::price + 1,
        expect!["`bulk_update` of `items` names what is no column of its own"],
    );
}

#[derive(Model, Debug, Clone)]
#[model(table = "shelves")]
pub struct Shelf {
    #[model(key)]
    pub id: i64,
    pub name: String,
}

#[derive(Model, Debug, Clone)]
#[model(table = "goods")]
pub struct Good {
    #[model(key)]
    pub id: i64,
    pub stock: i32,
    pub shelf: ForeignKey<Shelf>,
    #[model(soft_delete)]
    pub deleted_at: Option<Timestamp>,
}

fn check_narrowed(goods: QuerySet<Good>, expected: Expect) {
    let log = Rc::new(Log::default());
    use_database(log.clone());
    let good = Good {
        id: 1,
        stock: 7,
        shelf: ForeignKey::new(3),
        deleted_at: None,
    };
    let db = Db::named("default");
    goods
        .bulk_update([&good], Good::stock, &db)
        .expect("an update");
    expected.assert_eq(&log.0.borrow().join("\n"));
}

#[test]
fn only_rows_that_the_query_set_finds() {
    check_narrowed(
        Good::objects().filter(Good::stock.gt(1) | Good::stock.lt(0)),
        expect![[r#"
            -- UPDATE (4 parameters)
            UPDATE "goods" AS t0 SET "stock" = new.c1 FROM unnest($1, $2) AS new (c0, c1) WHERE t0."id" = new.c0 AND (t0."stock" > $3 OR t0."stock" < $4) AND t0."deleted_at" IS NULL
            --   $1 = '{1}'::int8[]
            --   $2 = '{7}'::int4[]
            --   $3 = 1
            --   $4 = 0"#]],
    );
    check_narrowed(
        Good::objects()
            .with_deleted()
            .exclude(Good::shelf().name().eq("low")),
        expect![[r#"
            -- UPDATE (3 parameters)
            UPDATE "goods" AS t0 SET "stock" = new.c1 FROM unnest($1, $2) AS new (c0, c1) WHERE t0."id" = new.c0 AND t0."id" IN (SELECT t1."id" FROM "goods" AS t1 LEFT JOIN "shelves" AS t2 ON t2."id" = t1."shelf_id" WHERE NOT (t2."name" = $3))
            --   $1 = '{1}'::int8[]
            --   $2 = '{7}'::int4[]
            --   $3 = 'low'"#]],
    );
    check_narrowed(
        Good::objects()
            .with(Cte::raw(
                "few",
                "SELECT id FROM shelves WHERE id < {}",
                (9,),
            ))
            .filter(Q::raw("{} IN (SELECT id FROM few)", (Good::shelf_id,))),
        expect![[r#"
            -- WITH (3 parameters)
            WITH "few" AS (SELECT id FROM shelves WHERE id < $1) UPDATE "goods" AS t0 SET "stock" = new.c1 FROM unnest($2, $3) AS new (c0, c1) WHERE t0."id" = new.c0 AND (t0."shelf_id" IN (SELECT id FROM few)) AND t0."deleted_at" IS NULL
            --   $1 = 9
            --   $2 = '{1}'::int8[]
            --   $3 = '{7}'::int4[]"#]],
    );
}

#[test]
fn no_rows_ask_nothing() {
    let log = Rc::new(Log::default());
    use_database(log.clone());
    let none = Item::objects().bulk_update([], Item::name, &Db::named("default"));
    assert_eq!((none.expect("nothing"), log.0.borrow().len()), (0, 0));
}
