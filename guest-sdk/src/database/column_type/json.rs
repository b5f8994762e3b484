use bytes::{BufMut, BytesMut};
use postgres_types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ColumnType, DecodeError, EncodeError, SqlType};
use crate::http::{InexactNumber, Json, inexact_number};

const JSONB: SqlType = SqlType::new("jsonb", 3802, 3807);
const JSON: u32 = 114;
/// What stands before the text of a `jsonb`.
const JSONB_VERSION: u8 = 1;

/// A `jsonb` of any shape. A `json` column is read too.
///
/// A number that neither an `i64`, a `u64` nor an `f64` holds is an error, for
/// it would be written back as another.
impl ColumnType for Value {
    const SQL: SqlType = JSONB;

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        encode(self, out)
    }

    fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        decode(ty, raw)
    }

    fn accepts(ty: &Type) -> bool {
        accepts(ty)
    }
}

/// A `jsonb` of one shape, by serde: Django's `JSONField` with its type said. A
/// `json` column is read too.
///
/// `None` inside is JSON's `null`, and `Option<Json<T>>` is SQL's. A number that
/// neither an `i64`, a `u64` nor an `f64` holds is an error, whatever `T` is.
impl<T: Serialize + DeserializeOwned + 'static> ColumnType for Json<T> {
    const SQL: SqlType = JSONB;

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        encode(&self.0, out)
    }

    fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        decode(ty, raw).map(Self)
    }

    fn accepts(ty: &Type) -> bool {
        accepts(ty)
    }
}

fn encode(value: &impl Serialize, out: &mut BytesMut) -> Result<bool, EncodeError> {
    out.put_u8(JSONB_VERSION);
    serde_json::to_writer(out.writer(), value)
        .map_err(|error| EncodeError::from(error.to_string()))?;
    Ok(true)
}

fn decode<T: DeserializeOwned>(ty: &Type, raw: Option<&[u8]>) -> Result<T, DecodeError> {
    let text = text(ty, raw)?;
    if let Some(number) = inexact_number(text) {
        return Err(inexact(number));
    }
    serde_json::from_slice(text).map_err(|error| DecodeError::from(error.to_string()))
}

fn accepts(ty: &Type) -> bool {
    ty.oid() == JSONB.oid || ty.oid() == JSON
}

fn inexact(number: InexactNumber<'_>) -> DecodeError {
    DecodeError::from(format!(
        "the number {} in it is neither an `i64`, a `u64` nor an `f64`, and would be written back \
         as another; read it in the query, as text, `Book::extra.text(\"key\")`, or that \
         `.cast::<Option<Decimal>>()`",
        number.text
    ))
}

fn text<'a>(ty: &Type, raw: Option<&'a [u8]>) -> Result<&'a [u8], DecodeError> {
    let raw = raw.ok_or_else(DecodeError::null)?;
    match raw.split_first() {
        _ if ty.oid() == JSON => Ok(raw),
        Some((&JSONB_VERSION, text)) => Ok(text),
        _ => Err(DecodeError::from("its bytes are no `jsonb`")),
    }
}
