//! Rows that a trigger of the table leaves out.

use plinth::orm::excluded;
use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug)]
#[model(table = "entries")]
struct Entry {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    name: String,
    #[model(default = 0)]
    score: i32,
}

#[derive(Model, Debug)]
#[model(table = "vehicles", discriminator = kind)]
struct Vehicle {
    #[model(key)]
    id: i64,
    kind: String,
}

#[derive(Model, Debug)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
struct Car {
    #[model(key)]
    id: i64,
    name: Option<String>,
}

#[derive(Model, Debug)]
#[model(table = "vehicles", parent = Vehicle, variant = "truck")]
struct Truck {
    #[model(key)]
    id: i64,
    name: Option<String>,
}

/// Its trigger leaves out what is called `skip…`.
fn entries() -> Db {
    let db = native_database(&[Entry::META, Vehicle::META, Car::META, Truck::META]);
    for sql in [
        "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN IF NEW.name LIKE ''skip%'' THEN RETURN NULL; END IF; RETURN NEW; END'",
        "CREATE TRIGGER skip BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION skip()",
        "CREATE TRIGGER skip BEFORE INSERT ON vehicles FOR EACH ROW EXECUTE FUNCTION skip()",
    ] {
        db.execute(sql, &[]).expect(sql);
    }
    db
}

fn entry(name: impl Into<String>) -> EntryDraft {
    let name: String = name.into();
    create!(Entry { name })
}

fn names(db: &Db) -> Vec<String> {
    let names = Entry::objects()
        .order_by([Entry::name.asc()])
        .values(Entry::name);
    names.all(db).expect("names")
}

fn check<T>(result: Result<T>, text: &str) {
    let error = result.map(drop).expect_err("it is left out");
    assert!(error.is_skipped() && !error.is_not_found(), "{error:?}");
    assert!(error.to_string().contains(text), "{error}");
    assert_eq!(Problem::from(error).into_reply_status(), 500);
}

trait Status {
    fn into_reply_status(self) -> u16;
}

impl Status for Problem {
    fn into_reply_status(self) -> u16 {
        use plinth::http::IntoReply;
        self.into_reply().status()
    }
}

#[test]
fn one_row_is_no_404() {
    let db = entries();
    let one = "1 of 1 rows was not inserted into `entries`";
    check(entry("skip").insert(&db), one);
    check(db.pipeline((entry("skip"),)), one);
    let update = || [Entry::score.set(excluded(Entry::score))];
    let upsert = entry("skip").on_conflict(Entry::name);
    check(upsert.do_update(update()).insert(&db), one);
    let skipped = Entry::objects().filter(Entry::name.eq("skip"));
    check(skipped.get_or_create(entry("skip"), &db), one);
    check(
        skipped.update_or_create(update_score(), entry("skip"), &db),
        one,
    );
    // Nothing is what `do_nothing` asks for.
    let nothing = entry("skip").on_conflict(Entry::name).do_nothing();
    assert!(nothing.insert(&db).expect("no row").is_none());
}

fn update_score() -> [plinth::orm::Assign<Entry>; 1] {
    [Entry::score.set(1)]
}

#[test]
fn rows_are_not_given_in_the_place_of_others() {
    for others in [2, 1500] {
        let mut db = entries();
        let drafts = || {
            let others = (0..others).map(|n| entry(format!("entry {n}")));
            ["skip 1", "skip 2"].map(entry).into_iter().chain(others)
        };
        let text = format!("2 of {} rows were not inserted", others + 2);
        let inside = db.transaction(|tx| Entry::objects().bulk_create(drafts(), tx));
        check(inside, &text);
        assert!(names(&db).is_empty());
        let update = || {
            let entries = Entry::objects().on_conflict(Entry::name);
            entries.do_update(update_score())
        };
        check(
            db.transaction(|tx| update().bulk_create(drafts(), tx)),
            &text,
        );
        assert!(names(&db).is_empty());
        let nothing = Entry::objects().on_conflict(Entry::name).do_nothing();
        let new = nothing
            .bulk_create(drafts(), &db)
            .expect("those that there is room for");
        assert_eq!((new.len(), names(&db).len()), (others, others));
    }
}

