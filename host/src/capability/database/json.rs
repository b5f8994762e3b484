//! JSON out of Postgres' binary values, by their type.
//!
//! What is written is what the SDK's types give with serde, so that a plugin can
//! leave its rows to the host without a client noticing; a test compares the two
//! (`tests/http/replies.rs`).
//! See <https://www.postgresql.org/docs/current/protocol-overview.html> for the
//! format codes, and the `…send` functions of Postgres for the formats.

use std::io::Write;
use std::net::IpAddr;

use tokio_postgres::types::{Kind, Type};

mod document;
mod number;
mod out;
mod text;
mod time;

pub(super) use out::Out;

use text::string;

/// How the values of a type are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    Char,
    Json,
    Jsonb,
    Bytes,
    Uuid,
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Interval,
    Inet,
    Cidr,
    MacAddr,
    Bits,
    LogPosition,
    Hstore,
    Range(Box<Form>),
    Array(Box<Form>),
}

/// A value's bytes are not what its type has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Why a value was not written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unwritten {
    Malformed,
    /// There is no room for it.
    Full,
}

impl From<Malformed> for Unwritten {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

pub(super) type Written = Result<(), Unwritten>;

/// What came of a text that is never long.
type Short = Result<(), Malformed>;

/// Postgres' own limit, `MAXDIM`.
const DIMENSIONS_MAX: u32 = 6;

impl Form {
    /// The form of a type that is the same in each database, if it can be written.
    pub(super) fn of(ty: &Type) -> Option<Self> {
        let nested = |ty| Self::of(ty).map(Box::new);
        match ty.kind() {
            Kind::Simple => Self::of_simple(ty),
            Kind::Array(element) => nested(element).map(Self::Array),
            Kind::Range(element) => nested(element).map(Self::Range),
            _ => None,
        }
    }

    fn of_simple(ty: &Type) -> Option<Self> {
        Some(match *ty {
            Type::BOOL => Self::Bool,
            Type::INT2 => Self::Int2,
            Type::INT4 => Self::Int4,
            // An amount of money is a number of cents.
            Type::INT8 | Type::MONEY => Self::Int8,
            Type::OID => Self::Oid,
            Type::FLOAT4 => Self::Float4,
            Type::FLOAT8 => Self::Float8,
            Type::NUMERIC => Self::Numeric,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::XML | Type::UNKNOWN => {
                Self::Text
            }
            Type::CHAR => Self::Char,
            Type::JSON => Self::Json,
            Type::JSONB => Self::Jsonb,
            Type::BYTEA => Self::Bytes,
            Type::UUID => Self::Uuid,
            Type::DATE => Self::Date,
            Type::TIME => Self::Time,
            Type::TIMETZ => Self::TimeTz,
            Type::TIMESTAMP => Self::Timestamp,
            Type::TIMESTAMPTZ => Self::TimestampTz,
            Type::INTERVAL => Self::Interval,
            Type::INET => Self::Inet,
            Type::CIDR => Self::Cidr,
            Type::MACADDR => Self::MacAddr,
            Type::BIT | Type::VARBIT => Self::Bits,
            Type::PG_LSN => Self::LogPosition,
            _ => return None,
        })
    }

    /// The form of a type of an extension, which has no number that is the same
    /// everywhere.
    pub(super) fn of_extension(name: &str) -> Option<Self> {
        match name {
            "citext" => Some(Self::Text),
            "hstore" => Some(Self::Hstore),
            _ => None,
        }
    }

    /// Writes a value.
    pub(super) fn write(&self, raw: &[u8], out: &mut Out<'_>) -> Written {
        match self {
            Self::Text => string(raw, out),
            // The empty "char" is a zero byte.
            Self::Char => string(if raw == [0] { &[] } else { raw }, out),
            Self::Json => document::json(raw, out),
            Self::Jsonb => document::jsonb(raw, out),
            Self::Bytes => list(raw, out, |byte, out| out.short(|out| integer(*byte, out))),
            Self::Bits => bits(raw, out),
            Self::Hstore => hstore(raw, out),
            Self::Range(element) => range(element, raw, out),
            Self::Array(element) => array(element, raw, out),
            _ => out.short(|out| self.write_short(raw, out)),
        }
    }

