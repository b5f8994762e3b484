//! COPY: what goes in comes out, and nothing goes in wrong.

use std::fmt::Debug;
use std::net::IpAddr;

use plinth::database::{
    BitString, Cidr, ColumnType, Inet, MacAddr, Money, PgLsn, Range, TimeTz, Xml,
};
use plinth::orm::{Expression, IntoOperand, Operand, value};
use plinth::prelude::*;
use plinth::{DateTime, Time};
use plinth_tests::native_database;

/// Texts that a text format has to escape.
const TEXTS: [&str; 12] = [
    "",
    "\t",
    "\n",
    "\r\n",
    "\\",
    "\\N",
    "\\.",
    "a\tb\\tc",
    "\"quoted\", 'and' commas",
    "é 🦀 \u{feff}",
    "NULL",
    "$1 || E'\\''",
];

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "lines")]
struct Line {
    #[model(key, auto)]
    id: i64,
    text: Option<String>,
    #[model(default = 7)]
    number: i32,
    #[model(soft_delete)]
    deleted_at: Option<Timestamp>,
}

fn lines() -> Db {
    native_database(&[Line::META])
}

fn texts(db: &Db) -> Vec<Option<String>> {
    let lines = Line::objects().order_by([Line::id.asc()]);
    lines.values(Line::text).all(db).expect("texts")
}

fn optional_texts() -> Vec<Option<String>> {
    let texts = TEXTS.iter().map(|text| Some((*text).to_owned()));
    texts.chain([None]).collect()
}

#[test]
fn no_text_needs_escaping_in_the_binary_format() {
    let mut db = lines();
    let rows = optional_texts()
        .into_iter()
        .map(|text| create!(Line { text }));
    assert_eq!(Line::objects().copy_in(rows, &mut db).expect("copies"), 13);
    assert_eq!(texts(&db), optional_texts());
    let ordered = Line::objects().order_by([Line::id.asc()]);
    let out = ordered.copy_out(&mut db).expect("copies");
    let out: Vec<Line> = out.map(|line| line.expect("a line")).collect();
    assert!(out.iter().all(|line| line.number == 7));
    let out: Vec<_> = out.into_iter().map(|line| line.text).collect();
    assert_eq!(out, optional_texts());
}

#[test]
fn csv_that_came_out_goes_in_again() {
    let mut db = lines();
    let rows = optional_texts()
        .into_iter()
        .map(|text| create!(Line { text }));
    Line::objects().copy_in(rows, &mut db).expect("copies");
    let mut csv = Vec::new();
    let ordered = Line::objects()
        .order_by([Line::id.asc()])
        .values(Line::text);
    ordered.copy_csv_out(&mut csv, &mut db).expect("copies");
    db.execute("DELETE FROM lines", &[]).expect("they go");
    let count = db.copy_csv_in("lines", &["text"], &*csv).expect("copies");
    assert_eq!((count, texts(&db)), (13, optional_texts()));
    let mut table = Vec::new();
    db.copy_csv_out("lines", &["text"], &mut table)
        .expect("copies");
    assert_eq!(table, csv);
}

#[test]
fn csv_tells_null_from_the_empty_text() {
    let mut db = lines();
    let csv = "5,\n6,\"\"\n7,\" \"\n8,\"two\nlines, \"\"quoted\"\"\"\n9,\\N\n";
    let columns = ["number", "text"];
    let count = db.copy_csv_in("lines", &columns, csv.as_bytes());
    assert_eq!(count.expect("copies"), 5);
    let expected = [
        None,
        Some(""),
        Some(" "),
        Some("two\nlines, \"quoted\""),
        Some("\\N"),
    ];
    assert_eq!(texts(&db), expected.map(|text| text.map(str::to_owned)));
}

#[test]
fn a_name_is_a_name_and_no_sql() {
    let mut db = lines();
    let error = db.copy_csv_in("lines\" FROM PROGRAM 'id' --", &[], &b""[..]);
    assert_eq!(error.unwrap_err().sqlstate(), Some("42P01"));
    let mut db = lines();
    let error = db.copy_csv_in("lines", &["text\") FROM PROGRAM 'id' --"], &b""[..]);
    assert_eq!(error.unwrap_err().sqlstate(), Some("42703"));
}

