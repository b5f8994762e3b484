mod interval;
mod network;
mod other;
mod range;
mod structured;
mod text;
mod time;

use std::fmt::Debug;

use bytes::BytesMut;

use super::*;
use crate::{Date, Decimal, Timestamp, Uuid};

fn encoded<T: ColumnType>(value: &T) -> Option<Vec<u8>> {
    let mut out = BytesMut::new();
    value.encode(&mut out).unwrap().then(|| out.to_vec())
}

fn decoded<T: ColumnType>(raw: Option<&[u8]>) -> Result<T, DecodeError> {
    // One that is not built in has some other number in each database.
    let oid = if T::SQL.oid == 0 { 16_500 } else { T::SQL.oid };
    let ty = type_of(oid);
    assert!(T::accepts(&ty), "{ty}");
    T::decode(&ty, raw)
}

/// What Postgres' own functions for sending give as `encode(…_send(…), 'hex')`.
fn hex<T: ColumnType>(value: &T) -> String {
    let bytes = encoded(value).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value survives, NULL survives in an `Option` and is an error outside,
/// and no part of the bytes is taken for the whole or panics.
fn round_trip<T: ColumnType + PartialEq + Debug + Clone>(values: &[T]) {
    for value in values {
        let bytes = encoded(value).unwrap();
        let read = decoded::<T>(Some(&bytes));
        assert_eq!(read.as_ref().ok(), Some(value), "{read:?}");
        assert_eq!(
            decoded::<Option<T>>(Some(&bytes)).unwrap().as_ref(),
            Some(value)
        );
        assert_eq!(encoded(&Some(value.clone())), Some(bytes));
    }
    assert_eq!(encoded(&None::<T>), None);
    assert_eq!(decoded::<Option<T>>(None).unwrap(), None);
    assert!(decoded::<T>(None).is_err());
}

fn round_trip_in_arrays<T: ColumnType + PartialEq + Debug + Clone>(values: &[T]) {
    round_trip(values);
    round_trip(&[Vec::new(), values.to_vec()]);
    let mut with_null: Vec<Option<T>> = values.iter().cloned().map(Some).collect();
    with_null.push(None);
    round_trip(&[with_null.clone()]);
    let bytes = encoded(&with_null).unwrap();
    assert!(
        decoded::<Vec<T>>(Some(&bytes)).is_err(),
        "NULL in an array of values"
    );
}

/// Types of a fixed size refuse every other.
fn refuses_other_sizes<T: ColumnType + Debug>(size: usize) {
    for length in (0..20).filter(|length| *length != size) {
        let error = decoded::<T>(Some(&vec![0; length])).unwrap_err();
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn numbers_and_truth() {
    round_trip_in_arrays(&[true, false]);
    round_trip_in_arrays(&[0_i16, i16::MIN, i16::MAX]);
    round_trip_in_arrays(&[0_i32, i32::MIN, i32::MAX]);
    round_trip_in_arrays(&[0_i64, i64::MIN, i64::MAX]);
    round_trip_in_arrays(&[0.0_f32, -1.5, f32::MAX, f32::INFINITY]);
    round_trip_in_arrays(&[0.0_f64, -1.5, f64::MIN_POSITIVE, f64::NEG_INFINITY]);
    let nan = encoded(&f64::NAN).unwrap();
    assert!(decoded::<f64>(Some(&nan)).unwrap().is_nan());
    refuses_other_sizes::<bool>(1);
    refuses_other_sizes::<i16>(2);
    refuses_other_sizes::<i32>(4);
    refuses_other_sizes::<i64>(8);
    refuses_other_sizes::<f32>(4);
    refuses_other_sizes::<f64>(8);
}

#[test]
fn text_and_bytes() {
    round_trip_in_arrays(&[String::new(), "it's %_\\ é 😀".into(), "x".repeat(70_000)]);
    round_trip(&[Vec::<u8>::new(), vec![0, 255, 7]]);
    assert!(decoded::<String>(Some(&[0xff, 0xfe])).is_err());
}

#[test]
fn uuids_and_json() {
    round_trip_in_arrays(&[Uuid::nil(), Uuid::max()]);
    refuses_other_sizes::<Uuid>(16);
    round_trip_in_arrays(&[serde_json::json!(null), serde_json::json!({"a": [1, "b"]})]);
    for broken in [&b""[..], b"\x01", b"\x02{}", b"\x01{", b"{}"] {
        assert!(
            decoded::<serde_json::Value>(Some(broken)).is_err(),
            "{broken:?}"
        );
    }
}

#[test]
fn times() {
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    round_trip_in_arrays(&[
        instant("2000-01-01T00:00:00Z"),
        instant("1969-12-31T23:59:59.999999Z"),
        instant("9999-12-30T00:00:00.000001Z"),
        instant("-009998-01-02T00:00:00Z"),
    ]);
    round_trip_in_arrays(&[
        Date::constant(2000, 1, 1),
        Date::constant(1999, 12, 31),
        Date::constant(2024, 2, 29),
        Date::MIN,
        Date::MAX,
    ]);
    refuses_other_sizes::<Timestamp>(8);
    refuses_other_sizes::<Date>(4);
}

#[test]
fn times_that_rust_cannot_hold_are_errors() {
    let timestamp = |micros: i64| decoded::<Timestamp>(Some(&micros.to_be_bytes()));
    let date = |days: i32| decoded::<Date>(Some(&days.to_be_bytes()));
    assert!(
        timestamp(i64::MAX)
            .unwrap_err()
            .to_string()
            .contains("`infinity`")
    );
    assert!(
        timestamp(i64::MIN)
            .unwrap_err()
            .to_string()
            .contains("`-infinity`")
    );
    assert!(
        timestamp(i64::MAX - 1)
            .unwrap_err()
            .to_string()
            .contains("outside the years")
    );
    assert!(
        date(i32::MAX)
            .unwrap_err()
            .to_string()
            .contains("`infinity`")
    );
    assert!(
        date(i32::MIN)
            .unwrap_err()
            .to_string()
            .contains("`-infinity`")
    );
    assert!(
        date(i32::MAX - 1)
            .unwrap_err()
            .to_string()
            .contains("outside the years")
    );
}

#[test]
fn what_is_finer_than_microseconds_is_cut_off() {
    let fine: Timestamp = "2024-01-01T00:00:00.123456789Z".parse().unwrap();
    let bytes = encoded(&fine).unwrap();
    let stored: Timestamp = decoded(Some(&bytes)).unwrap();
    assert_eq!(stored.to_string(), "2024-01-01T00:00:00.123456Z");
}

#[test]
fn decimals_keep_their_digits_and_their_scale() {
    let texts = [
        "0",
        "0.00",
        "1",
        "-1",
        "10000",
        "100000000",
        "19.99",
        "-0.0001",
        "0.00000001",
        "12345678901234567890.12345678",
        "79228162514264337593543950335",
        "-79228162514264337593543950335",
        "0.0000000000000000000000000001",
        "1.5000",
        "1000000000000000000000000000.0",
        "9999.9999",
        "7.9228162514264337593543950335",
    ];
    for text in texts {
        let value: Decimal = text.parse().unwrap();
        let bytes = encoded(&value).unwrap();
        assert_eq!(decoded::<Decimal>(Some(&bytes)).unwrap().to_string(), text);
    }
    round_trip_in_arrays(&[Decimal::ONE, Decimal::MAX, Decimal::MIN]);
}

/// A `numeric` as Postgres sends it.
fn numeric(weight: i16, sign: u16, scale: u16, groups: &[u16]) -> Vec<u8> {
    let count = u16::try_from(groups.len()).unwrap();
    let header = [count, weight.cast_unsigned(), sign, scale];
    header
        .iter()
        .chain(groups)
        .flat_map(|word| word.to_be_bytes())
        .collect()
}

#[test]
fn decimals_as_postgres_sends_them() {
    let cases = [
        (numeric(0, 0, 2, &[19, 9900]), "19.99"),
        (numeric(-1, 0x4000, 4, &[1]), "-0.0001"),
        (numeric(6, 0, 0, &[1]), "1000000000000000000000000"),
        (numeric(0, 0, 3, &[]), "0.000"),
        (numeric(0, 0, 40, &[5]), "5.0000000000000000000000000000"),
    ];
    for (bytes, text) in cases {
        assert_eq!(decoded::<Decimal>(Some(&bytes)).unwrap().to_string(), text);
    }
}

#[test]
fn decimals_with_too_many_digits_are_errors_and_no_rounding() {
    let beyond = [
        numeric(7, 0, 0, &[8]),
        numeric(11, 0, 0, &[1]),
        numeric(i16::MAX, 0, 0, &[1]),
        numeric(i16::MIN, 0, 0, &[1]),
        numeric(-8, 0, 32, &[1]),
        numeric(0, 0, 40, &[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ];
    for bytes in beyond {
        let error = decoded::<Decimal>(Some(&bytes)).unwrap_err();
        assert!(error.to_string().contains("digits"), "{error}");
    }
    for special in [0xC000, 0xD000, 0xF000] {
        assert!(decoded::<Decimal>(Some(&numeric(0, special, 0, &[]))).is_err());
    }
    for broken in [&[][..], &[0], &[0; 7], &[0, 1, 0, 0, 0, 0, 0, 0], &[0; 9]] {
        assert!(decoded::<Decimal>(Some(broken)).is_err(), "{broken:?}");
    }
}

#[test]
fn broken_arrays_are_errors() {
    let whole = encoded(&vec![1_i32, 2]).unwrap();
    for length in 0..whole.len() {
        assert!(
            decoded::<Vec<i32>>(Some(&whole[..length])).is_err(),
            "{length}"
        );
    }
    let mut longer = whole.clone();
    longer.push(0);
    assert!(decoded::<Vec<i32>>(Some(&longer)).is_err());
    // A count that would allocate gigabytes, a second dimension, another type.
    for (at, byte) in [(12, 0x7f), (3, 2), (11, 20)] {
        let mut broken = whole.clone();
        broken[at] = byte;
        assert!(decoded::<Vec<i32>>(Some(&broken)).is_err(), "{at}");
    }
    assert!(
        decoded::<Vec<i32>>(Some(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23]))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn garbage_never_panics() {
    // A small generator is enough: what matters is many different bytes.
    let mut seed = 7_u32;
    let mut bytes = Vec::new();
    for _ in 0..20_000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.push(seed.to_be_bytes()[0]);
        let tail = &bytes[bytes.len().saturating_sub(40)..];
        let raw = Some(tail);
        let small: Vec<u8> = tail.iter().map(|byte| byte & 0x11).collect();
        for raw in [raw, Some(&small[..])] {
            let _ = decoded::<Decimal>(raw);
            let _ = decoded::<Timestamp>(raw.map(|raw| &raw[..raw.len().min(8)]));
            let _ = decoded::<Date>(raw.map(|raw| &raw[..raw.len().min(4)]));
            let _ = decoded::<serde_json::Value>(raw);
            let _ = decoded::<Vec<String>>(raw);
            let _ = decoded::<Vec<Decimal>>(raw);
            let _ = decoded::<Vec<Uuid>>(raw);
            let _ = decoded::<crate::database::Inet>(raw);
            let _ = decoded::<crate::database::Cidr>(raw);
            let _ = decoded::<crate::database::BitString>(raw);
            let _ = decoded::<crate::database::Composite>(raw);
            let _ = decoded::<crate::database::Hstore>(raw);
            let _ = decoded::<crate::database::Range<Decimal>>(raw);
            let _ = decoded::<Vec<crate::database::Range<Date>>>(raw);
            let _ = decoded::<crate::http::Json<Vec<u8>>>(raw);
            let _ = decoded::<crate::Interval>(raw.map(|raw| &raw[..raw.len().min(16)]));
            let _ = decoded::<crate::database::TimeTz>(raw.map(|raw| &raw[..raw.len().min(12)]));
            let _ = decoded::<crate::DateTime>(raw.map(|raw| &raw[..raw.len().min(8)]));
            let _ = decoded::<crate::Time>(raw.map(|raw| &raw[..raw.len().min(8)]));
        }
    }
}

#[test]
fn types_are_named_as_in_create_table() {
    assert_eq!(<Vec<String>>::SQL.to_string(), "text[]");
    assert_eq!(<Option<Timestamp>>::SQL.to_string(), "timestamptz");
    assert_eq!(<Vec<Decimal>>::SQL.oid, 1231);
}
