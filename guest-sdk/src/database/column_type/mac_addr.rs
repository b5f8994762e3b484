use std::fmt;
use std::str::FromStr;

use bytes::{BufMut, BytesMut};
use postgres_types::Type;

use super::{ColumnType, DecodeError, EncodeError, SqlType, fixed};
use crate::{Error, Result};

/// The address of a network card: Postgres' `macaddr`.
///
/// ```
/// use plinth::database::MacAddr;
///
/// let card: MacAddr = "08:00:2b:01:02:03".parse()?;
/// assert_eq!(card, MacAddr([8, 0, 0x2b, 1, 2, 3]));
/// # Ok::<(), plinth::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(
    /// Its bytes, as they are written.
    pub [u8; 6],
);

impl ColumnType for MacAddr {
    const SQL: SqlType = SqlType::new("macaddr", 829, 1040);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        out.put_slice(&self.0);
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        fixed(raw).map(Self)
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

impl FromStr for MacAddr {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let invalid = || Error::other("a MAC address is six bytes, `08:00:2b:01:02:03`");
        let mut parts = text.split([':', '-']);
        let mut address = Self::default();
        for byte in &mut address.0 {
            let part = parts.next().filter(|part| {
                part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit())
            });
            let number = part.and_then(|part| u8::from_str_radix(part, 16).ok());
            *byte = number.ok_or_else(invalid)?;
        }
        match parts.next() {
            None => Ok(address),
            Some(_) => Err(invalid()),
        }
    }
}

text_serde! { MacAddr }
