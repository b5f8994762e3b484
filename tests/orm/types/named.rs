//! Types that are not built into Postgres, and values of several fields.

use plinth::database::{ColumnType, Composite, Hstore, Range};
use plinth::orm::{coalesce, value};
use plinth::prelude::*;
use plinth_tests::native_database;
use serde::{Deserialize, Serialize};

use super::{is_refused, one};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Terms {
    days: u32,
    note: Option<String>,
}

#[derive(Choices, Clone, Copy, Debug, PartialEq)]
#[choices(sql_type = "mood")]
enum Mood {
    Happy,
    #[choices(text = "so-so")]
    SoSo,
}

#[derive(Debug, Clone, PartialEq)]
struct Address {
    street: String,
    number: Option<i32>,
}

impl ColumnType for Address {
    const SQL: plinth::database::SqlType = plinth::database::SqlType::named("address");

    fn encode(
        &self,
        out: &mut plinth::database::BytesMut,
    ) -> Result<bool, plinth::database::EncodeError> {
        Composite::new(&[&self.street, &self.number])?.encode(out)
    }

    fn decode(
        ty: &plinth::database::Type,
        raw: Option<&[u8]>,
    ) -> Result<Self, plinth::database::DecodeError> {
        let fields = Composite::decode(ty, raw)?;
        Ok(Self {
            street: fields.get(0)?,
            number: fields.get(1)?,
        })
    }

    fn accepts(ty: &plinth::database::Type) -> bool {
        Composite::accepts(ty)
    }
}

#[derive(Model, Debug, Clone)]
#[model(table = "people")]
struct Person {
    #[model(key)]
    id: i32,
    mood: Mood,
    old_mood: Option<Mood>,
    address: Option<Address>,
    labels: Hstore,
    terms: Json<Terms>,
    old_terms: Option<Json<Terms>>,
    period: Range<Date>,
    length: Interval,
}

/// A database with the types that the models have by name.
fn people() -> Db {
    let db = native_database(&[]);
    for statement in [
        "CREATE TYPE mood AS ENUM ('happy', 'so-so')",
        "CREATE TYPE address AS (street text, number integer)",
        "CREATE EXTENSION hstore",
        "CREATE EXTENSION citext",
    ] {
        db.execute(statement, &[]).expect(statement);
    }
    for statement in &plinth::orm::schema::tables(&[Person::META])[0].ddl {
        db.execute(&**statement, &[]).expect(statement);
    }
    db
}

