//! Texts, those of types that are not built into Postgres too.

use std::fmt;

use bytes::{BufMut, BytesMut};
use postgres_types::{Oid, Type};
use serde::{Deserialize, Serialize};

use super::{ColumnType, DecodeError, EncodeError, SqlType, is_built_in};

const CHAR: Oid = 18;
const NAME: Oid = 19;
const TEXT: Oid = 25;
const XML: Oid = 142;
const UNKNOWN: Oid = 705;
const BPCHAR: Oid = 1042;
const VARCHAR: Oid = 1043;

/// Every type of text is read, and enums, `citext` and other types that are not
/// built into Postgres where what they send is text.
impl ColumnType for String {
    const SQL: SqlType = SqlType::new("text", TEXT, 1009);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        out.put_slice(self.as_bytes());
        Ok(true)
    }

    fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        text(ty, raw).map(str::to_owned)
    }

    fn accepts(ty: &Type) -> bool {
        let oid = ty.oid();
        matches!(oid, CHAR | NAME | TEXT | XML | UNKNOWN | BPCHAR | VARCHAR) || !is_built_in(oid)
    }
}

/// The text of a value of a type that [`String`] accepts.
fn text<'a>(ty: &Type, raw: Option<&'a [u8]>) -> Result<&'a str, DecodeError> {
    let raw = raw.ok_or_else(DecodeError::null)?;
    // The empty "char" is a zero byte.
    if ty.oid() == CHAR && raw == [0] {
        return Ok("");
    }
    let text = std::str::from_utf8(raw).ok();
    if is_built_in(ty.oid()) {
        return text.ok_or_else(|| DecodeError::from("its bytes are no UTF-8"));
    }
    text.filter(|text| !text.bytes().any(is_binary))
        .ok_or_else(|| {
            DecodeError::from(
                "its type is not built into Postgres, and what Postgres sends for it is not text; \
                 cast it to `text` in the SQL",
            )
        })
}

/// What no label of an enum has, but the counts, lengths and flags in the binary
/// forms of composites, arrays and ranges do.
fn is_binary(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')
}

/// An XML document or fragment, as its text: Postgres' `xml`.
///
/// A `String` reads the type too; this one can also be sent, since Postgres
/// takes no `text` for an `xml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Xml(
    /// The text.
    pub String,
);

impl ColumnType for Xml {
    const SQL: SqlType = SqlType::new("xml", XML, 143);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        self.0.encode(out)
    }

    fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        String::decode(ty, raw).map(Self)
    }
}

impl fmt::Display for Xml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
