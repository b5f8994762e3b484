use bytes::{BufMut, BytesMut};
use postgres_types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ColumnType, DecodeError, EncodeError, SqlType};
use crate::http::Json;

const JSON: u32 = 114;
/// What stands before the text of a `jsonb`.
const JSONB_VERSION: u8 = 1;

/// A `jsonb` of one shape, by serde: Django's `JSONField` with its type said. A
/// `json` column is read too.
///
/// `None` inside is JSON's `null`, and `Option<Json<T>>` is SQL's.
impl<T: Serialize + DeserializeOwned + 'static> ColumnType for Json<T> {
    const SQL: SqlType = SqlType::new("jsonb", 3802, 3807);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        out.put_u8(JSONB_VERSION);
        serde_json::to_writer(out.writer(), &self.0)
            .map_err(|error| EncodeError::from(error.to_string()))?;
        Ok(true)
    }

    fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let text = text(ty, raw)?;
        serde_json::from_slice(text)
            .map(Self)
            .map_err(|error| DecodeError::from(error.to_string()))
    }

    fn accepts(ty: &Type) -> bool {
        ty.oid() == Self::SQL.oid || ty.oid() == JSON
    }
}

fn text<'a>(ty: &Type, raw: Option<&'a [u8]>) -> Result<&'a [u8], DecodeError> {
    let raw = raw.ok_or_else(DecodeError::null)?;
    match raw.split_first() {
        _ if ty.oid() == JSON => Ok(raw),
        Some((&JSONB_VERSION, text)) => Ok(text),
        _ => Err(DecodeError::from("its bytes are no `jsonb`")),
    }
}
