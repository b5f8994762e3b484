use std::fmt;

use bytes::BytesMut;
use postgres_types::Type;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::meta::{ModelMeta, RelationMeta};
use super::model::Model;
use crate::database::{ColumnType, DecodeError, EncodeError, SqlType};
use crate::{Error, Result};

/// A reference to a row of `T`, Django's `ForeignKey`: its key, and the row itself
/// when the query loaded it with
/// [`select_related`](super::QuerySet::select_related).
///
/// ```no_run
/// # use plinth::orm::ForeignKey;
/// # #[derive(plinth::Model)]
/// # #[model(table = "authors")]
/// # pub struct Author { #[model(key, auto)] pub id: i64, pub name: String }
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub author: ForeignKey<Author> }
/// # fn f(db: &plinth::Db) -> plinth::Result<()> {
/// let book = Book::objects()
///     .filter(Book::id.eq(7))
///     .select_related(Book::author())
///     .get(db)?;
/// assert_eq!(book.author.get()?.id, *book.author.key());
/// # Ok(()) }
/// ```
///
/// As JSON it is its key, loaded or not.
pub struct ForeignKey<T: Model> {
    key: T::Key,
    field: Option<&'static RelationMeta>,
    loaded: Option<Box<T>>,
    /// Whether there was no row of `T` when it was to be loaded.
    is_missing: bool,
}

/// A reference to a row of `T` that no other row has: Django's `OneToOneField`.
///
/// It is a foreign key with a unique constraint, which the derive adds where it
/// reads this name.
///
/// ```
/// use plinth::prelude::*;
///
/// #[derive(Model)]
/// #[model(table = "users")]
/// pub struct User {
///     #[model(key, auto)]
///     pub id: i64,
/// }
///
/// #[derive(Model)]
/// #[model(table = "profiles")]
/// pub struct Profile {
///     #[model(key, auto)]
///     pub id: i64,
///     pub user: OneToOne<User>,
/// }
///
/// assert!(Profile::META.columns[1].unique);
/// ```
pub type OneToOne<T> = ForeignKey<T>;

impl<T: Model> ForeignKey<T> {
    /// A reference to the row with this key.
    #[must_use]
    pub fn new(key: T::Key) -> Self {
        Self {
            key,
            field: None,
            loaded: None,
            is_missing: false,
        }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &T::Key {
        &self.key
    }

    /// The row it points to.
    ///
    /// # Errors
    ///
    /// [`is_not_loaded`](Error::is_not_loaded) when the query did not load it, and
    /// another when it points to a row that is no `T`, such as one of another
    /// variant.
    pub fn get(&self) -> Result<&T> {
        self.loaded().ok_or_else(|| {
            let field = self.field.map_or(T::META.model, |relation| relation.field);
            match self.is_missing {
                true => missing(field, T::META),
                false => Error::not_loaded(field),
            }
        })
    }

    /// The row it points to, if the query loaded it and it is a `T`.
    #[must_use]
    pub fn loaded(&self) -> Option<&T> {
        self.loaded.as_deref()
    }

    pub(super) fn set_field(&mut self, field: &'static RelationMeta) {
        self.field = Some(field);
    }

    pub(super) fn set_row(&mut self, row: T) {
        self.loaded = Some(Box::new(row));
    }

    pub(super) fn set_missing(&mut self) {
        self.is_missing = true;
    }

    pub(super) fn take_row(&mut self, other: &mut Self) {
        self.loaded = other.loaded.take();
        self.is_missing = other.is_missing;
    }
}

fn missing(field: &str, target: &ModelMeta) -> Error {
    let model = target.model;
    let what = match target.variant {
        Some(_) => format!("a row that is not a `{model}`"),
        None => format!("a `{model}` that is not there"),
    };
    Error::other(format!(
        "`{field}` points to {what}; `loaded()` is `None` for it"
    ))
}

impl<T: Model> From<&T> for ForeignKey<T> {
    fn from(row: &T) -> Self {
        Self::new(row.key().clone())
    }
}

impl<T: Model> ColumnType for ForeignKey<T> {
    const SQL: SqlType = T::Key::SQL;

    fn encode(&self, out: &mut BytesMut) -> Result<bool, EncodeError> {
        self.key.encode(out)
    }

    fn decode(ty: &Type, raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        T::Key::decode(ty, raw).map(Self::new)
    }

    fn accepts(ty: &Type) -> bool {
        T::Key::accepts(ty)
    }
}

impl<T: Model> Clone for ForeignKey<T>
where
    T: Clone,
{
    fn clone(&self) -> Self {
        Self {
            key: self.key.clone(),
            field: self.field,
            loaded: self.loaded.clone(),
            is_missing: self.is_missing,
        }
    }
}

/// Two references are equal when their keys are.
impl<T: Model> PartialEq for ForeignKey<T>
where
    T::Key: PartialEq,
{
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<T: Model> Eq for ForeignKey<T> where T::Key: Eq {}

impl<T: Model> fmt::Debug for ForeignKey<T>
where
    T::Key: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", T::META.model, self.key)
    }
}

impl<T: Model> Serialize for ForeignKey<T>
where
    T::Key: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.key.serialize(serializer)
    }
}

impl<'de, T: Model> Deserialize<'de> for ForeignKey<T>
where
    T::Key: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::Key::deserialize(deserializer).map(Self::new)
    }
}
