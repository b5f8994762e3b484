use std::fmt;
use std::marker::PhantomData;

use super::column::Column;
use super::model::Model;
use super::to_many::ToMany;

/// How many relations a path can follow: each takes one byte.
pub(crate) const HOPS_MAX: usize = 4;

/// The relations followed from a query's model, packed into one number: the
/// first in the lowest byte, each as its index plus one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RelationPath(u32);

impl RelationPath {
    /// The query's own model.
    pub const ROOT: Self = Self(0);
    const TOO_LONG: Self = Self(u32::MAX);

    /// The path that follows one relation more.
    ///
    /// A fifth is remembered as a mistake, which the query reports when it is
    /// compiled.
    #[must_use]
    pub const fn then(self, relation: u8) -> Self {
        if self.0 >> 24 != 0 || relation >= u8::MAX - 1 {
            return Self::TOO_LONG;
        }
        let mut shift = 0;
        while self.0 >> shift != 0 {
            shift += 8;
        }
        Self(self.0 | (relation as u32 + 1) << shift)
    }

    /// The path that follows another after this one.
    pub(crate) fn join(self, other: Self) -> Self {
        let hops = other.hops().map(|hop| u8::try_from(hop).unwrap_or(u8::MAX));
        hops.fold(self, Self::then)
    }

    pub(crate) fn is_root(self) -> bool {
        self == Self::ROOT
    }

    pub(crate) fn is_too_long(self) -> bool {
        self == Self::TOO_LONG
    }

    pub(crate) fn to_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    /// The indexes of the relations, from the root on.
    pub(crate) fn hops(self) -> impl Iterator<Item = usize> {
        let bytes = self.0.to_le_bytes();
        bytes
            .into_iter()
            .take_while(|hop| *hop != 0)
            .map(|hop| usize::from(hop) - 1)
    }

    /// The path without its last relation, and that relation's index.
    pub(crate) fn parent(self) -> Option<(Self, usize)> {
        let last = self.hops().last()?;
        let length = self.hops().count();
        let mask = (1_u32 << (8 * (length - 1))) - 1;
        Some((Self(self.0 & mask), last))
    }
}

impl fmt::Debug for RelationPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.hops()).finish()
    }
}

/// A relation of the model `Root`, followed once or several times:
/// `Book::author()` is a `Relation<Book>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation of `{Root}`",
    note = "write a relation as a call, as in `Book::author()`"
)]
pub trait Relation<Root>: Sized {
    /// The relation behind a path.
    fn at(path: RelationPath) -> Self;

    /// The path of the relation.
    fn path(self) -> RelationPath;
}

/// What derived relation types consist of: a path from `Root`.
pub struct Hop<Root> {
    path: RelationPath,
    root: PhantomData<fn() -> Root>,
}

impl<Root: 'static> Hop<Root> {
    /// The hop behind a path.
    #[must_use]
    pub const fn new(path: RelationPath) -> Self {
        Self {
            path,
            root: PhantomData,
        }
    }

    /// Its path.
    #[must_use]
    pub const fn path(self) -> RelationPath {
        self.path
    }

    /// A column of the model it leads to.
    #[must_use]
    pub const fn column<T>(self, index: u16) -> Column<Root, T> {
        Column::over(self.path, index)
    }

    /// The rows that belong to a row of the model `M` that it leads to.
    pub fn to_many<M: Model, T: Model>(self, index: usize) -> ToMany<Root, T> {
        ToMany::over::<M>(self.path, index)
    }

    /// A relation of the model it leads to.
    #[must_use]
    pub fn relation<R: Model>(self, index: u8) -> R::Path<Root> {
        Relation::at(self.path.then(index))
    }
}

impl<Root> Clone for Hop<Root> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Root> Copy for Hop<Root> {}

impl<Root> fmt::Debug for Hop<Root> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_its_hops_in_order() {
        let path = RelationPath::ROOT.then(2).then(0).then(7).then(3);
        assert_eq!(path.hops().collect::<Vec<_>>(), [2, 0, 7, 3]);
        let (parent, last) = path.parent().unwrap();
        assert_eq!(
            (parent.hops().collect::<Vec<_>>(), last),
            (vec![2, 0, 7], 3)
        );
        assert!(RelationPath::ROOT.parent().is_none());
    }

    #[test]
    fn a_fifth_hop_is_remembered_as_a_mistake() {
        let path = (0..HOPS_MAX).fold(RelationPath::ROOT, |path, _| path.then(0));
        assert!(!path.is_too_long());
        assert!(path.then(0).is_too_long());
        assert!(path.then(0).then(1).is_too_long());
    }
}
