use jiff::civil::{datetime, time};
use jiff::tz::Offset;

use super::*;
use crate::database::TimeTz;
use crate::{DateTime, Time};

#[test]
fn timestamps_without_a_zone() {
    round_trip_in_arrays(&[
        datetime(2000, 1, 1, 0, 0, 0, 0),
        datetime(1999, 12, 31, 23, 59, 59, 999_999_000),
        datetime(9999, 12, 31, 23, 59, 59, 999_999_000),
        datetime(1, 1, 1, 0, 0, 0, 0),
        // 4714 BC, the first that Postgres knows, and the first that jiff does.
        datetime(-4713, 11, 24, 0, 0, 0, 0),
        DateTime::MIN,
    ]);
    refuses_other_sizes::<DateTime>(8);
    let decode = |micros: i64| decoded::<DateTime>(Some(&micros.to_be_bytes())).unwrap_err();
    assert!(decode(i64::MAX).to_string().contains("`infinity`"));
    assert!(decode(i64::MIN).to_string().contains("`-infinity`"));
    assert!(decode(i64::MAX - 1).to_string().contains("outside"));
    assert!(decode(i64::MIN + 1).to_string().contains("outside"));
}

#[test]
fn what_is_finer_is_cut_off_on_both_sides_of_an_epoch() {
    let stored = |value: DateTime| decoded::<DateTime>(Some(&encoded(&value).unwrap())).unwrap();
    for year in [-1, 1969, 1999, 2000, 2024] {
        let fine = datetime(year, 12, 31, 23, 59, 59, 999_999_999);
        let coarse = datetime(year, 12, 31, 23, 59, 59, 999_999_000);
        assert_eq!(stored(fine), coarse);
        let instant = fine.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        let read: Timestamp = decoded(Some(&encoded(&instant).unwrap())).unwrap();
        assert_eq!(read.as_microsecond(), {
            let coarse = coarse.to_zoned(jiff::tz::TimeZone::UTC).unwrap();
            coarse.timestamp().as_microsecond()
        });
    }
    let fine = time(23, 59, 59, 999_999_999);
    let read: Time = decoded(Some(&encoded(&fine).unwrap())).unwrap();
    assert_eq!(read, time(23, 59, 59, 999_999_000));
}

#[test]
fn times_of_day() {
    round_trip_in_arrays(&[
        Time::midnight(),
        time(23, 59, 59, 999_999_000),
        time(4, 5, 6, 789_012_000),
    ]);
    refuses_other_sizes::<Time>(8);
    // The last hour of the day, as `time_send('24:00')` gives it.
    let error = decoded::<Time>(Some(&86_400_000_000_i64.to_be_bytes())).unwrap_err();
    assert!(error.to_string().contains("24:00:00"), "{error}");
    for micros in [-1, 86_400_000_001, i64::MAX, i64::MIN] {
        assert!(decoded::<Time>(Some(&micros.to_be_bytes())).is_err());
    }
}

#[test]
fn times_of_day_with_an_offset() {
    let at = |seconds: i32| TimeTz {
        time: time(4, 5, 6, 500_000_000),
        offset: Offset::from_seconds(seconds).unwrap(),
    };
    round_trip_in_arrays(&[at(0), at(19_800), at(-57_599), at(57_599)]);
    refuses_other_sizes::<TimeTz>(12);
    assert_eq!(hex(&at(19_800)), "000000036c9361a0ffffb2a8");
    for (seconds, text) in [
        (0, "04:05:06.5+00"),
        (19_800, "04:05:06.5+05:30"),
        (-57_599, "04:05:06.5-15:59:59"),
    ] {
        assert_eq!(at(seconds).to_string(), text);
        assert_eq!(text.parse::<TimeTz>().unwrap(), at(seconds));
    }
    assert_eq!("04:05:06.5Z".parse::<TimeTz>().unwrap(), at(0));
    for text in [
        "",
        "04:05",
        "04:05+",
        "04:05+5",
        "04:05+05:60",
        "04:05+05:30:15:1",
        "04:05+99",
        "+05",
        "04:05+é1",
    ] {
        assert!(text.parse::<TimeTz>().is_err(), "{text}");
    }
    let mut raw = encoded(&at(0)).unwrap();
    for west in [i32::MIN, i32::MAX, 100_000] {
        raw[8..].copy_from_slice(&west.to_be_bytes());
        assert!(decoded::<TimeTz>(Some(&raw)).is_err(), "{west}");
    }
}