    /// Writes a value whose text is never long.
    fn write_short(&self, raw: &[u8], out: &mut Vec<u8>) -> Short {
        match self {
            Self::Bool => boolean(raw, out),
            Self::Int2 => integer(i16::from_be_bytes(fixed(raw)?), out),
            Self::Int4 => integer(i32::from_be_bytes(fixed(raw)?), out),
            Self::Int8 => integer(i64::from_be_bytes(fixed(raw)?), out),
            Self::Oid => integer(u32::from_be_bytes(fixed(raw)?), out),
            Self::Float4 => serde(&f32::from_be_bytes(fixed(raw)?), out),
            Self::Float8 => serde(&f64::from_be_bytes(fixed(raw)?), out),
            // Of 147,455 digits at most.
            Self::Numeric => number::numeric(raw, out),
            Self::Uuid => uuid(fixed(raw)?, out),
            Self::Date => time::date(i32::from_be_bytes(fixed(raw)?), out),
            Self::Time => time::time(i64::from_be_bytes(fixed(raw)?), out),
            Self::TimeTz => time::time_tz(raw, out),
            Self::Timestamp => time::timestamp(i64::from_be_bytes(fixed(raw)?), "", out),
            Self::TimestampTz => time::timestamp(i64::from_be_bytes(fixed(raw)?), "Z", out),
            Self::Interval => time::interval(raw, out),
            Self::Inet => address(raw, false, out),
            Self::Cidr => address(raw, true, out),
            Self::MacAddr => mac_address(fixed(raw)?, out),
            Self::LogPosition => log_position(u64::from_be_bytes(fixed(raw)?), out),
            Self::Text
            | Self::Char
            | Self::Json
            | Self::Jsonb
            | Self::Bytes
            | Self::Bits
            | Self::Hstore
            | Self::Range(_)
            | Self::Array(_) => Err(Malformed),
        }
    }

    fn write_or_null(&self, raw: Option<&[u8]>, out: &mut Out<'_>) -> Written {
        match raw {
            Some(raw) => self.write(raw, out),
            None => null(out),
        }
    }
}

/// Writes NULL.
pub(super) fn null(out: &mut Out<'_>) -> Written {
    out.put(b"null")
}

/// The bytes of a value that always has as many.
fn fixed<const N: usize>(raw: &[u8]) -> Result<[u8; N], Malformed> {
    raw.try_into().map_err(|_| Malformed)
}

/// Takes the first bytes off.
fn take<const N: usize>(raw: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (first, rest) = raw.split_first_chunk().ok_or(Malformed)?;
    *raw = rest;
    Ok(*first)
}

fn take_i32(raw: &mut &[u8]) -> Result<i32, Malformed> {
    take(raw).map(i32::from_be_bytes)
}

/// Takes a value off that stands behind its length; `None` is NULL.
fn take_cell<'a>(raw: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
    let length = take_i32(raw)?;
    if length == -1 {
        return Ok(None);
    }
    let length = usize::try_from(length).map_err(|_| Malformed)?;
    let (cell, rest) = raw.split_at_checked(length).ok_or(Malformed)?;
    *raw = rest;
    Ok(Some(cell))
}

fn boolean(raw: &[u8], out: &mut Vec<u8>) -> Short {
    out.extend_from_slice(match raw {
        [0] => b"false",
        [1] => b"true",
        _ => return Err(Malformed),
    });
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "as its siblings")]
fn integer(number: impl itoa::Integer, out: &mut Vec<u8>) -> Short {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    Ok(())
}

/// What serde makes of it: of floats, the shortest text that reads back the
/// same, and `null` for what JSON has no number for.
fn serde(value: &impl serde::Serialize, out: &mut Vec<u8>) -> Short {
    serde_json::to_writer(out, value).map_err(|_| Malformed)
}

/// A text that needs no escapes.
fn quoted(text: std::fmt::Arguments<'_>, out: &mut Vec<u8>) -> Short {
    write!(out, "\"{text}\"").map_err(|_| Malformed)
}

fn list<T>(
    items: impl IntoIterator<Item = T>,
    out: &mut Out<'_>,
    mut write: impl FnMut(T, &mut Out<'_>) -> Written,
) -> Written {
    out.push(b'[')?;
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',')?;
        }
        write(item, out)?;
    }
    out.push(b']')
}