#[test]
fn a_statement_of_ones_own_says_the_format() {
    let mut db = lines();
    let sql = "COPY lines (number, text) FROM STDIN (FORMAT csv, HEADER match, DELIMITER ';')";
    assert_eq!(
        db.copy_in(sql, &b"number;text\n3;a,b\n"[..])
            .expect("copies"),
        1
    );
    assert!(db.copy_in(sql, &b"text;number\na;3\n"[..]).is_err());
    let mut text = Vec::new();
    let sql = "COPY (SELECT number, text FROM lines) TO STDOUT";
    db.copy_out(sql, &mut text).expect("copies");
    assert_eq!(text, b"3\ta,b\n");
}

#[test]
fn no_rows_are_no_rows() {
    let mut db = lines();
    let none: [LineDraft; 0] = [];
    assert_eq!(Line::objects().copy_in(none, &mut db).expect("copies"), 0);
    assert_eq!(db.copy_csv_in("lines", &[], &b""[..]).expect("copies"), 0);
    assert_eq!(
        Line::objects().copy_out(&mut db).expect("copies").count(),
        0
    );
    assert_eq!(texts(&db), []);
}

#[test]
fn a_row_may_be_longer_than_a_chunk() {
    let mut db = lines();
    let long = |length: usize| Some("é".repeat(length));
    let lengths = [0, 32_767, 32_768, 100_000, 1_000_000, 1];
    let rows = lengths.map(|length| create!(Line { text: long(length) }));
    Line::objects().copy_in(rows, &mut db).expect("copies");
    let ordered = Line::objects().order_by([Line::id.asc()]);
    let out = ordered.copy_out(&mut db).expect("copies");
    let out: Vec<_> = out.map(|line| line.expect("a line").text).collect();
    assert_eq!(out, lengths.map(long));
}

#[test]
fn what_the_first_row_leaves_out_no_row_gives() {
    let mut db = lines();
    let rows = |first: LineDraft, second| Line::objects().copy_in([first, second], &mut lines());
    let (text, both) = (
        create!(Line { text: "a" }),
        create!(Line {
            text: "a",
            number: 1
        }),
    );
    let error = rows(text, both).unwrap_err();
    assert!(error.is_invalid_query());
    assert!(
        error
            .to_string()
            .starts_with("row 2 of a COPY into `lines` gives `number`"),
        "{error}"
    );
    let error = rows(
        create!(Line {
            text: "a",
            number: 1
        }),
        create!(Line { text: "a" }),
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("row 2 of a COPY into `lines` leaves out `number`"),
        "{error}"
    );
    let error = Line::objects()
        .copy_in([create!(Line {})], &mut db)
        .unwrap_err();
    assert!(error.to_string().contains("gives no column"), "{error}");
    assert_eq!(texts(&db), []);
}

#[test]
fn a_source_that_fails_inserts_nothing() {
    let mut db = lines();
    let rows = (0..10_000).map(|number| match number {
        9_999 => Err(plinth::Error::other("the file ends")),
        _ => Ok(create!(Line { number })),
    });
    let error = Line::objects().try_copy_in(rows, &mut db).unwrap_err();
    assert_eq!(error.to_string(), "the file ends");
    assert_eq!(texts(&db), []);
}

#[test]
fn a_copy_is_part_of_its_transaction() {
    let mut db = lines();
    let rows = |numbers: std::ops::Range<i32>| numbers.map(|number| create!(Line { number }));
    let undone = db.transaction(|tx| {
        assert_eq!(Line::objects().copy_in(rows(0..100), tx)?, 100);
        assert_eq!(Line::objects().count(tx)?, 100);
        assert_eq!(Line::objects().copy_out(tx)?.count(), 100);
        Err::<(), _>(plinth::Error::other("no"))
    });
    assert_eq!(undone.unwrap_err().to_string(), "no");
    assert_eq!(texts(&db), []);
    db.transaction(|tx| Line::objects().copy_in(rows(0..5), tx))
        .expect("commits");
    assert_eq!(texts(&db).len(), 5);
}

#[test]
fn a_refused_copy_is_undone_to_the_savepoint() {
    let mut db = lines();
    db.transaction(|tx| {
        create!(Line { text: "kept" }).insert(tx)?;
        let refused = tx.transaction(|sp| sp.copy_csv_in("lines", &["number"], &b"1\nx\n"[..]));
        assert_eq!(refused.unwrap_err().sqlstate(), Some("22P02"));
        create!(Line { text: "kept too" }).insert(tx)
    })
    .expect("commits");
    assert_eq!(texts(&db).len(), 2);
}

