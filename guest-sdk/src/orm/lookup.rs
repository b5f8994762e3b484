//! What is looked for in text.

use std::borrow::Cow;

use bytes::BytesMut;
use postgres_types::Oid;

use super::aggregate::Aggregate;
use super::column::Column;
use super::condition::Q;
use super::expression::Expr;
use super::node::{Node, Op};
use super::null::MaybeNull;
use super::operand::Operand;
use crate::database::{ColumnType, EncodeError, Parameter};

/// The type of a column that holds text.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` column is not text",
    label = "this column holds `{Self}`",
    note = "compare it with `eq`, `gt`, `lt` or `between`"
)]
pub trait Text: MaybeNull {}

impl Text for String {}
impl Text for Option<String> {}

/// A text, or a column or an expression of text: what is looked for in
/// another.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a text to look for in a column of `{M}`",
    label = "expected a text, or a column of text of `{M}`",
    note = "text may be a `&str`, a `String`, a column or an expression"
)]
pub trait IntoText<M> {
    /// The text in the form that Postgres gets it in.
    #[doc(hidden)]
    fn into_text(self, form: TextForm) -> Operand;
}

/// What a text is made into before Postgres looks for it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum TextForm {
    /// Nothing else.
    Plain,
    /// A pattern in which it stands for itself, with anything before or after.
    Pattern { before: bool, after: bool },
    /// Words to search for, not too many and without NUL.
    Words,
}

impl TextForm {
    /// Of a text that is known here.
    fn of_str(self, text: &str) -> Operand {
        match self {
            Self::Pattern { before, after } => Operand::value(&pattern(before, text, after)),
            Self::Words if text.len() > SEARCH_BYTES_MAX => Operand::value(&TooLong),
            Self::Words if text.contains('\0') => Operand::value(&text.replace('\0', " ")),
            Self::Plain | Self::Words => Operand::value(&text),
        }
    }

    /// Of a text that only Postgres knows, which does to it what
    /// [`pattern`] does here.
    fn of_node(self, text: Node) -> Operand {
        Operand(match self {
            Self::Pattern { before, after } => Node::sql(escaped(before, after), vec![text]),
            Self::Plain | Self::Words => text,
        })
    }
}

/// A text as it is.
pub(super) fn plain<M>(text: impl IntoText<M>) -> Node {
    text.into_text(TextForm::Plain).0
}

/// Postgres takes minutes over some searches of a few ten thousand bytes, and
/// its stack ends over others.
const SEARCH_BYTES_MAX: usize = 4096;

/// What a text is when it is too long to search for.
struct TooLong;

impl Parameter for TooLong {
    fn oid(&self) -> Oid {
        String::SQL.oid
    }

    fn write(&self, _: &mut BytesMut) -> Result<bool, EncodeError> {
        Err(EncodeError::from(
            "a text to search for has more than 4096 bytes",
        ))
    }
}

fn pattern(before: bool, text: &str, after: bool) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push_str(if before { "%" } else { "" });
    for character in text.chars() {
        if matches!(character, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push_str(if after { "%" } else { "" });
    pattern
}

macro_rules! escaped {
    ($before:literal, $after:literal) => {
        &[
            concat!($before, "REPLACE(REPLACE(REPLACE("),
            concat!(r", '\', '\\'), '%', '\%'), '_', '\_')", $after),
        ]
    };
}

fn escaped(before: bool, after: bool) -> &'static [&'static str] {
    match (before, after) {
        (true, true) => escaped!("('%' || ", " || '%')"),
        (true, false) => escaped!("('%' || ", ")"),
        (false, true) => escaped!("(", " || '%')"),
        (false, false) => escaped!("", ""),
    }
}

macro_rules! texts {
    ($($ty:ty)*) => {$(
        impl<M> IntoText<M> for $ty {
            fn into_text(self, form: TextForm) -> Operand {
                form.of_str(self.as_ref())
            }
        }
    )*};
}

texts! { &str &&str String &String Cow<'_, str> &Cow<'_, str> Box<str> }

macro_rules! lookups {
    ($($Operand:ident)*) => {$(
        impl<M, T: Text> IntoText<M> for $Operand<M, T> {
            fn into_text(self, form: TextForm) -> Operand {
                form.of_node(self.node())
            }
        }

        /// Tests of text. `%`, `_` and `\` in what is looked for stand for
        /// themselves, also when it is a column.
        impl<M, T> $Operand<M, T> {
            /// Whether it contains `text`.
            pub fn contains(self, text: impl IntoText<M>) -> Q<M>
            where
                T: Text,
            {
                like(Op::Like, self.node(), text.into_text(CONTAINS))
            }

            /// Whether it contains `text`, in small or capital letters.
            pub fn icontains(self, text: impl IntoText<M>) -> Q<M>
            where
                T: Text,
            {
                like(Op::ILike, self.node(), text.into_text(CONTAINS))
            }

            /// Whether it begins with `text`: Django's `startswith`.
            pub fn starts_with(self, text: impl IntoText<M>) -> Q<M>
            where
                T: Text,
            {
                like(Op::Like, self.node(), text.into_text(STARTS))
            }

            /// Whether it begins with `text`, in small or capital letters:
            /// Django's `istartswith`.
            pub fn istarts_with(self, text: impl IntoText<M>) -> Q<M>
            where
                T: Text,
            {
                like(Op::ILike, self.node(), text.into_text(STARTS))
            }

            /// Whether it ends with `text`: Django's `endswith`.
            pub fn ends_with(self, text: impl IntoText<M>) -> Q<M>
            where
                T: Text,
            {
                like(Op::Like, self.node(), text.into_text(ENDS))
            }

            /// Whether it ends with `text`, in small or capital letters: Django's
            /// `iendswith`.
            pub fn iends_with(self, text: impl IntoText<M>) -> Q<M>
            where
                T: Text,
            {
                like(Op::ILike, self.node(), text.into_text(ENDS))
            }

            /// Whether it is `text`, in small or capital letters.
            pub fn iexact(self, text: impl IntoText<M>) -> Q<M>
            where
                T: Text,
            {
                like(Op::ILike, self.node(), text.into_text(EXACT))
            }

            /// Whether some part of it matches a regular expression of
            /// Postgres.
            ///
            /// One that is malformed is the statement's error, of
            /// [`sqlstate`](crate::Error::sqlstate) `2201B`. Some take very
            /// long to match, so take none from a client.
            pub fn regex(self, pattern: impl IntoText<M>) -> Q<M>
            where
                T: Text,
            {
                Q::new(Node::sql(&["", " ~ ", ""], vec![self.node(), plain(pattern)]))
            }

            /// Whether some part of it matches a regular expression of
            /// Postgres, in small or capital letters.
            pub fn iregex(self, pattern: impl IntoText<M>) -> Q<M>
            where
                T: Text,
            {
                Q::new(Node::sql(&["", " ~* ", ""], vec![self.node(), plain(pattern)]))
            }
        }
    )*};
}

const CONTAINS: TextForm = TextForm::Pattern {
    before: true,
    after: true,
};
const STARTS: TextForm = TextForm::Pattern {
    before: false,
    after: true,
};
const ENDS: TextForm = TextForm::Pattern {
    before: true,
    after: false,
};
const EXACT: TextForm = TextForm::Pattern {
    before: false,
    after: false,
};

lookups! { Column Expr Aggregate }

fn like<M>(op: Op, text: Node, pattern: Operand) -> Q<M> {
    Q::new(Node::binary(op, text, pattern.0))
}