#[test]
fn without_a_transaction_several_statements_are_undone_and_one_is_done() {
    let db = entries();
    let drafts = |others: usize| {
        let others = (0..others).map(|n| entry(format!("entry {n}")));
        others.chain([entry("skip")])
    };
    check(
        Entry::objects().bulk_create(drafts(1500), &db),
        "1 of 1501 rows",
    );
    assert!(names(&db).is_empty());
    check(Entry::objects().bulk_create(drafts(2), &db), "1 of 3 rows");
    assert_eq!(names(&db), ["entry 0", "entry 1"]);
}

#[test]
fn a_copy_that_loads_fewer_rows_loads_none() {
    let mut db = entries();
    let copied = Entry::objects().copy_in(["a", "skip", "b"].map(entry), &mut db);
    check(copied, "1 of 3 rows was not inserted into `entries`");
    assert!(names(&db).is_empty());
    let copied = Entry::objects().copy_in(["a", "b"].map(entry), &mut db);
    assert_eq!(copied.expect("both"), 2);
}

#[test]
fn an_update_that_a_trigger_leaves_out_is_told_too() {
    let db = entries();
    entry("a").insert(&db).expect("inserts");
    let sql = "CREATE TRIGGER keep BEFORE UPDATE ON entries FOR EACH ROW
        WHEN (NEW.score = 9) EXECUTE FUNCTION skip_all()";
    let function = "CREATE FUNCTION skip_all() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN RETURN NULL; END'";
    db.execute(function, &[]).expect(function);
    db.execute(sql, &[]).expect(sql);
    let upsert = entry("a").on_conflict(Entry::name);
    check(
        upsert.do_update([Entry::score.set(9)]).insert(&db),
        "1 of 1 rows",
    );
}

#[test]
fn a_row_of_another_variant_and_what_is_left_out_are_told_apart() {
    let mut db = entries();
    let truck = create!(Truck {
        id: 1,
        name: "Unimog"
    });
    truck.insert(&db).expect("a truck");
    let car = |id: i64, name: &str| create!(Car { id, name });
    let update = || [Car::name.set(excluded(Car::name))];
    let in_the_way = car(1, "Mini").on_conflict(Car::id).do_update(update());
    let error = in_the_way.insert(&db).expect_err("a truck is in the way");
    assert!(
        error.is_unique_violation() && !error.is_not_found(),
        "{error:?}"
    );
    assert!(error.to_string().contains("variant"), "{error}");
    assert_eq!(Problem::from(error).into_reply_status(), 409);
    let skipped = car(2, "skip").on_conflict(Car::id).do_update(update());
    check(
        skipped.insert(&db),
        "1 of 1 rows was not inserted into `vehicles`",
    );

    let cars = || Car::objects().on_conflict(Car::id).do_update(update());
    let many = |last: CarDraft| {
        let cars = (10..1500).map(move |id| car(id, "Mini"));
        cars.chain([last])
    };
    let error = cars().bulk_create(many(car(1, "Mini")), &db);
    assert!(
        error
            .expect_err("a truck is in the way")
            .is_unique_violation()
    );
    check(
        cars().bulk_create(many(car(2, "skip")), &db),
        "1 of 1491 rows",
    );
    let inside = db.transaction(|tx| cars().bulk_create([car(7, "a"), car(2, "skip")], tx));
    check(inside, "1 of 2 rows");
    let trucks = Truck::objects().values(Truck::name).all(&db);
    assert_eq!(trucks.expect("one"), [Some("Unimog".to_owned())]);
    assert_eq!(Car::objects().count(&db).expect("a count"), 0);
}
