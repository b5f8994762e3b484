//! Keys whose equal values differ in bytes: Postgres matches rows with them.

use super::*;
use crate::Decimal;
use crate::loader::DataLoader;
use crate::orm::{Many, ManyToMany};

#[derive(crate::Model, Debug)]
#[model(table = "rates")]
struct Rate {
    #[model(key)]
    percent: Decimal,
    country: Option<ForeignKey<Country>>,
    #[model(reverse = rate)]
    orders: Many<Order>,
    countries: ManyToMany<Country>,
}

#[derive(crate::Model, Debug)]
#[model(table = "orders")]
struct Order {
    #[model(key, auto)]
    id: i64,
    rate: ForeignKey<Rate>,
    #[model(soft_delete)]
    deleted_at: Option<crate::Timestamp>,
}

#[derive(crate::Model, Debug)]
#[model(table = "countries")]
struct Country {
    #[model(key, citext)]
    code: String,
}

const NUMERIC: u32 = 1700;
const TIMESTAMPTZ: u32 = 1184;
/// Some type that is not built in, as `citext` is.
const CITEXT: u32 = 20_000;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn prefetched_rows_say_whose_they_are() {
    let script = Script::install();
    let rates = [NUMERIC, CITEXT];
    let (half, one) = (decimal("0.50"), decimal("1"));
    script.answer(rows(&rates, &[&[&half, &"de"], &[&one, &NULL]]), 0);
    let orders = [INT8, NUMERIC, TIMESTAMPTZ, INT8];
    let short = decimal("0.5");
    script.answer(rows(&orders, &[&[&7_i64, &short, &NULL, &1_i64]]), 0);
    let countries = [CITEXT, INT8];
    script.answer(rows(&countries, &[&[&"DE", &2_i64], &[&"fr", &1_i64]]), 0);
    let loaded = Rate::objects()
        .prefetch_related(Rate::orders().filter(Order::id.gt(3)))
        .prefetch_related(Rate::countries().order_by([Country::code.asc()]))
        .all(&db())
        .unwrap();
    let orders = |rate: &Rate| rate.orders.get().unwrap().len();
    assert_eq!([orders(&loaded[0]), orders(&loaded[1])], [1, 0]);
    let country = |rate: &Rate| rate.countries.get().unwrap()[0].code.clone();
    assert_eq!([country(&loaded[0]), country(&loaded[1])], ["fr", "DE"]);
    assert_eq!(
        script.log()[1..],
        [
            "SELECT t0.\"id\", t0.\"rate_id\", t0.\"deleted_at\", asked.asked_place \
             FROM \"orders\" AS t0, unnest($1) WITH ORDINALITY AS asked (asked_key, asked_place) \
             WHERE t0.\"id\" > $2 AND t0.\"rate_id\" = asked.asked_key \
             AND t0.\"deleted_at\" IS NULL",
            "SELECT t1.\"code\", asked.asked_place FROM \"rates_countries\" AS t0 \
             LEFT JOIN \"countries\" AS t1 ON t1.\"code\" = t0.\"country_id\", \
             unnest($1) WITH ORDINALITY AS asked (asked_key, asked_place) \
             WHERE t0.\"rate_id\" = asked.asked_key ORDER BY t1.\"code\" ASC",
        ]
    );
}

#[test]
fn keys_that_are_equal_each_get_the_row() {
    let script = Script::install();
    let country = [CITEXT, INT8];
    script.answer(rows(&country, &[&[&"DE", &1_i64], &[&"DE", &3_i64]]), 0);
    let keys = ["de", "fr", "De", "de"].map(str::to_owned);
    let found = Country::objects().in_bulk(keys, &db()).unwrap();
    assert_eq!(found["de"].code, "DE");
    assert_eq!(found["De"].code, "DE");
    assert_eq!(found.len(), 2);
    assert_eq!(
        script.log(),
        [
            "SELECT t0.\"code\", asked.asked_place FROM \"countries\" AS t0, \
             unnest($1) WITH ORDINALITY AS asked (asked_key, asked_place) \
             WHERE t0.\"code\" = CAST(asked.asked_key AS citext)"
        ]
    );
    let none = Country::objects().in_bulk([], &db()).unwrap();
    assert!(none.is_empty());
    assert_eq!(script.log().len(), 1);
}

