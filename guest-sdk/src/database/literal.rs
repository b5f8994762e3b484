//! Values as Postgres' literals, for reading: `'2024-01-01'::date`.

use std::fmt::{self, Write as _};

use postgres_types::{Kind, Oid, Type};

use super::Cells;
use super::column_type::{
    BitString, Cidr, ColumnType, DecodeError, Inet, Interval, MacAddr, Money, PgLsn, TimeTz,
    array_cells, range_bounds, type_of,
};
use crate::{Date, DateTime, Decimal, Time, Timestamp, Uuid};

/// A parameter as a literal that means the same; `None` is NULL.
///
/// What is not built into Postgres and no text, or is malformed, is shown by its
/// bytes, with a comment that tells its type.
pub(super) fn literal(oid: Oid, raw: Option<&[u8]>) -> String {
    let Some(raw) = raw else {
        return "NULL".to_owned();
    };
    let ty = type_of(oid);
    match text_of(&ty, raw) {
        Ok(text) => quoted_as(&ty, text),
        Err(_) => format!("'{}' /* type {oid} */", hex(raw)),
    }
}

/// Parameters as expressions that have just the same values and types, for
/// statements that take no parameters and are executed.
///
/// # Errors
///
/// For a type whose text depends on settings of the session, or that is not
/// known here.
pub(crate) fn exact_literals(types: &[Oid], bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
    let mut cells = Cells::new(bytes);
    let types = types.iter();
    types
        .map(|oid| exact_literal(*oid, cells.next_cell()?))
        .collect()
}

fn exact_literal(oid: Oid, raw: Option<&[u8]>) -> Result<String, DecodeError> {
    let ty = type_of(oid);
    let (element, brackets) = match ty.kind() {
        Kind::Array(element) => (element, "[]"),
        _ => (&ty, ""),
    };
    if !EXACT.contains(&element.oid()) {
        return Err(DecodeError::from(
            "a value of its type cannot stand in the text of a statement",
        ));
    }
    let name = element.name();
    let Some(raw) = raw else {
        return Ok(format!("NULL::{name}{brackets}"));
    };
    let text = text_of(&ty, raw)?;
    if text.contains('\0') {
        return Err(DecodeError::from("a text in Postgres has no U+0000"));
    }
    // As an escape string: what that means depends on no setting.
    let text = text.replace('\\', "\\\\").replace('\'', "''");
    Ok(format!("E'{text}'::{name}{brackets}"))
}

/// The types whose text Postgres reads as the same value, whatever the settings
/// of the session. Not `money`, which is in the currency of a setting.
const EXACT: [Oid; 31] = [
    BOOL, BYTEA, INT8, INT2, INT4, TEXT, JSON, 650, 700, 701, 829, 869, 1043, 1082, 1083, 1114,
    1184, 1186, 1266, 1560, 1562, NUMERIC, 2950, 3220, JSONB, 3904, 3906, 3908, 3910, 3912, 3926,
];

fn quoted_as(ty: &Type, text: String) -> String {
    let is_negative = text.starts_with('-');
    match ty.oid() {
        BOOL => text,
        // Two minus signs, one behind the other, would be a comment.
        INT2 | INT4 | INT8 if !is_negative => text,
        NUMERIC if !is_negative && text.contains('.') => text,
        TEXT | UNKNOWN | 0 => quoted(&text),
        _ => match ty.kind() {
            Kind::Array(element) => format!("{}::{}[]", quoted(&text), element.name()),
            _ => format!("{}::{}", quoted(&text), ty.name()),
        },
    }
}

/// Between single quotes, those in it doubled: as `standard_conforming_strings`,
/// which has been on since version 9.1, wants it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

const BOOL: Oid = 16;
const BYTEA: Oid = 17;
const INT8: Oid = 20;
const INT2: Oid = 21;
const INT4: Oid = 23;
const TEXT: Oid = 25;
const JSON: Oid = 114;
const UNKNOWN: Oid = 705;
const NUMERIC: Oid = 1700;
const JSONB: Oid = 3802;