#[test]
fn an_error_names_the_line() {
    let mut db = lines();
    let csv = "1\n2\nthree\n4\n";
    let error = db
        .copy_csv_in("lines", &["number"], csv.as_bytes())
        .unwrap_err();
    assert_eq!(
        error.context(),
        Some("COPY lines, line 3, column number: \"three\"")
    );
    assert_eq!(error.copy_line(), Some(3));
    let error = db
        .copy_csv_in("lines", &["number"], &b"1\n2,3\n"[..])
        .unwrap_err();
    assert_eq!(
        (error.sqlstate(), error.copy_line()),
        (Some("22P04"), Some(2))
    );
    let rows = [1_i64, 2, 3, 2].map(|id| create!(Line { id }));
    let error = Line::objects().copy_in(rows, &mut db).unwrap_err();
    assert!(error.is_unique_violation());
    assert_eq!((error.table(), error.copy_line()), (Some("lines"), Some(4)));
    let rows = [
        create!(Line { text: "fine" }),
        create!(Line { text: "a\0b" }),
    ];
    let error = Line::objects().copy_in(rows, &mut db).unwrap_err();
    assert_eq!(
        (error.sqlstate(), error.copy_line()),
        (Some("22021"), Some(2))
    );
    assert_eq!(db.query("SELECT 1", &[]).unwrap_err_or_none(), None);
    assert_eq!(texts(&db), []);
}

trait UnwrapErrOrNone {
    fn unwrap_err_or_none(self) -> Option<String>;
}