#[test]
fn null_is_a_key_like_another() {
    let script = Script::install();
    let db = db();
    let rate = [NUMERIC, CITEXT, INT8];
    let (one, two) = (decimal("1"), decimal("2"));
    let answer: [&[&dyn Parameter]; 2] = [&[&one, &NULL, &2_i64], &[&two, &"DE", &1_i64]];
    script.answer(rows(&rate, &answer), 0);
    let rates = DataLoader::by_column(Rate::objects(), Rate::country_id, &db);
    let [german, other] = [Some("de".to_owned()), None].map(|country| rates.load(country));
    assert_eq!(german.get().unwrap()[0].percent, two);
    assert_eq!(other.get().unwrap()[0].percent, one);
    assert!(script.log()[0].ends_with(
        "WHERE t0.\"country_id\" = CAST(asked.asked_key AS citext) \
         OR (t0.\"country_id\" IS NULL AND asked.asked_key IS NULL)"
    ));
}

#[test]
fn an_instant_is_found_by_what_postgres_keeps_of_it() {
    #[derive(crate::Model, Debug)]
    #[model(table = "ticks")]
    struct Tick {
        #[model(key)]
        at: crate::Timestamp,
    }

    let script = Script::install();
    let [kept, asked] = [1_000, 1_999].map(|nanos| crate::Timestamp::new(7, nanos).unwrap());
    script.answer(rows(&[TIMESTAMPTZ], &[&[&kept]]), 0);
    let found = Tick::objects().in_bulk([asked], &db()).unwrap();
    assert_eq!(found[&asked].at, kept);
    assert_eq!(
        script.log(),
        [r#"SELECT "at" FROM "ticks" WHERE "at" = ANY($1)"#]
    );
}

#[test]
fn rows_are_found_by_keys_of_the_type_citext() {
    let script = Script::install();
    script.answer(rows(&[], &[]), 1);
    let country = Country { code: "de".into() };
    country.delete(&db()).unwrap();
    script.answer(rows(&[CITEXT], &[]), 1);
    let among = Country::code.is_in(["a", "b"]) & Country::code.between("c", "d");
    Country::objects()
        .filter(among | (Country::code.ne("e") & Country::code.contains("f")))
        .all(&db())
        .unwrap();
    assert_eq!(
        script.log(),
        [
            "DELETE FROM \"countries\" WHERE \"code\" = $1::citext",
            "SELECT \"code\" FROM \"countries\" WHERE (\"code\" = ANY($1::citext[]) \
             AND \"code\" BETWEEN $2::citext AND $3::citext) \
             OR (\"code\" <> $4::citext AND \"code\" LIKE $5 ESCAPE '\\')",
        ]
    );
}

#[test]
fn a_key_to_no_row_does_not_fail_the_list() {
    let script = Script::install();
    let types = [&BOOK[..], &AUTHOR].concat();
    let (there, gone): ([&dyn Parameter; 6], [&dyn Parameter; 6]) = (
        [&1_i64, &"a", &3_i64, &3_i64, &"Ann", &NULL],
        [&2_i64, &"b", &4_i64, &NULL, &None::<&str>, &NULL],
    );
    script.answer(rows(&types, &[&there, &gone]), 0);
    let books = Book::objects().select_related(Book::author()).all(&db());
    let books = books.unwrap();
    assert_eq!(books[0].author.get().unwrap().name, "Ann");
    assert_eq!(*books[1].author.key(), 4);
    assert!(books[1].author.loaded().is_none());
    assert_eq!(
        books[1].author.get().unwrap_err().to_string(),
        "`Book.author` points to a `Author` that is not there; `loaded()` is `None` for it"
    );
}
