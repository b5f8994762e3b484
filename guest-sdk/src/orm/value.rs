use std::cell::RefCell;
use std::fmt;

use bytes::BytesMut;
use postgres_types::Oid;

use crate::database::Parameter;

/// A value in a condition, already in Postgres' format: what is erased here
/// needs no type again.
#[derive(Clone)]
pub(crate) struct Value {
    pub(crate) oid: Oid,
    /// What it is cast to, where the identifier does not tell its type.
    pub(crate) type_name: Option<&'static str>,
    bytes: Bytes,
}

#[derive(Clone)]
enum Bytes {
    Null,
    /// Numbers, times and UUIDs fit without an allocation.
    Inline(u8, [u8; INLINE_MAX]),
    Heap(Box<[u8]>),
    /// Postgres cannot hold the value; told when the query is compiled.
    Invalid(String),
}

const INLINE_MAX: usize = 16;

thread_local! {
    static SCRATCH: RefCell<BytesMut> = RefCell::new(BytesMut::new());
}

impl Value {
    pub(crate) fn new(value: &dyn Parameter) -> Self {
        let (oid, type_name) = (value.oid(), value.type_name());
        let bytes = SCRATCH.with_borrow_mut(|scratch| {
            scratch.clear();
            match value.write(scratch) {
                Ok(true) => Bytes::copy_of(scratch),
                Ok(false) => Bytes::Null,
                Err(error) => Bytes::Invalid(error.to_string()),
            }
        });
        Self {
            oid,
            type_name,
            bytes,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.bytes, Bytes::Null)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let types = (self.oid, self.type_name);
        types == (other.oid, other.type_name) && self.bytes() == other.bytes()
    }

    /// Whether it is another than it was. What cannot be written is, so that
    /// whoever writes it is told.
    pub(crate) fn differs_from(&self, before: &Self) -> bool {
        matches!(self.bytes, Bytes::Invalid(_)) || !self.is_same(before)
    }

    /// The bytes, `None` for NULL.
    ///
    /// # Errors
    ///
    /// Why Postgres cannot hold the value.
    pub(crate) fn bytes(&self) -> Result<Option<&[u8]>, &str> {
        match &self.bytes {
            Bytes::Null => Ok(None),
            Bytes::Inline(length, bytes) => Ok(Some(&bytes[..usize::from(*length)])),
            Bytes::Heap(bytes) => Ok(Some(bytes)),
            Bytes::Invalid(reason) => Err(reason),
        }
    }
}

impl Bytes {
    fn copy_of(bytes: &[u8]) -> Self {
        let mut inline = [0; INLINE_MAX];
        match (inline.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(bytes);
                Self::Inline(length, inline)
            }
            _ => Self::Heap(bytes.into()),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} (type {})", self.bytes(), self.oid)
    }
}
