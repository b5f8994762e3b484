use std::ops::Bound;

use super::*;
use crate::DateTime;
use crate::database::{Range, RangeElement};

fn survives<T: RangeElement + PartialEq + Debug + Clone>(low: T, high: T) {
    round_trip_in_arrays(&[
        Range::empty(),
        Range::new(..),
        Range::new(low.clone()..),
        Range::new(..high.clone()),
        Range::new(..=high.clone()),
        Range::new(low.clone()..high.clone()),
        Range::new(low.clone()..=high.clone()),
        Range::new((Bound::Excluded(low), Bound::Included(high))),
    ]);
}

#[test]
fn ranges_survive() {
    survives(i32::MIN, i32::MAX);
    survives(i64::MIN, i64::MAX);
    survives(Decimal::MIN, "2.250".parse().unwrap());
    survives(Date::MIN, Date::MAX);
    survives(
        DateTime::MIN,
        DateTime::constant(2024, 2, 29, 1, 2, 3, 4000),
    );
    survives(
        Timestamp::UNIX_EPOCH,
        "2024-02-29T01:02:03Z".parse().unwrap(),
    );
}

#[test]
fn ranges_are_as_postgres_sends_them() {
    assert_eq!(hex(&Range::new(1..5)), "0200000004000000010000000400000005");
    assert_eq!(hex(&Range::<i32>::new(..)), "18");
    assert_eq!(hex(&Range::<i32>::empty()), "01");
    assert_eq!(
        hex(&Range::new("1.5".parse::<Decimal>().unwrap().."2.25".parse().unwrap()).clone()),
        hex(&Range::new(Decimal::new(15, 1)..Decimal::new(225, 2)))
    );
    assert_eq!(
        hex(&Range::new(Decimal::new(15, 1)..=Decimal::new(225, 2))),
        "060000000c0002000000000001000113880000000c0002000000000002000209c4"
    );
    assert_eq!(
        hex(&Range::new(Date::constant(2024, 1, 1)..)),
        "12000000040000223e"
    );
}

#[test]
fn broken_ranges_are_errors() {
    let whole = encoded(&Range::new(1..5)).unwrap();
    for length in 0..whole.len() {
        assert!(decoded::<Range<i32>>(Some(&whole[..length])).is_err());
    }
    let mut longer = whole.clone();
    longer.push(0);
    assert!(decoded::<Range<i32>>(Some(&longer)).is_err());
    for flags in [0x03, 0x20, 0x40, 0x80, 0xff] {
        let mut broken = whole.clone();
        broken[0] = flags;
        assert!(decoded::<Range<i32>>(Some(&broken)).is_err(), "{flags}");
    }
    for broken in [
        &[0x01, 0][..],
        &[0x18, 0],
        &[0x10, 255, 255, 255, 255],
        &[0x10, 127, 255, 255, 255],
    ] {
        assert!(decoded::<Range<i32>>(Some(broken)).is_err(), "{broken:?}");
    }
    // `[infinity,)` of dates.
    let infinite = [&[0x12, 0, 0, 0, 4][..], &i32::MAX.to_be_bytes()].concat();
    let error = decoded::<Range<Date>>(Some(&infinite)).unwrap_err();
    assert!(error.to_string().contains("`infinity`"), "{error}");
    assert!(!Range::<i32>::accepts(&Type::INT8_RANGE));
}

#[test]
fn ranges_know_what_is_in_them() {
    let range = Range::new(1..5);
    assert!(range.contains(&1) && !range.contains(&5));
    assert!(!Range::empty().contains(&1));
    assert_eq!(
        (range.lower(), range.upper()),
        (Bound::Included(&1), Bound::Excluded(&5))
    );
    assert_eq!(Range::<i32>::empty().lower(), Bound::Unbounded);
}

#[test]
fn ranges_as_text_and_json() {
    for (range, text, json) in [
        (
            Range::new(1..5),
            "[1,5)",
            r#"{"lower":1,"upper":5,"bounds":"[)"}"#,
        ),
        (
            Range::new(..=5),
            "(,5]",
            r#"{"lower":null,"upper":5,"bounds":"(]"}"#,
        ),
        (Range::empty(), "empty", r#"{"empty":true}"#),
        (
            Range::new(..),
            "(,)",
            r#"{"lower":null,"upper":null,"bounds":"()"}"#,
        ),
    ] {
        assert_eq!(range.to_string(), text);
        assert_eq!(serde_json::to_string(&range).unwrap(), json);
        assert_eq!(serde_json::from_str::<Range<i32>>(json).unwrap(), range);
    }
    for json in [
        r#"{"empty":false}"#,
        r#"{"lower":1,"upper":5,"bounds":"<)"}"#,
        r#"{"lower":"x","upper":5,"bounds":"[)"}"#,
        "{}",
        "[1,5]",
        "null",
    ] {
        assert!(serde_json::from_str::<Range<i32>>(json).is_err(), "{json}");
    }
}
