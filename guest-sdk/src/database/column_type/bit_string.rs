use std::fmt;
use std::str::FromStr;

use bytes::{BufMut, BytesMut};
use postgres_types::Type;

use super::{ColumnType, DecodeError, EncodeError, SqlType, take};
use crate::{Error, Result};

/// Any number of bits: Postgres' `bit varying`, and its `bit(n)`.
///
/// ```
/// use plinth::database::BitString;
///
/// let bits: BitString = "1011".parse()?;
/// assert_eq!(bits.get(1), Some(false));
/// assert_eq!(bits.iter().filter(|bit| *bit).count(), 3);
/// assert_eq!([true, false].into_iter().collect::<BitString>().to_string(), "10");
/// # Ok::<(), plinth::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BitString {
    /// The first bit is the highest of the first byte; those behind the last
    /// are zero.
    bytes: Vec<u8>,
    len: usize,
}

impl BitString {
    /// How many bits there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bit at a position from 0, the leftmost, if there are as many.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<bool> {
        let byte = self.bytes.get(index / 8)?;
        (index < self.len).then_some(byte & mask(index) != 0)
    }

    /// The bits, from the left.
    pub fn iter(&self) -> impl Iterator<Item = bool> + '_ {
        (0..self.len).filter_map(|index| self.get(index))
    }

    /// Appends a bit on the right.
    pub fn push(&mut self, bit: bool) {
        let index = self.len;
        if index.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let (true, Some(last)) = (bit, self.bytes.last_mut()) {
            *last |= mask(index);
        }
        self.len += 1;
    }
}

fn mask(index: usize) -> u8 {
    0x80 >> (index % 8)
}

impl FromIterator<bool> for BitString {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let mut string = Self::default();
        bits.into_iter().for_each(|bit| string.push(bit));
        string
    }
}

/// The object identifier of `bit(n)`.
const BIT: u32 = 1560;

impl ColumnType for BitString {
    const SQL: SqlType = SqlType::new("bit varying", 1562, 1563);

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        let len = i32::try_from(self.len);
        out.put_i32(len.map_err(|_| EncodeError::from("it has more than 2^31 bits"))?);
        out.put_slice(&self.bytes);
        Ok(true)
    }

    fn decode(_: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let mut raw = raw.ok_or_else(DecodeError::null)?;
        let len = take(&mut raw).and_then(|len| usize::try_from(i32::from_be_bytes(len)).ok());
        let len = len.filter(|len| len.div_ceil(8) == raw.len());
        let len = len.ok_or_else(|| DecodeError::from("its bytes are no string of bits"))?;
        let mut bytes = raw.to_vec();
        if let (Some(last), false) = (bytes.last_mut(), len.is_multiple_of(8)) {
            *last &= !(0xFF >> (len % 8));
        }
        Ok(Self { bytes, len })
    }

    fn accepts(ty: &Type) -> bool {
        ty.oid() == Self::SQL.oid || ty.oid() == BIT
    }
}

impl fmt::Display for BitString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter()
            .try_for_each(|bit| f.write_str(if bit { "1" } else { "0" }))
    }
}

impl FromStr for BitString {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.bytes()
            .map(|byte| match byte {
                b'0' => Ok(false),
                b'1' => Ok(true),
                _ => Err(Error::other("a string of bits is zeros and ones")),
            })
            .collect()
    }
}

text_serde! { BitString }