fn uuid(bytes: [u8; 16], out: &mut Vec<u8>) -> Short {
    let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
    let text = uuid::Uuid::from_bytes(bytes).hyphenated();
    quoted(format_args!("{}", text.encode_lower(&mut buffer)), out)
}

/// `inet` is printed without the prefix of a host alone, `cidr` always with it.
fn address(raw: &[u8], is_network: bool, out: &mut Vec<u8>) -> Short {
    let (address, prefix, bits): (IpAddr, u8, u8) = match raw {
        [2, prefix, _, 4, octets @ ..] => (fixed::<4>(octets)?.into(), *prefix, 32),
        [3, prefix, _, 16, octets @ ..] => (fixed::<16>(octets)?.into(), *prefix, 128),
        _ => return Err(Malformed),
    };
    if prefix == bits && !is_network {
        return quoted(format_args!("{address}"), out);
    }
    quoted(format_args!("{address}/{prefix}"), out)
}

fn mac_address(bytes: [u8; 6], out: &mut Vec<u8>) -> Short {
    let [a, b, c, d, e, f] = bytes;
    quoted(
        format_args!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}"),
        out,
    )
}

fn bits(mut raw: &[u8], out: &mut Out<'_>) -> Written {
    let count = usize::try_from(take_i32(&mut raw)?).map_err(|_| Malformed)?;
    if count.div_ceil(8) != raw.len() {
        return Err(Malformed.into());
    }
    out.reserve(count + 2)?;
    out.push(b'"')?;
    for index in 0..count {
        out.push(b'0' + ((raw[index / 8] >> (7 - index % 8)) & 1))?;
    }
    out.push(b'"')
}

fn log_position(bytes: u64, out: &mut Vec<u8>) -> Short {
    quoted(
        format_args!("{:X}/{:X}", bytes >> 32, bytes & 0xFFFF_FFFF),
        out,
    )
}

/// An object, its members ordered by their names.
fn hstore(mut raw: &[u8], out: &mut Out<'_>) -> Written {
    let count = take_i32(&mut raw)?;
    let mut pairs = Vec::new();
    for _ in 0..count {
        let key = take_cell(&mut raw)?.ok_or(Malformed)?;
        pairs.push((key, take_cell(&mut raw)?));
    }
    if !raw.is_empty() {
        return Err(Malformed.into());
    }
    pairs.sort_unstable();
    out.push(b'{')?;
    for (index, (key, value)) in pairs.into_iter().enumerate() {
        if index > 0 {
            out.push(b',')?;
        }
        string(key, out)?;
        out.push(b':')?;
        Form::Text.write_or_null(value, out)?;
    }
    out.push(b'}')
}