impl<T> UnwrapErrOrNone for Result<T> {
    fn unwrap_err_or_none(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

#[test]
fn a_column_of_another_type_takes_no_bytes() {
    let mut db = lines();
    db.execute("ALTER TABLE lines ALTER number DROP DEFAULT", &[])
        .expect("alters");
    for (column, other) in [("number", "real"), ("id", "smallint"), ("text", "bytea")] {
        let using = if other == "bytea" { " USING NULL" } else { "" };
        db.execute(
            format!("ALTER TABLE lines ALTER {column} TYPE {other}{using}"),
            &[],
        )
        .expect("alters");
        let row = match column {
            "number" => create!(Line { number: 1 }),
            "id" => create!(Line { id: 1_i64 }),
            _ => create!(Line { text: "a" }),
        };
        let error = Line::objects().copy_in([row], &mut db).unwrap_err();
        assert!(error.is_invalid_query(), "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("`lines.{column}` is ")),
            "{error}"
        );
    }
    let short = "ALTER TABLE lines ALTER text TYPE varchar(3) USING NULL";
    db.execute(short, &[]).expect("alters");
    let error = Line::objects().copy_in([create!(Line { text: "long" })], &mut db);
    assert_eq!(error.unwrap_err().sqlstate(), Some("22001"));
}

#[test]
fn a_query_set_copies_its_own_rows() {
    let mut db = lines();
    let rows = (0..10).map(|number| {
        create!(Line {
            number,
            text: "it's \\' x"
        })
    });
    Line::objects().copy_in(rows, &mut db).expect("copies");
    Line::objects()
        .filter(Line::number.lt(3))
        .delete(&db)
        .expect("they go");
    let query = Line::objects()
        .filter(Line::number.is_in([1, 3, 5, 7]) & Line::text.eq("it's \\' x"))
        .order_by([Line::number.desc()])
        .limit(2);
    let numbers = |query: &plinth::orm::QuerySet<Line>, db: &mut Db| -> Vec<i32> {
        let lines = query.copy_out(db).expect("copies");
        lines.map(|line| line.expect("a line").number).collect()
    };
    assert_eq!(numbers(&query, &mut db), [7, 5]);
    let pairs = query.clone().values((Line::number, Line::text.upper()));
    let pairs: Vec<_> = pairs
        .copy_out(&mut db)
        .expect("copies")
        .map(Result::unwrap)
        .collect();
    let upper = Some("IT'S \\' X".to_owned());
    assert_eq!(pairs, [(7, upper.clone()), (5, upper)]);
    let mut csv = Vec::new();
    query
        .values(Line::number)
        .copy_csv_out(&mut csv, &mut db)
        .expect("copies");
    assert_eq!(csv, b"7\n5\n");
}

#[test]
fn what_a_copy_can_not_do_is_refused() {
    let mut db = lines();
    let locked = Line::objects().for_update();
    assert!(locked.copy_out(&mut db).unwrap_err().is_invalid_query());
    let money = Line::objects().values(value(Money(5)));
    let error = money.copy_out(&mut db).unwrap_err();
    assert!(
        error.to_string().contains("read the rows with `iterator`"),
        "{error}"
    );
    assert_eq!(db.query("SELECT 1", &[]).unwrap_err_or_none(), None);
}

#[derive(Choices, Debug, PartialEq)]
enum Kind {
    Car,
    Truck,
}

#[derive(Model, Debug)]
#[model(table = "vehicles", discriminator = kind)]
struct Vehicle {
    #[model(key, auto)]
    id: i64,
    kind: Kind,
}

#[derive(Model, Debug)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
struct Car {
    #[model(key, auto)]
    id: i64,
    doors: i32,
}

#[derive(Model, Debug)]
#[model(table = "vehicles", parent = Vehicle, variant = "truck")]
struct Truck {
    #[model(key, auto)]
    id: i64,
    load: i32,
}

#[test]
fn variants_copy_as_what_they_are() {
    let mut db = native_database(&[Car::META, Truck::META]);
    let cars = (1..4).map(|doors| create!(Car { doors }));
    Car::objects().copy_in(cars, &mut db).expect("copies");
    let trucks = [create!(Truck { load: 9 })];
    Truck::objects().copy_in(trucks, &mut db).expect("copies");
    let cars = Car::objects().copy_out(&mut db).expect("copies");
    let doors: Vec<_> = cars.map(|car| car.expect("a car").doors).collect();
    assert_eq!(doors, [1, 2, 3]);
    let all = Vehicle::objects().copy_out(&mut db).expect("copies");
    let kinds: Vec<_> = all.map(|one| one.expect("one").kind).collect();
    assert_eq!(kinds, [Kind::Car, Kind::Car, Kind::Car, Kind::Truck]);
}

#[derive(Choices, Clone, Copy, Debug, PartialEq)]
#[choices(sql_type = "mood")]
enum Mood {
    Glad,
    Sad,
}

/// A column of each type.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "everything")]
struct Everything {
    #[model(key)]
    id: i32,
    truth: Option<bool>,
    small: Option<i16>,
    large: Option<i64>,
    single: Option<f32>,
    double: Option<f64>,
    decimal: Option<Decimal>,
    text: Option<String>,
    bytes: Option<Vec<u8>>,
    uuid: Option<Uuid>,
    json: Option<serde_json::Value>,
    timestamp: Option<Timestamp>,
    datetime: Option<DateTime>,
    date: Option<Date>,
    time: Option<Time>,
    time_tz: Option<TimeTz>,
    interval: Option<Interval>,
    range: Option<Range<i32>>,
    period: Option<Range<Timestamp>>,
    address: Option<IpAddr>,
    inet: Option<Inet>,
    cidr: Option<Cidr>,
    mac: Option<MacAddr>,
    bits: Option<BitString>,
    money: Option<Money>,
    xml: Option<Xml>,
    lsn: Option<PgLsn>,
    mood: Option<Mood>,
    texts: Option<Vec<String>>,
    numbers: Option<Vec<Option<Decimal>>>,
}

fn parse<T: std::str::FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect(text)
}

fn everything() -> EverythingDraft {
    create!(Everything {
        id: 1,
        truth: true,
        small: i16::MIN,
        large: i64::MAX,
        single: f32::NEG_INFINITY,
        double: 0.1,
        decimal: parse::<Decimal>("-7.9228162514264337593543950335"),
        text: TEXTS.concat(),
        bytes: vec![0, 255, b'\\', b'\n'],
        uuid: parse::<Uuid>("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        json: serde_json::json!({"a": [1, null, "\\\"\n"]}),
        timestamp: parse::<Timestamp>("2024-02-29T01:02:03.000004Z"),
        datetime: DateTime::constant(-43, 3, 15, 1, 2, 3, 4_000),
        date: Date::constant(9999, 12, 31),
        time: Time::constant(23, 59, 59, 999_999_000),
        time_tz: parse::<TimeTz>("12:00:00+05:30"),
        interval: parse::<Interval>("P-1Y2M3DT4H5M6.000007S"),
        range: Range::new(-3..5),
        period: Range::new(parse::<Timestamp>("2024-02-29T01:02:03Z")..),
        address: parse::<IpAddr>("::1"),
        inet: parse::<Inet>("192.168.1.5/24"),
        cidr: parse::<Cidr>("10.0.0.0/8"),
        mac: parse::<MacAddr>("08:00:2b:01:02:03"),
        bits: parse::<BitString>("10110"),
        money: Money(-123),
        xml: Xml("<a b=\"c\">é</a>".into()),
        lsn: parse::<PgLsn>("16/B374D848"),
        mood: Mood::Sad,
        texts: TEXTS.map(str::to_owned).to_vec(),
        numbers: vec![None, Some(Decimal::ONE)]
    })
}

