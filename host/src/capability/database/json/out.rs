//! A buffer that holds so much and no more.

use super::{Short, Unwritten, Written};

/// What is written, up to a length that was looked at before each byte.
///
/// A value of few bytes can be a text of many: a `numeric` of 14 bytes has up to
/// 131,073 digits.
#[derive(Debug)]
pub(in super::super) struct Out<'a> {
    buffer: &'a mut Vec<u8>,
    bytes_max: usize,
}

impl<'a> Out<'a> {
    /// Writes behind what a buffer holds, until it holds `bytes_max`.
    pub(in super::super) fn new(buffer: &'a mut Vec<u8>, bytes_max: usize) -> Self {
        Self { buffer, bytes_max }
    }

    pub(in super::super) fn put(&mut self, bytes: &[u8]) -> Written {
        self.check(bytes.len())?;
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn push(&mut self, byte: u8) -> Written {
        self.check(1)?;
        self.buffer.push(byte);
        Ok(())
    }

    /// Has a text written that is never long, and takes it back where there is no
    /// room for it.
    pub(super) fn short(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Short) -> Written {
        let before = self.buffer.len();
        write(self.buffer)?;
        if self.buffer.len() > self.bytes_max {
            self.buffer.truncate(before);
            return Err(Unwritten::Full);
        }
        Ok(())
    }

    /// Makes the buffer large enough for so many more, if they may come.
    pub(super) fn reserve(&mut self, more: usize) -> Written {
        self.check(more)?;
        self.buffer.reserve(more);
        Ok(())
    }

    fn check(&self, more: usize) -> Written {
        let left = self.bytes_max.saturating_sub(self.buffer.len());
        if more > left {
            return Err(Unwritten::Full);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Malformed;
    use super::*;

    #[test]
    fn nothing_is_written_beyond_the_end() {
        let mut buffer = b"ab".to_vec();
        let mut out = Out::new(&mut buffer, 4);
        assert_eq!(out.put(b"cde"), Err(Unwritten::Full));
        let digits = |out: &mut Vec<u8>| {
            out.extend_from_slice(b"123");
            Ok(())
        };
        assert_eq!(out.short(digits), Err(Unwritten::Full));
        assert_eq!(out.reserve(usize::MAX), Err(Unwritten::Full));
        assert_eq!(out.put(b"c"), Ok(()));
        assert_eq!(out.push(b'd'), Ok(()));
        assert_eq!(out.push(b'e'), Err(Unwritten::Full));
        assert_eq!(out.short(|_| Err(Malformed)), Err(Unwritten::Malformed));
        assert_eq!(buffer, b"abcd");
        assert_eq!(Out::new(&mut buffer, 1).push(b'e'), Err(Unwritten::Full));
    }
}
