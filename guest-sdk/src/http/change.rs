//! A field of a partial update.

use serde::{Deserialize, Deserializer};

/// A field that a PATCH may leave out.
///
/// An `Option` cannot tell a field that is not there from one that is `null`.
/// Here the first is [`Keep`](Change::Keep), and the second is a value only for
/// a field that can be null.
///
/// ```
/// use plinth::http::Change;
/// use serde::Deserialize;
///
/// #[derive(Default, Deserialize)]
/// #[serde(default, deny_unknown_fields)]
/// struct ProfileChanges {
///     name: Change<String>,
///     birthday: Change<Option<String>>,
/// }
///
/// # fn main() -> Result<(), serde_json::Error> {
/// let changes: ProfileChanges = serde_json::from_str(r#"{"birthday":null}"#)?;
/// assert_eq!(changes.name, Change::Keep);
/// assert_eq!(changes.birthday, Change::To(None));
///
/// assert!(serde_json::from_str::<ProfileChanges>(r#"{"name":null}"#).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// The field is not there: it stays as it is.
    #[default]
    Keep,
    /// The field is there, with this value.
    To(T),
}

impl<T> Change<T> {
    /// The new value, if there is one.
    #[must_use]
    pub fn as_ref(&self) -> Option<&T> {
        match self {
            Change::Keep => None,
            Change::To(value) => Some(value),
        }
    }

    /// The new value itself, if there is one.
    #[must_use]
    pub fn into_option(self) -> Option<T> {
        match self {
            Change::Keep => None,
            Change::To(value) => Some(value),
        }
    }

    /// Whether the value is good; none is.
    ///
    /// ```
    /// # use plinth::http::Change;
    /// assert!(Change::Keep.is_none_or(|pages: &i32| *pages > 0));
    /// assert!(!Change::To(-1).is_none_or(|pages| *pages > 0));
    /// ```
    #[must_use]
    pub fn is_none_or(&self, is_good: impl FnOnce(&T) -> bool) -> bool {
        self.as_ref().is_none_or(is_good)
    }
}

// Serde asks only for fields that are there; the others are `Default`.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Change<T>, D::Error> {
        T::deserialize(deserializer).map(Change::To)
    }
}
