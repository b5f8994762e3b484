//! Every type of column, through a real Postgres and back.

mod json;
mod named;

use std::fmt::Debug;
use std::net::IpAddr;
use std::ops::Bound;

use plinth::database::{
    BitString, Cidr, ColumnType, Inet, MacAddr, Money, PgLsn, Range, RangeElement, Statement,
    TimeTz, Xml,
};
use plinth::prelude::*;
use plinth::{DateTime, Time};
use plinth_tests::native_database;

fn one<T: ColumnType>(
    statement: &str,
    parameters: &[&dyn plinth::database::Parameter],
    db: &Db,
) -> T {
    let rows = db.query(statement, parameters).expect(statement);
    let row = rows.first().expect("a row");
    row.get(0).expect(statement)
}

/// Each value comes back as it was sent, alone, in an array and as NULL;
/// Postgres prints it as `texts` say, and its literal is the same value.
fn survive<T: ColumnType + Clone + PartialEq + Debug>(values: &[(T, &str)], db: &Db) {
    let ty = T::SQL;
    for (value, text) in values {
        let sent = format!("SELECT $1::{ty}");
        assert_eq!(&one::<T>(&sent, &[value], db), value, "{text}");
        assert_eq!(one::<String>(&format!("{sent}::text"), &[value], db), *text);
        let parsed = format!("SELECT $1::text::{ty}");
        assert_eq!(&one::<T>(&parsed, &[text], db), value, "{text}");
        let literal = Statement::new(sent, &[value])
            .expect("a statement")
            .inlined();
        assert_eq!(&one::<T>(&literal, &[], db), value, "{literal}");
        crate::copy::survives(value);
    }
    assert_eq!(
        one::<Option<T>>(&format!("SELECT $1::{ty}"), &[&None::<T>], db),
        None
    );
}

/// In arrays too.
fn survive_in_arrays<T: ColumnType + Clone + PartialEq + Debug>(values: &[(T, &str)], db: &Db) {
    survive(values, db);
    let values = values.iter().map(|(value, _)| Some(value.clone()));
    let array: Vec<Option<T>> = values.chain([None]).collect();
    let sent = format!("SELECT $1::{}[]", T::SQL);
    assert_eq!(one::<Vec<Option<T>>>(&sent, &[&array], db), array);
    let literal = Statement::new(&*sent, &[&array])
        .expect("a statement")
        .inlined();
    assert_eq!(one::<Vec<Option<T>>>(&literal, &[], db), array, "{literal}");
    assert_eq!(one::<Vec<T>>(&sent, &[&Vec::<T>::new()], db), []);
    crate::copy::survives(&array);
    crate::copy::survives(&Vec::<T>::new());
}

fn parse<T: std::str::FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect(text)
}

#[test]
fn numbers() {
    let db = native_database(&[]);
    survive_in_arrays(&[(true, "true"), (false, "false")], &db);
    survive_in_arrays(&[(i16::MIN, "-32768"), (i16::MAX, "32767")], &db);
    survive_in_arrays(&[(i32::MIN, "-2147483648"), (i32::MAX, "2147483647")], &db);
    survive_in_arrays(
        &[
            (i64::MIN, "-9223372036854775808"),
            (i64::MAX, "9223372036854775807"),
        ],
        &db,
    );
    survive_in_arrays(
        &[
            (1.5_f32, "1.5"),
            (-0.0, "-0"),
            (f32::MAX, "3.4028235e+38"),
            (f32::INFINITY, "Infinity"),
            (f32::NEG_INFINITY, "-Infinity"),
        ],
        &db,
    );
    survive_in_arrays(
        &[
            (0.1_f64, "0.1"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "Infinity"),
        ],
        &db,
    );
    assert!(one::<f64>("SELECT 'NaN'::float8", &[], &db).is_nan());
    let decimals = [
        "0",
        "0.00",
        "-1",
        "10000",
        "19.99",
        "-0.0001",
        "79228162514264337593543950335",
        "-7.9228162514264337593543950335",
        "0.0000000000000000000000000001",
    ];
    survive_in_arrays(&decimals.map(|text| (parse::<Decimal>(text), text)), &db);
    for beyond in [
        "'NaN'",
        "'Infinity'",
        "10::numeric ^ 100",
        "repeat('9', 500)",
        "1e-40",
    ] {
        let rows = db
            .query(format!("SELECT {beyond}::numeric"), &[])
            .expect(beyond);
        assert!(
            rows.first().expect("a row").get::<Decimal>(0).is_err(),
            "{beyond}"
        );
    }
}

