//! Instants, dates, times of day and spans of time, as ISO 8601 has them.
//!
//! Postgres counts from the year 2000 and from midnight. What lies outside the
//! years 0 to 9999 has a sign and six digits or more; what has no end is
//! `infinity`, as Postgres' own JSON has it.

use std::io::Write;

use super::{Malformed, Short, integer, quoted, take};

const US_A_SECOND: i64 = 1_000_000;
const US_A_MINUTE: i64 = 60 * US_A_SECOND;
const US_AN_HOUR: i64 = 60 * US_A_MINUTE;
const US_A_DAY: i64 = 24 * US_AN_HOUR;

/// Writes a `date`.
pub(super) fn date(days: i32, out: &mut Vec<u8>) -> Short {
    if days == i32::MAX || days == i32::MIN {
        return infinity(days > 0, out);
    }
    out.push(b'"');
    push_date(days.into(), out);
    out.push(b'"');
    Ok(())
}

/// Writes a `timestamp` or, with `Z` for its suffix, a `timestamptz`.
pub(super) fn timestamp(micros: i64, suffix: &str, out: &mut Vec<u8>) -> Short {
    if micros == i64::MAX || micros == i64::MIN {
        return infinity(micros > 0, out);
    }
    out.push(b'"');
    push_date(micros.div_euclid(US_A_DAY), out);
    out.push(b'T');
    push_time(micros.rem_euclid(US_A_DAY), out);
    out.extend_from_slice(suffix.as_bytes());
    out.push(b'"');
    Ok(())
}

/// Writes a `time`.
pub(super) fn time(micros: i64, out: &mut Vec<u8>) -> Short {
    check_time(micros)?;
    out.push(b'"');
    push_time(micros, out);
    out.push(b'"');
    Ok(())
}

/// Writes a `timetz`.
pub(super) fn time_tz(mut raw: &[u8], out: &mut Vec<u8>) -> Short {
    let micros = i64::from_be_bytes(take(&mut raw)?);
    let west = i32::from_be_bytes(take(&mut raw)?);
    check_time(micros)?;
    if !raw.is_empty() {
        return Err(Malformed);
    }
    out.push(b'"');
    push_time(micros, out);
    // Postgres counts westwards.
    out.push(if west > 0 { b'-' } else { b'+' });
    push_offset(west.unsigned_abs(), out)?;
    out.push(b'"');
    Ok(())
}

/// Writes an `interval`: `P1Y2M3DT4H5M6.5S`.
pub(super) fn interval(mut raw: &[u8], out: &mut Vec<u8>) -> Short {
    let micros = i64::from_be_bytes(take(&mut raw)?);
    let days = i32::from_be_bytes(take(&mut raw)?);
    let months = i32::from_be_bytes(take(&mut raw)?);
    if !raw.is_empty() {
        return Err(Malformed);
    }
    match (months, days, micros) {
        (i32::MAX, i32::MAX, i64::MAX) => return infinity(true, out),
        (i32::MIN, i32::MIN, i64::MIN) => return infinity(false, out),
        _ => {}
    }
    out.extend_from_slice(b"\"P");
    push_part((months / 12).into(), b'Y', out)?;
    push_part((months % 12).into(), b'M', out)?;
    push_part(days.into(), b'D', out)?;
    if micros != 0 {
        out.push(b'T');
        push_part(micros / US_AN_HOUR, b'H', out)?;
        push_part(micros % US_AN_HOUR / US_A_MINUTE, b'M', out)?;
        push_seconds(micros % US_A_MINUTE, out)?;
    } else if months == 0 && days == 0 {
        out.extend_from_slice(b"T0S");
    }
    out.push(b'"');
    Ok(())
}

fn infinity(is_future: bool, out: &mut Vec<u8>) -> Short {
    let sign = if is_future { "" } else { "-" };
    quoted(format_args!("{sign}infinity"), out)
}

/// A day ends at `24:00:00`, which is a time of its own in Postgres.
fn check_time(micros: i64) -> Short {
    let is_time = (0..=US_A_DAY).contains(&micros);
    if is_time { Ok(()) } else { Err(Malformed) }
}

