use jiff::{SignedDuration, Span, ToSpan as _};

use super::*;
use crate::Interval;

fn interval(months: i32, days: i32, microseconds: i64) -> Interval {
    Interval {
        months,
        days,
        microseconds,
    }
}

#[test]
fn intervals_survive_with_their_signs_apart() {
    round_trip_in_arrays(&[
        Interval::default(),
        interval(14, -3, 14_706_789_012),
        interval(-1, 1, -1),
        interval(i32::MAX, i32::MAX, i64::MAX - 1),
        interval(i32::MIN, i32::MIN, i64::MIN + 1),
    ]);
    refuses_other_sizes::<Interval>(16);
}

#[test]
fn an_interval_is_as_postgres_sends_it() {
    let value = interval(14, -3, 14_706_789_012);
    assert_eq!(hex(&value), "000000036c97ca94fffffffd0000000e");
}

#[test]
fn infinite_intervals_are_errors_both_ways() {
    for (value, sign) in [
        (interval(i32::MAX, i32::MAX, i64::MAX), "`infinity`"),
        (interval(i32::MIN, i32::MIN, i64::MIN), "`-infinity`"),
    ] {
        assert!(value.encode(&mut BytesMut::new()).is_err());
        let mut raw = value.microseconds.to_be_bytes().to_vec();
        raw.extend(value.days.to_be_bytes());
        raw.extend(value.months.to_be_bytes());
        let error = decoded::<Interval>(Some(&raw)).unwrap_err();
        assert!(error.to_string().contains(sign), "{error}");
    }
}

#[test]
fn intervals_print_as_iso_8601_and_parse_again() {
    for (value, text) in [
        (Interval::default(), "PT0S"),
        (
            Interval::years(1) + Interval::months(2) + Interval::weeks(1),
            "P1Y2M7D",
        ),
        (
            Interval::hours(4) + Interval::minutes(5) + Interval::seconds(6),
            "PT4H5M6S",
        ),
        (Interval::microseconds(-500_000), "PT-0.5S"),
        (Interval::microseconds(1), "PT0.000001S"),
        (interval(-13, 5, -90_000_001), "P-1Y-1M5DT-1M-30.000001S"),
        (
            interval(i32::MIN, i32::MIN, i64::MIN),
            "P-178956970Y-8M-2147483648DT-2562047788H-54.775808S",
        ),
        (
            interval(i32::MAX, i32::MAX, i64::MAX),
            "P178956970Y7M2147483647DT2562047788H54.775807S",
        ),
    ] {
        assert_eq!(value.to_string(), text);
        assert_eq!(text.parse::<Interval>().unwrap(), value, "{text}");
        let json = serde_json::to_value(value).unwrap();
        assert_eq!(serde_json::from_value::<Interval>(json).unwrap(), value);
    }
    assert_eq!(
        "2 weeks 3h".parse::<Interval>().unwrap(),
        interval(0, 14, 10_800_000_000)
    );
}

#[test]
fn what_is_no_interval_is_refused() {
    for text in [
        "",
        "P",
        "PT",
        "P1",
        "P1H",
        "PT1D",
        "P1D1M",
        "PT.5S",
        "PT1.S",
        "PT1.1234567890S",
        "P99999999999Y",
        "PT9223372036854775807H",
        "P1YT",
        "P--1D",
        "P١D",
        "yesterday",
    ] {
        assert!(text.parse::<Interval>().is_err(), "{text}");
    }
}

#[test]
fn intervals_become_spans_and_durations_where_they_fit() {
    let span: Span = interval(14, 3, 5).try_into().unwrap();
    assert_eq!(
        span.fieldwise(),
        14.months().days(3).microseconds(5).fieldwise()
    );
    assert_eq!(Interval::try_from(span).unwrap(), interval(14, 3, 5));
    let mixed = 1
        .year()
        .months(2)
        .weeks(1)
        .days(3)
        .hours(1)
        .nanoseconds(1999);
    assert_eq!(
        Interval::try_from(mixed).unwrap(),
        interval(14, 10, 3_600_000_001)
    );
    assert!(Span::try_from(interval(1, -1, 0)).is_err());
    assert!(Span::try_from(interval(i32::MAX, 0, 0)).is_err());

    let duration = SignedDuration::from_secs(86_400);
    assert_eq!(
        SignedDuration::try_from(Interval::days(1)).unwrap(),
        duration
    );
    assert!(SignedDuration::try_from(Interval::months(1)).is_err());
    assert_eq!(
        Interval::try_from(duration).unwrap(),
        interval(0, 0, 86_400_000_000)
    );
    assert!(Interval::try_from(SignedDuration::MAX).is_err());
    assert!(SignedDuration::try_from(interval(0, i32::MIN, i64::MIN)).is_ok());
}

#[test]
fn units_end_at_the_most_that_there_is() {
    assert_eq!(Interval::years(i32::MAX).months, i32::MAX);
    assert_eq!(Interval::hours(i64::MIN).microseconds, i64::MIN);
    assert_eq!((-Interval::days(i32::MIN)).days, i32::MAX);
    assert_eq!(
        (Interval::days(i32::MIN) - Interval::days(1)).days,
        i32::MIN
    );
}
