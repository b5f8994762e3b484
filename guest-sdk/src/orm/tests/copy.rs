//! Loading and exporting.

use super::*;

#[derive(crate::Model, Debug)]
#[model(table = "vehicles", discriminator = kind)]
struct Vehicle {
    #[model(key, auto)]
    id: i64,
    kind: String,
}

#[derive(crate::Model, Debug)]
#[model(table = "vehicles", parent = Vehicle, variant = "car")]
struct Car {
    #[model(key, auto)]
    id: i64,
    name: Option<String>,
}

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Two rows and the end.
fn copied() -> Vec<u8> {
    let mut copied = HEADER.to_vec();
    copied.extend(b"\0\x02\0\0\0\x02\\\t\0\0\0\x03car");
    copied.extend(b"\0\x02\xff\xff\xff\xff\0\0\0\x03car");
    copied.extend(b"\xff\xff");
    copied
}

#[test]
fn a_load_asks_for_the_types_and_sends_rows_in_the_binary_format() {
    let script = Script::install();
    script.answer(rows(&[TEXT, TEXT], &[]), 0);
    script.answer(rows(&[], &[]), 2);
    let cars = [
        create!(Car { name: "\\\t" }),
        create!(Car {
            name: None::<String>
        }),
    ];
    Car::objects().copy_in(cars, &mut db()).unwrap();
    assert_eq!(
        script.log(),
        [
            "BEGIN",
            "SELECT \"name\", \"kind\" FROM \"vehicles\" LIMIT 0",
            "COPY \"vehicles\" (\"name\", \"kind\") FROM STDIN (FORMAT binary)",
            "COMMIT"
        ]
    );
    assert_eq!(script.copied(), copied());
}

#[test]
fn values_stand_in_the_text_of_a_copy() {
    let script = Script::install();
    script.answer(rows(&[TEXT, TEXT], &[]), 0);
    script.answer_copy(copied());
    let cars = Car::objects().filter(Car::name.eq("it's $1 \\' \u{e9}") & Car::id.is_in([1, 2]));
    let cars = cars.limit(5).values((Car::name, crate::orm::value("car")));
    let cars: Vec<_> = cars
        .copy_out(&mut db())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let car = || "car".to_owned();
    assert_eq!(cars, [(Some("\\\t".to_owned()), car()), (None, car())]);
    let query = "SELECT \"name\", E'car'::text FROM \"vehicles\" \
                 WHERE (\"name\" = E'it''s $1 \\\\'' \u{e9}'::text AND \"id\" = ANY(E'{1,2}'::int8[])) \
                 AND \"kind\" = E'car'::text LIMIT E'5'::int8";
    assert_eq!(
        script.log(),
        [
            "BEGIN",
            &format!("SELECT * FROM ({query}) AS copied LIMIT 0"),
            &format!("COPY ({query}) TO STDOUT (FORMAT binary)"),
            "ROLLBACK"
        ]
    );
}

#[test]
fn a_copy_that_breaks_off_is_an_error() {
    for length in [0, HEADER.len(), copied().len() - 1] {
        let script = Script::install();
        script.answer(rows(&[TEXT], &[]), 0);
        script.answer_copy(copied()[..length].to_vec());
        let names = Car::objects().values(Car::name);
        let last = names.copy_out(&mut db()).unwrap().last();
        assert!(last.is_some_and(|row| row.is_err()), "{length}");
    }
}

#[test]
fn a_source_that_fails_sends_nothing() {
    let script = Script::install();
    script.answer(rows(&[TEXT, TEXT], &[]), 0);
    let cars = [
        Ok(create!(Car { name: "a" })),
        Err(crate::Error::other("no")),
    ];
    assert!(Car::objects().try_copy_in(cars, &mut db()).is_err());
    assert_eq!(script.log().last().map(String::as_str), Some("ROLLBACK"));
    assert_eq!(script.copied(), b"");
}