#[test]
fn texts_and_bytes() {
    let db = native_database(&[]);
    let texts = ["", "it's \\ \"%_\n$1 é 😀", "NULL", "{a,b}"];
    survive_in_arrays(&texts.map(|text| (text.to_owned(), text)), &db);
    survive_in_arrays(
        &[(vec![], "\\x"), (vec![0_u8, 255, 39, 92], "\\x00ff275c")],
        &db,
    );
    for (sql, text) in [
        ("'a'::\"char\"", "a"),
        ("''::\"char\"", ""),
        ("'a'::char(3)", "a  "),
        ("'a'::varchar(3)", "a"),
        ("'a'::name", "a"),
        ("'<a/>'::xml", "<a/>"),
    ] {
        assert_eq!(
            one::<String>(&format!("SELECT {sql}"), &[], &db),
            text,
            "{sql}"
        );
    }
    xmls_survive(&[Xml("<a b=\"c\">é</a>".into()), Xml("text".into())], &db);
    let id: Uuid = parse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    survive_in_arrays(&[(id, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")], &db);
}

/// Postgres does not compare `xml`.
fn xmls_survive(values: &[Xml], db: &Db) {
    for value in values {
        assert_eq!(&one::<Xml>("SELECT $1::xml", &[value], db), value);
    }
    let array = values.to_vec();
    assert_eq!(one::<Vec<Xml>>("SELECT $1::xml[]", &[&array], db), array);
}

#[test]
fn times() {
    let db = native_database(&[]);
    db.execute("SET timezone = 'UTC'", &[]).expect("a setting");
    survive_in_arrays(
        &[
            (Date::constant(2024, 2, 29), "2024-02-29"),
            (Date::MAX, "9999-12-31"),
            (Date::constant(1, 1, 1), "0001-01-01"),
            (Date::constant(0, 12, 31), "0001-12-31 BC"),
            (Date::constant(-4713, 11, 24), "4714-11-24 BC"),
        ],
        &db,
    );
    survive_in_arrays(
        &[
            (
                DateTime::constant(9999, 12, 31, 23, 59, 59, 999_999_000),
                "9999-12-31 23:59:59.999999",
            ),
            (
                DateTime::constant(1969, 12, 31, 23, 59, 59, 1_000),
                "1969-12-31 23:59:59.000001",
            ),
            (
                DateTime::constant(-43, 3, 15, 1, 2, 3, 0),
                "0044-03-15 01:02:03 BC",
            ),
            (
                DateTime::constant(-4713, 11, 24, 0, 0, 0, 0),
                "4714-11-24 00:00:00 BC",
            ),
        ],
        &db,
    );
    survive_in_arrays(
        &[
            (
                parse::<Timestamp>("2024-02-29T01:02:03.000001Z"),
                "2024-02-29 01:02:03.000001+00",
            ),
            (
                parse("1969-12-31T23:59:59.999999Z"),
                "1969-12-31 23:59:59.999999+00",
            ),
            (
                parse("-000043-03-15T01:02:03Z"),
                "0044-03-15 01:02:03+00 BC",
            ),
        ],
        &db,
    );
    survive_in_arrays(
        &[
            (Time::midnight(), "00:00:00"),
            (Time::constant(23, 59, 59, 999_999_000), "23:59:59.999999"),
        ],
        &db,
    );
    survive_in_arrays(
        &[
            (parse::<TimeTz>("04:05:06.5+05:30"), "04:05:06.5+05:30"),
            (parse("00:00:00-15:59:59"), "00:00:00-15:59:59"),
            (parse("00:00:00Z"), "00:00:00+00"),
        ],
        &db,
    );
    db.execute("SET timezone = 'Asia/Kathmandu'", &[])
        .expect("a setting");
    let instant: Timestamp = parse("2024-02-29T01:02:03Z");
    assert_eq!(
        one::<Timestamp>("SELECT $1::timestamptz", &[&instant], &db),
        instant
    );
    for (sql, is_too_large) in [
        (
            "'infinity'::date",
            is_refused::<Date> as fn(&str, &Db) -> bool,
        ),
        ("'-infinity'::date", is_refused::<Date>),
        ("'5874897-12-31'::date", is_refused::<Date>),
        ("'10000-01-01'::date", is_refused::<Date>),
        ("'infinity'::timestamp", is_refused::<DateTime>),
        ("'-infinity'::timestamp", is_refused::<DateTime>),
        (
            "'294276-12-31 23:59:59.999999'::timestamp",
            is_refused::<DateTime>,
        ),
        ("'infinity'::timestamptz", is_refused::<Timestamp>),
        ("'-infinity'::timestamptz", is_refused::<Timestamp>),
        ("'294276-12-31'::timestamptz", is_refused::<Timestamp>),
        ("'24:00'::time", is_refused::<Time>),
        ("'24:00+00'::timetz", is_refused::<TimeTz>),
        (
            "'[2024-01-01,infinity)'::daterange",
            is_refused::<Range<Date>>,
        ),
        ("array['infinity'::date]", is_refused::<Vec<Date>>),
    ] {
        assert!(is_too_large(sql, &db), "{sql}");
    }
}

#[test]
fn what_postgres_cannot_hold_is_refused() {
    let db = native_database(&[]);
    let sent = |value: &dyn plinth::database::Parameter, ty: &str| {
        db.query(format!("SELECT $1::{ty}"), &[value]).is_err()
    };
    assert!(sent(&Date::constant(-4713, 11, 23), "date"));
    assert!(sent(&Date::MIN, "date"));
    assert!(sent(&DateTime::MIN, "timestamp"));
    assert!(sent(&Timestamp::MIN, "timestamptz"));
    assert!(sent(&parse::<TimeTz>("00:00:00+16:00"), "timetz"));
    assert!(sent(&"\0", "text"));
    assert!(sent(&Xml("<a>".into()), "xml"));
    // The connection goes on.
    assert_eq!(one::<i32>("SELECT 1", &[], &db), 1);
}

fn is_refused<T: ColumnType>(sql: &str, db: &Db) -> bool {
    let rows = db.query(format!("SELECT {sql}"), &[]).expect(sql);
    rows.first().expect("a row").get::<T>(0).is_err()
}

#[test]
fn intervals() {
    let db = native_database(&[]);
    let mixed = Interval {
        months: -13,
        days: 5,
        microseconds: -90_000_001,
    };
    let longest = Interval {
        months: i32::MAX,
        days: i32::MAX,
        microseconds: i64::MAX - 1,
    };
    survive_in_arrays(
        &[
            (Interval::default(), "00:00:00"),
            (Interval::months(14), "1 year 2 mons"),
            (Interval::days(-3) + Interval::hours(4), "-3 days +04:00:00"),
            (mixed, "-1 years -1 mons +5 days -00:01:30.000001"),
            (
                longest,
                "178956970 years 7 mons 2147483647 days 2562047788:00:54.775806",
            ),
        ],
        &db,
    );
    let at: Timestamp = parse("2024-01-31T00:00:00Z");
    let later: Timestamp = one(
        "SELECT $1::timestamptz + $2",
        &[&at, &Interval::months(1)],
        &db,
    );
    assert_eq!(later.to_string(), "2024-02-29T00:00:00Z");
}

#[test]
fn networks_money_and_bits() {
    let db = native_database(&[]);
    let hosts = [
        "10.1.2.3/8",
        "10.1.2.3/32",
        "::/0",
        "2001:db8::1/32",
        "::1/128",
    ];
    survive_in_arrays(&hosts.map(|text| (parse::<Inet>(text), text)), &db);
    let addresses = ["10.1.2.3", "::1"];
    let as_postgres = ["10.1.2.3/32", "::1/128"];
    for (address, text) in addresses.into_iter().zip(as_postgres) {
        survive_in_arrays(&[(parse::<IpAddr>(address), text)], &db);
    }
    assert!(is_refused::<IpAddr>("'10.1.2.3/8'::inet", &db));
    let networks = ["0.0.0.0/0", "10.0.0.0/8", "2001:db8::/32"];
    survive_in_arrays(&networks.map(|text| (parse::<Cidr>(text), text)), &db);
    assert_eq!(
        one::<Inet>("SELECT '10.0.0.0/8'::cidr", &[], &db),
        parse("10.0.0.0/8")
    );
    survive_in_arrays(
        &[(MacAddr([8, 0, 0x2b, 1, 2, 0xff]), "08:00:2b:01:02:ff")],
        &db,
    );
    db.execute("SET lc_monetary = 'C'", &[]).expect("a setting");
    survive_in_arrays(
        &[
            (Money(1999), "$19.99"),
            (Money(-5), "-$0.05"),
            (Money(0), "$0.00"),
        ],
        &db,
    );
    let bits = ["", "0", "1011", "111111110"];
    survive_in_arrays(&bits.map(|text| (parse::<BitString>(text), text)), &db);
    assert_eq!(
        one::<BitString>("SELECT B'1011'::bit(4)", &[], &db),
        parse("1011")
    );
    survive_in_arrays(
        &[
            (PgLsn(0x16_B374_D848), "16/B374D848"),
            (PgLsn(u64::MAX), "FFFFFFFF/FFFFFFFF"),
        ],
        &db,
    );
}

fn ranges_survive<T>(low: &T, high: &T, text: &str, db: &Db)
where
    T: RangeElement + Clone + PartialEq + Debug,
{
    survive_in_arrays(
        &[
            (Range::empty(), "empty"),
            (Range::new(..), "(,)"),
            (Range::new(low.clone()..high.clone()), text),
        ],
        db,
    );
}

#[test]
fn ranges() {
    let db = native_database(&[]);
    db.execute("SET timezone = 'UTC'", &[]).expect("a setting");
    ranges_survive(&-3, &5, "[-3,5)", &db);
    ranges_survive(
        &i64::MIN,
        &i64::MAX,
        "[-9223372036854775808,9223372036854775807)",
        &db,
    );
    ranges_survive(
        &parse::<Decimal>("-1.50"),
        &parse("2.25"),
        "[-1.50,2.25)",
        &db,
    );
    ranges_survive(
        &Date::constant(-43, 3, 15),
        &Date::constant(2024, 2, 29),
        "[\"0044-03-15 BC\",2024-02-29)",
        &db,
    );
    ranges_survive(
        &DateTime::constant(2024, 2, 29, 1, 2, 3, 4_000),
        &DateTime::constant(2025, 1, 1, 0, 0, 0, 0),
        "[\"2024-02-29 01:02:03.000004\",\"2025-01-01 00:00:00\")",
        &db,
    );
    ranges_survive(
        &parse::<Timestamp>("2024-02-29T01:02:03Z"),
        &parse("2025-01-01T00:00:00Z"),
        "[\"2024-02-29 01:02:03+00\",\"2025-01-01 00:00:00+00\")",
        &db,
    );
    let open = Range::new((Bound::Excluded(Decimal::ONE), Bound::Included(Decimal::TEN)));
    survive_in_arrays(&[(open, "(1,10]")], &db);
    // Those of integers and dates are written in one way.
    let closed = Range::new(1..=5);
    assert_eq!(
        one::<Range<i32>>("SELECT $1::int4range", &[&closed], &db),
        Range::new(1..6)
    );
    let upside_down = Range::new((Bound::Included(5), Bound::Excluded(1)));
    let error = db.query("SELECT $1::int4range", &[&upside_down]);
    assert!(error.is_err());
}
