use std::borrow::Cow;
use std::fmt;

use postgres_types::Type;
use serde::de::{Deserialize, Deserializer, Error as _};

use crate::database::{ColumnType, DecodeError};

/// An enum whose values are texts in a column, Django's `TextChoices`; derived
/// with
/// [`#[derive(Choices)]`](derive@crate::Choices).
pub trait Choices: Sized + 'static {
    /// The texts, in the order of the variants.
    const TEXTS: &'static [&'static str];

    /// The text of this value.
    fn text(&self) -> &'static str;

    /// The value of a text.
    ///
    /// # Errors
    ///
    /// When no variant has this text; the error names those that there are.
    fn from_text(text: &str) -> Result<Self, UnknownChoice>;
}

/// A text that is none of the choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownChoice {
    text: String,
    choices: &'static [&'static str],
}

impl UnknownChoice {
    /// The error of `text` not being one of `choices`.
    #[must_use]
    pub fn new(text: &str, choices: &'static [&'static str]) -> Self {
        let text = text.to_owned();
        Self { text, choices }
    }

    /// The texts that there are.
    #[must_use]
    pub fn choices(&self) -> &'static [&'static str] {
        self.choices
    }
}

impl fmt::Display for UnknownChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, choices } = self;
        write!(f, "`{text}` is not one of: {}", choices.join(", "))
    }
}

impl std::error::Error for UnknownChoice {}

/// Reads a choice out of the database, for derived code.
#[doc(hidden)]
pub fn decode_choice<T: Choices>(ty: &Type, raw: Option<&[u8]>) -> Result<T, DecodeError> {
    let text = String::decode(ty, raw)?;
    T::from_text(&text).map_err(|e| DecodeError::from(e.to_string()))
}

/// Reads a choice out of a request, for derived code.
#[doc(hidden)]
pub fn deserialize_choice<'de, T: Choices, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    T::from_text(&text).map_err(D::Error::custom)
}
