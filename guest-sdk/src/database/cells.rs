use super::DecodeError;

/// A cursor over values laid out one behind the other, each its length as a
/// big-endian `i32`, -1 for NULL, then its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells<'a> {
    rest: &'a [u8],
}

impl<'a> Cells<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next value, `None` for NULL.
    ///
    /// # Errors
    ///
    /// When the buffer ends before the value does.
    pub(crate) fn next_cell(&mut self) -> Result<Option<&'a [u8]>, DecodeError> {
        let (length, rest) = self.rest.split_first_chunk().ok_or_else(truncated)?;
        let length = i32::from_be_bytes(*length);
        if length == -1 {
            self.rest = rest;
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| truncated())?;
        let (value, rest) = rest.split_at_checked(length).ok_or_else(truncated)?;
        self.rest = rest;
        Ok(Some(value))
    }

    pub(crate) fn skip(&mut self, count: usize) -> Result<(), DecodeError> {
        (0..count).try_for_each(|_| self.next_cell().map(drop))
    }

    /// How long the first `count` values are, if they are there completely.
    ///
    /// # Errors
    ///
    /// When a length is none.
    pub(crate) fn complete(bytes: &[u8], count: usize) -> Result<Option<usize>, DecodeError> {
        let mut rest = bytes;
        for _ in 0..count {
            let Some((length, behind)) = rest.split_first_chunk() else {
                return Ok(None);
            };
            let length = match i32::from_be_bytes(*length) {
                -1 => 0,
                length => usize::try_from(length).map_err(|_| truncated())?,
            };
            let Some(behind) = behind.get(length..) else {
                return Ok(None);
            };
            rest = behind;
        }
        Ok(Some(bytes.len() - rest.len()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

fn truncated() -> DecodeError {
    DecodeError::from("the buffer ends before the value does")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_nulls_follow_each_other() {
        let mut cells = Cells::new(&[0, 0, 0, 1, 7, 255, 255, 255, 255, 0, 0, 0, 0]);
        assert_eq!(cells.next_cell().unwrap(), Some(&[7][..]));
        assert_eq!(cells.next_cell().unwrap(), None);
        assert_eq!(cells.next_cell().unwrap(), Some(&[][..]));
        assert!(cells.is_empty());
    }

    #[test]
    fn a_broken_buffer_is_an_error() {
        let broken: [&[u8]; 5] = [
            &[],
            &[0, 0, 0],
            &[0, 0, 0, 2, 1],
            &[127, 255, 255, 255],
            &[255, 255, 255, 254],
        ];
        for bytes in broken {
            assert!(Cells::new(bytes).next_cell().is_err(), "{bytes:?}");
        }
    }
}
