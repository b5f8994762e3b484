//! Functions of text.

use crate::orm::aggregate::Aggregate;
use crate::orm::column::Column;
use crate::orm::expression::Expr;
use crate::orm::lookup::{IntoText, Text, plain};
use crate::orm::node::{Node, NullSafe, Nulls, Op};
use crate::orm::operand::IntoOperand;

fn call<M, T>(pieces: &'static [&'static str], operands: Vec<Node>) -> Expr<M, T> {
    Expr::new(Node::sql(pieces, operands))
}

static CONCAT: NullSafe = NullSafe {
    usual: &["(", " || ", ")"],
    of_null: &["(", " || COALESCE(", ", ''))"],
    subject: Some(0),
    nulls: Nulls::First,
};
static REPLACE: NullSafe = NullSafe {
    usual: &["REPLACE(", ", ", ", ", ")"],
    of_null: &[
        "(SELECT COALESCE(REPLACE(a, b, c), a) FROM (VALUES (",
        ", ",
        ", ",
        ")) AS e(a, b, c))",
    ],
    subject: Some(0),
    nulls: Nulls::First,
};

macro_rules! text_functions {
    ($($Operand:ident)*) => {$(
        /// Functions of text, NULL of NULL. They can be chained:
        /// `Book::title.trim().lower().starts_with("a")`.
        impl<M, T> $Operand<M, T> {
            /// The text in small letters.
            pub fn lower(self) -> Expr<M, T>
            where
                T: Text,
            {
                Expr::new(Node::unary(Op::Function("LOWER"), self.node()))
            }

            /// The text in capital letters.
            pub fn upper(self) -> Expr<M, T>
            where
                T: Text,
            {
                Expr::new(Node::unary(Op::Function("UPPER"), self.node()))
            }

            /// The text with a capital letter at the beginning of each word.
            pub fn initcap(self) -> Expr<M, T>
            where
                T: Text,
            {
                Expr::new(Node::unary(Op::Function("INITCAP"), self.node()))
            }

            /// The text without spaces at either end.
            pub fn trim(self) -> Expr<M, T>
            where
                T: Text,
            {
                Expr::new(Node::unary(Op::Function("BTRIM"), self.node()))
            }

            /// The text without spaces at its beginning: Django's `LTrim`.
            pub fn trim_start(self) -> Expr<M, T>
            where
                T: Text,
            {
                Expr::new(Node::unary(Op::Function("LTRIM"), self.node()))
            }

            /// The text without spaces at its end: Django's `RTrim`.
            pub fn trim_end(self) -> Expr<M, T>
            where
                T: Text,
            {
                Expr::new(Node::unary(Op::Function("RTRIM"), self.node()))
            }

            /// How many characters the text has.
            pub fn length(self) -> Expr<M, T::Like<i32>>
            where
                T: Text,
            {
                Expr::new(Node::unary(Op::Function("LENGTH"), self.node()))
            }

            /// The text with its characters in the opposite order.
            pub fn reverse(self) -> Expr<M, T>
            where
                T: Text,
            {
                Expr::new(Node::unary(Op::Function("REVERSE"), self.node()))
            }

            /// The MD5 sum of the text, in hexadecimal digits. It tells equal
            /// texts and protects nothing.
            pub fn md5(self) -> Expr<M, T>
            where
                T: Text,
            {
                Expr::new(Node::unary(Op::Function("MD5"), self.node()))
            }

            /// The text and another behind it: Django's `Concat`. One that is
            /// NULL adds nothing.
            pub fn concat(self, text: impl IntoText<M>) -> Expr<M, T>
            where
                T: Text,
            {
                let operands = vec![self.node(), plain(text)];
                Expr::new(Node::op(Op::NullSafe(&CONCAT), operands))
            }

            /// The text with every `from` replaced; as it is where one of both
            /// is NULL.
            pub fn replace(self, from: impl IntoText<M>, to: impl IntoText<M>) -> Expr<M, T>
            where
                T: Text,
            {
                let operands = vec![self.node(), plain(from), plain(to)];
                Expr::new(Node::op(Op::NullSafe(&REPLACE), operands))
            }

            /// The first characters; with a number below zero, all but the
            /// last.
            pub fn left(self, characters: impl IntoOperand<M, i32>) -> Expr<M, T>
            where
                T: Text,
            {
                let operands = vec![self.node(), characters.into_operand().0];
                call(&["LEFT(", ", ", ")"], operands)
            }

            /// The last characters; with a number below zero, all but the
            /// first.
            pub fn right(self, characters: impl IntoOperand<M, i32>) -> Expr<M, T>
            where
                T: Text,
            {
                let operands = vec![self.node(), characters.into_operand().0];
                call(&["RIGHT(", ", ", ")"], operands)
            }

            /// So many characters from a position on, which is 1 at the
            /// beginning. A length below zero is the statement's error.
            pub fn substr(
                self,
                position: impl IntoOperand<M, i32>,
                length: impl IntoOperand<M, i32>,
            ) -> Expr<M, T>
            where
                T: Text,
            {
                let (position, length) = (position.into_operand().0, length.into_operand().0);
                let operands = vec![self.node(), position, length];
                call(&["SUBSTR(", ", ", ", ", ")"], operands)
            }

            /// The position at which `text` first stands in it, 1 at the
            /// beginning and 0 nowhere: Django's `StrIndex`.
            pub fn position(self, text: impl IntoText<M>) -> Expr<M, T::Like<i32>>
            where
                T: Text,
            {
                call(&["STRPOS(", ", ", ")"], vec![self.node(), plain(text)])
            }

            /// The text so many times.
            pub fn repeat(self, times: impl IntoOperand<M, i32>) -> Expr<M, T>
            where
                T: Text,
            {
                let operands = vec![self.node(), times.into_operand().0];
                call(&["REPEAT(", ", ", ")"], operands)
            }

            /// The part with this number, 1 for the first, where a separator
            /// parts the text; below zero, counted from the end. Part 0 is the
            /// statement's error.
            pub fn split_part(
                self,
                separator: impl IntoText<M>,
                part: impl IntoOperand<M, i32>,
            ) -> Expr<M, T>
            where
                T: Text,
            {
                let operands = vec![self.node(), plain(separator), part.into_operand().0];
                call(&["SPLIT_PART(", ", ", ", ", ")"], operands)
            }
        }
    )*};
}

text_functions! { Column Expr Aggregate }
