use std::fmt;
use std::str::FromStr;

use bytes::{BufMut, BytesMut};
use postgres_types::Type;

use super::{ColumnType, DecodeError, EncodeError, SqlType, fixed};
use crate::{Error, Result};

/// A place in Postgres' log of changes: `pg_lsn`.
///
/// ```
/// use plinth::database::PgLsn;
///
/// assert_eq!(PgLsn(0x16_B374_D848).to_string(), "16/B374D848");
/// assert_eq!("16/B374D848".parse::<PgLsn>()?, PgLsn(0x16_B374_D848));
/// # Ok::<(), plinth::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PgLsn(
    /// The bytes before it.
    pub u64,
);

impl ColumnType for PgLsn {
    const SQL: SqlType = SqlType::new("pg_lsn", 3220, 3221);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        out.put_u64(self.0);
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        fixed(raw).map(u64::from_be_bytes).map(Self)
    }
}

impl fmt::Display for PgLsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl FromStr for PgLsn {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let half = |text: &str| {
            let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
            let number = u32::from_str_radix(text, 16).ok();
            number.filter(|_| is_hex).map(u64::from)
        };
        text.split_once('/')
            .and_then(|(high, low)| Some(Self(half(high)? << 32 | half(low)?)))
            .ok_or_else(|| Error::other("a `pg_lsn` is two hexadecimal numbers, `16/B374D848`"))
    }
}

text_serde! { PgLsn }