#[test]
fn types_that_are_not_built_in() {
    let db = people();
    let address = Address {
        street: "it's \"long\", (very)".into(),
        number: None,
    };
    let labels: Hstore = [("a\"b", Some("1")), ("c", None)].into_iter().collect();
    let terms = Terms {
        days: 30,
        note: Some("a\\b".into()),
    };
    let drafts = [(1, Mood::Happy), (2, Mood::SoSo)].map(|(id, mood)| {
        create!(Person {
            id,
            mood,
            address: address.clone(),
            labels: labels.clone(),
            terms: Json(terms.clone()),
            period: Range::new(Date::constant(2024, 1, 1)..),
            length: Interval::days(3),
        })
    });
    Person::objects().bulk_create(drafts, &db).expect("inserts");
    let ids = |condition: Q<Person>| {
        let query = Person::objects()
            .filter(condition)
            .order_by([Person::id.asc()]);
        query.values(Person::id).all(&db).expect("a query")
    };
    assert_eq!(ids(Person::mood.eq(Mood::SoSo)), [2]);
    assert_eq!(ids(Person::mood.is_in([Mood::SoSo, Mood::Happy])), [1, 2]);
    assert_eq!(ids(Person::mood.lt(Mood::SoSo)), [1]);
    assert_eq!(ids(Person::address.eq(address.clone())), [1, 2]);
    assert_eq!(ids(Person::address.is_in([address.clone()])), [1, 2]);
    let mood = coalesce(Person::old_mood, Mood::SoSo);
    let moods = Person::objects().values((mood, value(labels.clone())));
    let moods = moods.first(&db).expect("a query");
    assert_eq!(moods, Some((Mood::SoSo, labels.clone())));
    assert_eq!(ids(Person::labels.eq(labels.clone())), [1, 2]);
    assert_eq!(ids(Person::terms.eq(Json(terms.clone()))), [1, 2]);
    assert_eq!(ids(Person::length.gt(Interval::hours(71))), [1, 2]);
    assert_eq!(ids(Person::old_mood.is_null()), [1, 2]);
    let changed = Person::objects()
        .filter(Person::mood.eq(Mood::SoSo))
        .update([
            Person::mood.set(Mood::Happy),
            Person::old_mood.set(Person::mood),
            Person::old_terms.set(Json(terms.clone())),
            Person::labels.set(Hstore::default()),
        ])
        .execute(&db);
    assert_eq!(changed.expect("an update"), 1);
    let read = Person::objects()
        .filter(Person::id.eq(2))
        .get(&db)
        .expect("a row");
    assert_eq!((read.mood, read.old_mood), (Mood::Happy, Some(Mood::SoSo)));
    assert_eq!(read.address, Some(address));
    assert_eq!(read.labels, Hstore::default());
    assert_eq!(read.terms.0, terms);
    assert_eq!(read.old_terms.map(|terms| terms.0), Some(terms));
    let mut all = Person::objects().all(&db).expect("rows");
    for person in &mut all {
        person.mood = Mood::SoSo;
        person.old_mood = None;
        person.labels = labels.clone();
    }
    let columns = (
        Person::mood,
        Person::old_mood,
        Person::address,
        Person::labels,
    );
    let updated = Person::objects().bulk_update(&all, columns, &db);
    assert_eq!(updated.expect("an update"), 2);
    assert_eq!(
        ids(Person::mood.eq(Mood::SoSo) & Person::labels.eq(labels)),
        [1, 2]
    );
    Person::objects()
        .filter(Person::id.eq(2))
        .update([Person::mood.set(Mood::Happy)])
        .execute(&db)
        .expect("an update");
    assert_eq!(
        one::<String>("SELECT mood FROM people WHERE id = 2", &[], &db),
        "happy"
    );
    assert_eq!(
        one::<Vec<Mood>>("SELECT array_agg(mood) FROM people", &[], &db).len(),
        2
    );
    assert_eq!(one::<Vec<String>>("SELECT '{}'::mood[]", &[], &db), [""; 0]);
    assert_eq!(one::<String>("SELECT 'ABC'::citext", &[], &db), "ABC");
    // Those whose bytes are no text are not taken for it.
    for sql in [
        "row('x', 3)::address",
        "'a=>1'::hstore",
        "'{happy}'::mood[]",
    ] {
        assert!(is_refused::<String>(sql, &db), "{sql}");
    }
}

#[test]
fn rows_within_rows() {
    let db = people();
    let row: Composite = one(
        "SELECT row(1, 'a', NULL, array[1.5], row('x', 3)::address)",
        &[],
        &db,
    );
    assert_eq!(row.len(), 5);
    assert_eq!(row.get::<i32>(0).expect("a number"), 1);
    assert_eq!(row.get::<String>(1).expect("a text"), "a");
    assert_eq!(row.get::<Option<String>>(2).expect("nothing"), None);
    assert_eq!(
        row.get::<Vec<Decimal>>(3).expect("an array"),
        [Decimal::new(15, 1)]
    );
    assert_eq!(row.get::<Address>(4).expect("a row").number, Some(3));
    let rows: Vec<Composite> = one("SELECT array[row(1, 2), row(3, 4)]", &[], &db);
    assert_eq!(rows[1].get::<i32>(1).expect("a number"), 4);
    let rows: Vec<Address> = one(
        "SELECT array[row('x', 1), row('y', 2)]::address[]",
        &[],
        &db,
    );
    assert_eq!(rows[1].street, "y");
}
