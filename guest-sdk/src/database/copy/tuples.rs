//! The binary format of COPY: a header, then for each row the number of its
//! values and the values, each behind its length; at the end the number -1.
//!
//! See <https://www.postgresql.org/docs/current/sql-copy.html>.

use crate::database::{Cells, DecodeError};

/// Takes a copy in the binary format apart as it comes.
#[derive(Debug)]
pub(crate) struct TupleReader {
    columns: i16,
    position: Position,
    /// The beginning of what has not come completely.
    rest: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    Header,
    Row,
    End,
}

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// The header's signature, flags, and the length of its extension.
const HEADER_BYTES: usize = 19;

/// The flags that a reader has to know; there are none it could.
const CRITICAL_FLAGS: u32 = 0xffff_0000;

const END: i16 = -1;

impl TupleReader {
    /// A reader of rows that have so many columns.
    ///
    /// # Errors
    ///
    /// For more than Postgres has.
    pub(crate) fn new(columns: usize) -> Result<Self, DecodeError> {
        let columns = i16::try_from(columns);
        Ok(Self {
            columns: columns.map_err(|_| DecodeError::from("a row has too many columns"))?,
            position: Position::Header,
            rest: Vec::new(),
        })
    }

    /// Takes more of the copy. The values of the rows that are complete now are
    /// appended to `cells`; returned is how many rows these are.
    ///
    /// # Errors
    ///
    /// When it is not in the binary format, or a row has another number of
    /// columns.
    pub(crate) fn push(&mut self, data: &[u8], cells: &mut Vec<u8>) -> Result<usize, DecodeError> {
        self.rest.extend_from_slice(data);
        let (mut at, mut count) = (0, 0);
        while let Some(length) = self.item(&self.rest[at..])? {
            let item = &self.rest[at..at + length];
            match self.position {
                Position::Header => self.position = Position::Row,
                Position::Row if item.len() == size_of::<i16>() && is_end(item) => {
                    self.position = Position::End;
                }
                Position::Row => {
                    cells.extend_from_slice(&item[size_of::<i16>()..]);
                    count += 1;
                }
                Position::End => return Err(DecodeError::from("there is more behind its end")),
            }
            at += length;
        }
        self.rest.drain(..at);
        Ok(count)
    }

    /// Whether the copy ended as it should.
    pub(crate) fn is_at_end(&self) -> bool {
        self.position == Position::End && self.rest.is_empty()
    }

    /// How long the header, the row or the end is that begins here, if it is
    /// complete.
    fn item(&self, data: &[u8]) -> Result<Option<usize>, DecodeError> {
        match self.position {
            Position::Header => header(data),
            Position::Row => row(data, self.columns),
            Position::End => Ok((!data.is_empty()).then_some(data.len())),
        }
    }
}

fn is_end(item: &[u8]) -> bool {
    item == END.to_be_bytes()
}

fn header(data: &[u8]) -> Result<Option<usize>, DecodeError> {
    let Some((header, rest)) = data.split_first_chunk::<HEADER_BYTES>() else {
        return Ok(None);
    };
    let number = |at: usize| {
        header[at..at + 4]
            .iter()
            .fold(0, |n, byte| n << 8 | u32::from(*byte))
    };
    let (flags, extension) = (number(11), number(15) as usize);
    if !header.starts_with(SIGNATURE) || flags & CRITICAL_FLAGS != 0 {
        return Err(DecodeError::from("it is not in COPY's binary format"));
    }
    Ok((rest.len() >= extension).then_some(HEADER_BYTES + extension))
}

fn row(data: &[u8], columns: i16) -> Result<Option<usize>, DecodeError> {
    let Some((count, values)) = data.split_first_chunk() else {
        return Ok(None);
    };
    match i16::from_be_bytes(*count) {
        END => Ok(Some(size_of::<i16>())),
        count if count == columns => {
            let values = Cells::complete(values, columns.unsigned_abs().into())?;
            Ok(values.map(|length| size_of::<i16>() + length))
        }
        _ => Err(DecodeError::from("a row has another number of columns")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of two columns: 7 and NULL, the empty text and `ab`.
    fn copy() -> Vec<u8> {
        let mut copy = SIGNATURE.to_vec();
        copy.extend([0, 0, 0, 1, 0, 0, 0, 3, 9, 9, 9]);
        copy.extend([0, 2, 0, 0, 0, 1, 7, 255, 255, 255, 255]);
        copy.extend([0, 2, 0, 0, 0, 0, 0, 0, 0, 2, b'a', b'b']);
        copy.extend([255, 255]);
        copy
    }

    const CELLS: [u8; 19] = [
        0, 0, 0, 1, 7, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 2, b'a', b'b',
    ];

    #[test]
    fn rows_come_out_however_they_are_cut() {
        for length in 1..=copy().len() {
            let mut reader = TupleReader::new(2).unwrap();
            let (mut cells, mut count) = (Vec::new(), 0);
            for piece in copy().chunks(length) {
                assert!(!reader.is_at_end());
                count += reader.push(piece, &mut cells).unwrap();
            }
            assert_eq!((count, &*cells), (2, &CELLS[..]), "{length}");
            assert!(reader.is_at_end());
        }
    }

    #[test]
    fn what_is_no_copy_is_refused() {
        let broken = |at: usize, byte: u8| {
            let mut copy = copy();
            copy[at] = byte;
            let mut reader = TupleReader::new(2).unwrap();
            let read = reader.push(&copy, &mut Vec::new());
            read.is_err() || !reader.is_at_end()
        };
        assert!(broken(0, b'p'));
        assert!(broken(11, 1), "a flag that is not known");
        assert!(broken(18, 2), "a shorter extension");
        assert!(broken(18, 255), "a longer extension");
        assert!(broken(23, 1), "fewer columns");
        assert!(broken(25, 200), "a longer value");
        assert!(broken(29, 128), "a negative length");
        let longer = [copy(), vec![0]].concat();
        let mut reader = TupleReader::new(2).unwrap();
        assert!(reader.push(&longer, &mut Vec::new()).is_err());
        assert!(TupleReader::new(40_000).is_err());
    }
}
