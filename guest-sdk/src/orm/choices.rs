use std::fmt;

/// An enum whose values are texts in a column; derived with
/// [`#[derive(Choices)]`](derive@crate::Choices).
pub trait Choices: Copy + Sized + 'static {
    /// The texts, in the order of the variants.
    const TEXTS: &'static [&'static str];

    /// The text of this value.
    fn text(self) -> &'static str;

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