/// `{"lower":…,"upper":…,"bounds":"[)"}`, or `{"empty":true}`.
fn range(element: &Form, mut raw: &[u8], out: &mut Out<'_>) -> Written {
    const EMPTY: u8 = 0x01;
    const FLAGS: u8 = 0x1F;
    let [flags] = take(&mut raw)?;
    if flags & (!FLAGS | EMPTY) != 0 {
        if flags != EMPTY || !raw.is_empty() {
            return Err(Malformed.into());
        }
        return out.put(br#"{"empty":true}"#);
    }
    let mut bound = |infinite: u8| match flags & infinite {
        0 => take_cell(&mut raw)?.map(Some).ok_or(Malformed),
        _ => Ok(None),
    };
    let (lower, upper) = (bound(0x08)?, bound(0x10)?);
    if !raw.is_empty() {
        return Err(Malformed.into());
    }
    out.put(br#"{"lower":"#)?;
    element.write_or_null(lower, out)?;
    out.put(br#","upper":"#)?;
    element.write_or_null(upper, out)?;
    out.put(br#","bounds":""#)?;
    out.push(if flags & 0x02 == 0 { b'(' } else { b'[' })?;
    out.push(if flags & 0x04 == 0 { b')' } else { b']' })?;
    out.put(br#""}"#)
}

fn array(element: &Form, mut raw: &[u8], out: &mut Out<'_>) -> Written {
    let dimensions = u32::from_be_bytes(take(&mut raw)?);
    let _has_nulls: [u8; 4] = take(&mut raw)?;
    let _element_type: [u8; 4] = take(&mut raw)?;
    if dimensions > DIMENSIONS_MAX {
        return Err(Malformed.into());
    }
    let mut counts = Vec::new();
    for _ in 0..dimensions {
        counts.push(take_i32(&mut raw)?);
        let _lower_bound = take_i32(&mut raw)?;
    }
    if counts.is_empty() {
        out.put(b"[]")?;
    } else {
        elements(element, &counts, &mut raw, out)?;
    }
    if raw.is_empty() {
        Ok(())
    } else {
        Err(Malformed.into())
    }
}

fn elements(element: &Form, counts: &[i32], raw: &mut &[u8], out: &mut Out<'_>) -> Written {
    match counts {
        [] => element.write_or_null(take_cell(raw)?, out),
        [count, inner @ ..] => list(0..*count, out, |_, out| elements(element, inner, raw, out)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: &Form, raw: &[u8]) -> Result<String, Unwritten> {
        let mut out = Vec::new();
        form.write(raw, &mut Out::new(&mut out, 1_000))?;
        Ok(String::from_utf8(out).expect("UTF-8"))
    }

    /// An array's header and two elements, one of them NULL.
    const ARRAY: [u8; 32] = [
        0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 21, 0, 0, 0, 2, 0, 0, 0, 1, // header
        0, 0, 0, 2, 0, 7, // 7
        0xff, 0xff, 0xff, 0xff, // NULL
        0, 0,
    ];

    #[test]
    fn arrays_hold_null_and_can_be_nested() {
        let form = Form::Array(Box::new(Form::Int2));
        assert_eq!(written(&form, &ARRAY[..30]).as_deref(), Ok("[7,null]"));
        assert_eq!(written(&form, &[0; 12]).as_deref(), Ok("[]"));
        let mut nested = vec![0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 21];
        nested.extend([0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
        nested.extend([0, 0, 0, 2, 0, 1, 0, 0, 0, 2, 0, 2]);
        assert_eq!(written(&form, &nested).as_deref(), Ok("[[1],[2]]"));
    }

    #[test]
    fn malformed_bytes_are_refused() {
        let int2s = Form::Array(Box::new(Form::Int2));
        assert_eq!(
            written(&int2s, &ARRAY),
            Err(Unwritten::Malformed),
            "bytes are left"
        );
        for end in 0..30 {
            assert!(
                end == 12 || written(&int2s, &ARRAY[..end]).is_err(),
                "{end}"
            );
        }
        let forms = [
            Form::Bool,
            Form::Int2,
            Form::Int4,
            Form::Int8,
            Form::Oid,
            Form::Float4,
            Form::Float8,
            Form::Numeric,
            Form::Jsonb,
            Form::Uuid,
            Form::Date,
            Form::Time,
            Form::TimeTz,
            Form::Timestamp,
            Form::TimestampTz,
            Form::Interval,
            Form::Inet,
            Form::Cidr,
            Form::MacAddr,
            Form::Bits,
            Form::LogPosition,
            Form::Hstore,
            Form::Range(Box::new(Form::Int4)),
        ];
        for form in forms {
            for raw in [&[][..], &[9], &[0xff; 3], &[0xff; 31]] {
                assert_eq!(
                    written(&form, raw),
                    Err(Unwritten::Malformed),
                    "{form:?} {raw:?}"
                );
            }
        }
        for form in [Form::Text, Form::Json] {
            assert_eq!(
                written(&form, &[b'a', 0xff]),
                Err(Unwritten::Malformed),
                "{form:?}"
            );
        }
    }

    #[test]
    fn what_has_no_number_in_json_is_null() {
        assert_eq!(
            written(&Form::Float8, &f64::NAN.to_be_bytes()).as_deref(),
            Ok("null")
        );
        assert_eq!(
            written(&Form::Float4, &f32::INFINITY.to_be_bytes()).as_deref(),
            Ok("null")
        );
    }

    #[test]
    fn what_cannot_be_written_has_no_form() {
        for ty in [Type::RECORD, Type::TS_VECTOR, Type::VOID, Type::POINT] {
            assert_eq!(Form::of(&ty), None, "{ty}");
        }
        assert_eq!(Form::of(&Type::RECORD_ARRAY), None);
    }
}