/// Days since 2000-01-01 in the calendar of today, however long ago.
///
/// See <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>:
/// years begin in March, so that the day of leap years is their last.
fn push_date(days: i64, out: &mut Vec<u8>) {
    const DAYS_FROM_YEAR_0: i64 = 730_425;
    const DAYS_IN_400_YEARS: i64 = 146_097;
    let days = days + DAYS_FROM_YEAR_0;
    let era = days.div_euclid(DAYS_IN_400_YEARS);
    let day_of_era = days.rem_euclid(DAYS_IN_400_YEARS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    push_year(year, out);
    out.push(b'-');
    push_two(month, out);
    out.push(b'-');
    push_two(day, out);
}

fn push_year(year: i64, out: &mut Vec<u8>) {
    if (0..=9999).contains(&year) {
        push_two(year / 100, out);
        return push_two(year % 100, out);
    }
    out.push(if year < 0 { b'-' } else { b'+' });
    let year = year.abs();
    if year >= 1_000_000 {
        out.extend_from_slice(itoa::Buffer::new().format(year / 1_000_000).as_bytes());
    }
    push_two(year / 10_000, out);
    push_two(year / 100 % 100, out);
    push_two(year % 100, out);
}

fn push_time(micros: i64, out: &mut Vec<u8>) {
    push_two(micros / US_AN_HOUR, out);
    out.push(b':');
    push_two(micros / US_A_MINUTE % 60, out);
    out.push(b':');
    push_two(micros / US_A_SECOND % 60, out);
    push_fraction(micros % US_A_SECOND, out);
}

/// The digits behind the point, as many as there are.
fn push_fraction(micros: i64, out: &mut Vec<u8>) {
    if micros == 0 {
        return;
    }
    out.push(b'.');
    push_two(micros / 10_000, out);
    push_two(micros / 100 % 100, out);
    push_two(micros % 100, out);
    while out.last() == Some(&b'0') {
        out.pop();
    }
}

fn push_two(number: i64, out: &mut Vec<u8>) {
    let digit = |number: i64| b'0' + u8::try_from(number % 10).unwrap_or_default();
    out.extend_from_slice(&[digit(number / 10), digit(number)]);
}

fn push_offset(seconds: u32, out: &mut Vec<u8>) -> Short {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (minutes, seconds) {
        (0, 0) => write!(out, "{hours:02}"),
        (_, 0) => write!(out, "{hours:02}:{minutes:02}"),
        _ => write!(out, "{hours:02}:{minutes:02}:{seconds:02}"),
    }
    .map_err(|_| Malformed)
}

fn push_part(count: i64, unit: u8, out: &mut Vec<u8>) -> Short {
    if count != 0 {
        integer(count, out)?;
        out.push(unit);
    }
    Ok(())
}

fn push_seconds(micros: i64, out: &mut Vec<u8>) -> Short {
    if micros == 0 {
        return Ok(());
    }
    if micros < 0 {
        out.push(b'-');
    }
    integer(micros.abs() / US_A_SECOND, out)?;
    push_fraction(micros.abs() % US_A_SECOND, out);
    out.push(b'S');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>) -> Short) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("well formed");
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn dates_go_as_far_as_postgres() {
        for (days, expected) in [
            (0, "2000-01-01"),
            (59, "2000-02-29"),
            (366, "2001-01-01"),
            (-1, "1999-12-31"),
            (-730_119, "0001-01-01"),
            (-730_120, "0000-12-31"),
            (-2_451_545, "-004713-11-24"),
            (2_921_940, "+010000-01-01"),
            (-2_451_507, "-004712-01-01"),
            (106_751_991, "+294277-01-09"),
            (364_512_014, "+999999-12-31"),
            (364_512_015, "+1000000-01-01"),
            (2_145_031_948, "+5874897-12-31"),
            (i32::MAX, "infinity"),
            (i32::MIN, "-infinity"),
        ] {
            assert_eq!(text(|out| date(days, out)), format!("\"{expected}\""));
        }
    }

    #[test]
    fn instants_go_as_far_as_postgres() {
        for (micros, expected) in [
            (9_223_371_331_199_999_999, "+294276-12-31T23:59:59.999999Z"),
            (-211_813_488_000_000_000, "-004713-11-24T00:00:00Z"),
        ] {
            let text = text(|out| timestamp(micros, "Z", out));
            assert_eq!(text, format!("\"{expected}\""));
        }
    }

    /// Byte for byte what the SDK's types are with serde, of which they hold the
    /// years -9999 to 9999.
    #[test]
    fn every_year_has_as_many_digits_as_it_needs() {
        for year in (-9_999..=9_999_999_i64).step_by(997) {
            let mut out = Vec::new();
            push_year(year, &mut out);
            let expected = match year {
                0..=9_999 => format!("{year:04}"),
                10_000.. => format!("+{year:06}"),
                _ => format!("-{:06}", -year),
            };
            assert_eq!(out, expected.as_bytes());
        }
    }

    #[test]
    fn a_span_without_end_is_not_a_long_one() {
        let raw = |micros: i64, days: i32, months: i32| {
            let (micros, days, months) = (
                micros.to_be_bytes(),
                days.to_be_bytes(),
                months.to_be_bytes(),
            );
            [&micros[..], &days, &months].concat()
        };
        for (raw, expected) in [
            (raw(i64::MAX, i32::MAX, i32::MAX), "infinity"),
            (raw(i64::MIN, i32::MIN, i32::MIN), "-infinity"),
            (raw(0, i32::MAX, i32::MAX), "P178956970Y7M2147483647D"),
            (raw(1_500_000, 0, 14), "P1Y2MT1.5S"),
        ] {
            assert_eq!(text(|out| interval(&raw, out)), format!("\"{expected}\""));
        }
    }

    #[test]
    fn fractions_of_seconds_have_no_zeros_at_the_end() {
        assert_eq!(text(|out| time(0, out)), "\"00:00:00\"");
        assert_eq!(text(|out| time(500_000, out)), "\"00:00:00.5\"");
        assert_eq!(text(|out| time(1, out)), "\"00:00:00.000001\"");
        assert_eq!(text(|out| time(US_A_DAY, out)), "\"24:00:00\"");
        assert_eq!(time(US_A_DAY + 1, &mut Vec::new()), Err(Malformed));
    }

    #[test]
    fn instants_before_the_year_2000_count_backwards() {
        let before = "\"1999-12-31T23:59:59.999999Z\"";
        assert_eq!(text(|out| timestamp(-1, "Z", out)), before);
        assert_eq!(text(|out| timestamp(i64::MAX, "Z", out)), "\"infinity\"");
    }
}