fn nothing() -> EverythingDraft {
    // The same columns, for which the first row is taken apart and put together.
    let mut row = everything();
    row.id = Some(2);
    macro_rules! none {
        ($($column:ident)*) => {$( row.$column = Some(None); )*};
    }
    none! {
        truth small large single double decimal text bytes uuid json timestamp datetime date time
        time_tz interval range period address inet cidr mac bits money xml lsn mood texts numbers
    }
    row
}

#[test]
fn every_type_goes_in_and_comes_out() {
    let mut db = native_database(&[]);
    db.execute("CREATE TYPE mood AS ENUM ('glad', 'sad')", &[])
        .expect("a type");
    for statement in &plinth::orm::schema::tables(&[Everything::META])[0].ddl {
        db.execute(&**statement, &[]).expect(statement);
    }
    let inserted = everything().insert(&db).expect("inserts");
    db.execute("DELETE FROM everything", &[]).expect("it goes");
    let rows = [everything(), nothing()];
    assert_eq!(
        Everything::objects()
            .copy_in(rows, &mut db)
            .expect("copies"),
        2
    );
    let by_id = Everything::objects().order_by([Everything::id.asc()]);
    let read = by_id.all(&db).expect("reads");
    assert_eq!(read[0], inserted);
    let copied = by_id.copy_out(&mut db).expect("copies");
    let copied: Vec<_> = copied.map(|row| row.expect("a row")).collect();
    assert_eq!(copied, read);
    // The column is no `mood`, so it takes no bytes of one.
    for statement in [
        "CREATE TYPE other AS ENUM ('glad', 'sad')",
        "ALTER TABLE everything DROP COLUMN mood",
        "ALTER TABLE everything ADD COLUMN mood other",
    ] {
        db.execute(statement, &[]).expect(statement);
    }
    let error = Everything::objects()
        .copy_in([everything()], &mut db)
        .unwrap_err();
    assert!(
        error.to_string().starts_with("`everything.mood` is `mood`"),
        "{error}"
    );
}

/// Any value, as an expression.
struct Sent<T>(T);

impl<T: ColumnType> IntoOperand<Line, T> for Sent<T> {
    fn into_operand(self) -> Operand {
        Operand::value(&self.0)
    }
}

impl<T: ColumnType> Expression<Line> for Sent<T> {
    type Value = T;
}

/// A value stands in the text of a COPY as what it is, or is refused.
pub(crate) fn survives<T: ColumnType + Clone + PartialEq + Debug>(sent: &T) {
    let mut db = Db::named("default");
    let table = "CREATE TABLE IF NOT EXISTS lines (id bigint, text text, number int, deleted_at timestamptz)";
    db.execute(table, &[]).expect("a table");
    db.execute("TRUNCATE lines", &[]).expect("a table");
    db.execute("INSERT INTO lines VALUES (1)", &[])
        .expect("a row");
    for setting in [
        "SET standard_conforming_strings = off",
        "SET datestyle = 'SQL, DMY'",
        "SET intervalstyle = sql_standard",
        "SET bytea_output = escape",
        "SET extra_float_digits = -10",
        "SET timezone = 'Asia/Kathmandu'",
    ] {
        db.execute(setting, &[]).expect(setting);
    }
    let copied = Line::objects().values(value(Sent(sent.clone())));
    let copied = match copied.copy_out(&mut db) {
        Ok(mut copied) => copied.next().expect("a row").expect("a value"),
        Err(error) => {
            let name = T::SQL.name;
            assert!(
                ["money", "xml", "\"char\"", "name"].contains(&name),
                "{name}: {error}"
            );
            assert!(error.is_invalid_query(), "{error}");
            sent.clone()
        }
    };
    db.execute("RESET ALL", &[]).expect("settings");
    assert_eq!(&copied, sent);
}