/// The value as Postgres would print it, up to spaces and zeros.
fn text_of(ty: &Type, raw: &[u8]) -> Result<String, DecodeError> {
    match ty.kind() {
        Kind::Array(element) => return array(element, raw),
        Kind::Range(element) => return range(element, raw),
        _ => {}
    }
    match ty.oid() {
        BOOL => show::<bool>(ty, raw).map(|text| text.to_uppercase()),
        BYTEA => Ok(hex(raw)),
        INT2 => show::<i16>(ty, raw),
        INT4 => show::<i32>(ty, raw),
        INT8 => show::<i64>(ty, raw),
        700 => read::<f32>(ty, raw).map(|value| float(&format!("{value:?}"))),
        701 => read::<f64>(ty, raw).map(|value| float(&format!("{value:?}"))),
        NUMERIC => show::<Decimal>(ty, raw),
        JSON => utf8(raw),
        JSONB => match raw.split_first() {
            Some((1, text)) => utf8(text),
            _ => Err(DecodeError::from("its bytes are no `jsonb`")),
        },
        829 => show::<MacAddr>(ty, raw),
        650 => show::<Cidr>(ty, raw),
        869 => show::<Inet>(ty, raw),
        // How many digits stand behind the point is the database's; most have
        // two.
        790 => read::<Money>(ty, raw).map(|money| money.to_decimal(2).to_string()),
        1082 => read::<Date>(ty, raw).map(|date| with_era(date, "")),
        1083 => show::<Time>(ty, raw),
        1114 => read::<DateTime>(ty, raw).map(|at| with_era(at.date(), &format!(" {}", at.time()))),
        1184 => read::<Timestamp>(ty, raw).map(|at| {
            let at = jiff::tz::Offset::UTC.to_datetime(at);
            with_era(at.date(), &format!(" {}+00", at.time()))
        }),
        1186 => show::<Interval>(ty, raw),
        1266 => show::<TimeTz>(ty, raw),
        1560 | 1562 => show::<BitString>(ty, raw),
        2950 => show::<Uuid>(ty, raw),
        3220 => show::<PgLsn>(ty, raw),
        0 => read::<String>(&type_of(Oid::MAX), raw),
        _ if String::accepts(ty) => read::<String>(ty, raw),
        _ => Err(DecodeError::from("its type is not known")),
    }
}

fn read<T: ColumnType>(ty: &Type, raw: &[u8]) -> Result<T, DecodeError> {
    T::decode(ty, Some(raw))
}

fn show<T: ColumnType + fmt::Display>(ty: &Type, raw: &[u8]) -> Result<String, DecodeError> {
    read::<T>(ty, raw).map(|value| value.to_string())
}

fn utf8(raw: &[u8]) -> Result<String, DecodeError> {
    let text = std::str::from_utf8(raw);
    text.map(str::to_owned)
        .map_err(|_| DecodeError::from("its bytes are no UTF-8"))
}

fn hex(raw: &[u8]) -> String {
    let mut text = String::from("\\x");
    for byte in raw {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Postgres spells infinity out.
fn float(text: &str) -> String {
    text.replace("inf", "Infinity")
}

/// Years before 1 count backwards from 1 BC, with the era behind the time.
fn with_era(date: Date, time: &str) -> String {
    let (year, era) = match i32::from(date.year()) {
        year @ 1.. => (year, ""),
        year => (1 - year, " BC"),
    };
    let (month, day) = (date.month(), date.day());
    format!("{year:04}-{month:02}-{day:02}{time}{era}")
}

fn array(element: &Type, raw: &[u8]) -> Result<String, DecodeError> {
    let (count, mut cells) = array_cells(element, raw)?;
    let mut text = String::from("{");
    for index in 0..count {
        text.push_str(if index == 0 { "" } else { "," });
        match cells.next_cell()? {
            Some(raw) => member(&text_of(element, raw)?, &mut text),
            None => text.push_str("NULL"),
        }
    }
    text.push('}');
    Ok(text)
}

fn range(element: &Type, raw: &[u8]) -> Result<String, DecodeError> {
    let Some(bounds) = range_bounds(raw)? else {
        return Ok("empty".to_owned());
    };
    let mut text = String::from(if bounds.is_lower_inclusive { "[" } else { "(" });
    if let Some(raw) = bounds.lower {
        member(&text_of(element, raw)?, &mut text);
    }
    text.push(',');
    if let Some(raw) = bounds.upper {
        member(&text_of(element, raw)?, &mut text);
    }
    text.push(if bounds.is_upper_inclusive { ']' } else { ')' });
    Ok(text)
}

/// One value within many: between double quotes unless it is a plain word.
fn member(value: &str, text: &mut String) {
    let is_plain = !value.is_empty()
        && !value.eq_ignore_ascii_case("null")
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.:".contains(&byte));
    if is_plain {
        text.push_str(value);
        return;
    }
    text.push('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
}
