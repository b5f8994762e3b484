use std::collections::BTreeMap;

use bytes::{BufMut, BytesMut};
use postgres_types::Type;
use serde::{Deserialize, Serialize};

use super::super::Cells;
use super::super::parameters::{put_cell, write_cell};
use super::{ColumnType, DecodeError, EncodeError, SqlType, is_built_in, take};

/// Texts by their keys: `hstore`, Django's `HStoreField`.
///
/// The extension must be in the database: `CREATE EXTENSION hstore`. New tables
/// do better with a `jsonb`.
///
/// ```
/// use plinth::database::Hstore;
///
/// let shelf: Hstore = [("row", Some("7")), ("note", None)].into_iter().collect();
/// assert_eq!(shelf.0["row"].as_deref(), Some("7"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hstore(
    /// The texts, `None` for NULL.
    pub BTreeMap<String, Option<String>>,
);

impl<K: Into<String>, V: Into<String>> FromIterator<(K, Option<V>)> for Hstore {
    fn from_iter<I: IntoIterator<Item = (K, Option<V>)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        Self(
            pairs
                .map(|(key, value)| (key.into(), value.map(Into::into)))
                .collect(),
        )
    }
}

impl ColumnType for Hstore {
    const SQL: SqlType = SqlType::named("hstore");

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        let count = i32::try_from(self.0.len());
        out.put_i32(count.map_err(|_| EncodeError::from("it has too many keys"))?);
        for (key, value) in &self.0 {
            put_cell(Some(key.as_bytes()), out)?;
            write_cell(value, out)?;
        }
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let malformed = || DecodeError::from("its bytes are no `hstore`");
        let mut raw = raw.ok_or_else(DecodeError::null)?;
        let count = take(&mut raw).ok_or_else(malformed)?;
        let count = u32::try_from(i32::from_be_bytes(count)).map_err(|_| malformed())?;
        let mut cells = Cells::new(raw);
        let mut pairs = BTreeMap::new();
        for _ in 0..count {
            let key = String::decode(&Type::TEXT, cells.next_cell()?)?;
            let value = Option::<String>::decode(&Type::TEXT, cells.next_cell()?)?;
            pairs.insert(key, value);
        }
        if !cells.is_empty() {
            return Err(malformed());
        }
        Ok(Self(pairs))
    }

    fn accepts(ty: &Type) -> bool {
        !is_built_in(ty.oid())
    }
}