/// Before version 18 Postgres ends a load of CSV at such a line, which is the
/// server that these tests run on.
#[test]
fn a_line_that_would_end_a_load_is_refused_and_nothing_of_it_is_there() {
    let mut db = lines();
    let csv = "a\n\\.\nb\nc\n";
    let loads: [(&str, &str, u64); 6] = [
        ("(FORMAT csv)", csv, 2),
        ("(FORMAT csv)", "\\.\nb\n", 1),
        ("(FORMAT csv, HEADER)", "text\n\\.\n", 2),
        ("(FORMAT csv)", "a\r\n\\.\r\nb\r\n", 2),
        ("WITH CSV", "\"x\ny\"\n\\.\nb\n", 3),
        ("", csv, 2),
    ];
    for (options, data, line) in loads {
        let sql = format!("COPY lines (text) FROM STDIN {options}");
        let error = db.copy_in(&sql, data.as_bytes()).expect_err("it would end");
        assert_eq!(error.copy_line(), Some(line), "{options} {data:?}: {error}");
        assert_eq!(error.sqlstate(), Some("22P04"));
        // Also where the line comes in two parts.
        let (one, two) = data
            .as_bytes()
            .split_at(data.find("\\.").expect("it is there") + 1);
        let error = db.copy_in(&sql, std::io::Read::chain(one, two));
        assert_eq!(error.expect_err("it would end").copy_line(), Some(line));
    }
    let error = db.copy_csv_in("lines", &["text"], csv.as_bytes());
    assert_eq!(error.expect_err("it would end").copy_line(), Some(2));
    assert_eq!(texts(&db), []);
    db.transaction(|tx| {
        let refused = tx.transaction(|sp| sp.copy_csv_in("lines", &["text"], csv.as_bytes()));
        assert_eq!(refused.expect_err("it would end").copy_line(), Some(2));
        tx.copy_csv_in("lines", &["text"], &b"kept\n"[..])
    })
    .expect("the transaction goes on");
    assert_eq!(texts(&db), [Some("kept".to_owned())]);
}

#[test]
fn such_a_line_is_loaded_where_it_is_a_value() {
    let mut db = lines();
    for (options, data, expected) in [
        ("(FORMAT csv)", "\"\\.\"\nb\n", &["\\.", "b"][..]),
        ("(FORMAT csv)", "\"x\n\\.\ny\"\n", &["x\n\\.\ny"]),
        ("(FORMAT csv)", "a\n\\.", &["a", "\\."]),
        ("(FORMAT csv)", "\\.x\n \\.\n", &["\\.x", " \\."]),
        ("", "\\\\.\na\n\\.\n", &["\\.", "a"]),
    ] {
        let sql = format!("COPY lines (text) FROM STDIN {options}");
        let count = db.copy_in(&sql, data.as_bytes()).expect("a load");
        assert_eq!(usize::try_from(count), Ok(expected.len()), "{data:?}");
        let loaded: Vec<_> = texts(&db).into_iter().flatten().collect();
        assert_eq!(loaded, expected, "{data:?}");
        Line::objects().hard_delete(&db).expect("deletes");
    }
    // What goes out goes in again.
    let values = ["\\.", "x\n\\.\ny", "\\.\n", "\"\\.\""];
    let rows = values.map(|text| create!(Line { text }));
    Line::objects().copy_in(rows, &mut db).expect("copies");
    let mut csv = Vec::new();
    let ordered = Line::objects().order_by([Line::id.asc()]);
    ordered
        .values(Line::text)
        .copy_csv_out(&mut csv, &mut db)
        .expect("copies");
    let count = db.copy_csv_in("lines", &["text"], &*csv).expect("copies");
    assert_eq!(count, 4);
    let twice: Vec<_> = texts(&db).into_iter().flatten().collect();
    assert_eq!(twice, [values, values].concat());
}
