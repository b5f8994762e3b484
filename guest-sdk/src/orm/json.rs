//! Columns of JSON.

use serde_json::Value;

use super::aggregate::Aggregate;
use super::array::IntoArray;
use super::column::Column;
use super::condition::Q;
use super::expression::Expr;
use super::lookup::{IntoText, plain};
use super::node::{Node, NullSafe, Nulls, Op};
use super::null::MaybeNull;
use super::operand::IntoOperand;
use crate::http::Json;

/// The type of a column that holds JSON: `jsonb`.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` column is not JSON",
    label = "this column holds `{Self}`",
    note = "JSON is a column of `Json<T>` or `serde_json::Value`; of arrays, see `has` and `contains_all`"
)]
pub trait Document: MaybeNull {}

impl Document for Value {}
impl Document for Option<Value> {}
impl<T> Document for Json<T> {}
impl<T> Document for Option<Json<T>> {}

/// Of two documents what there is.
static MERGE: NullSafe = NullSafe {
    usual: &["(", " || ", ")"],
    of_null: &[
        "(SELECT COALESCE(a || b, a, b) FROM (VALUES (",
        ", ",
        ")) AS e(a, b))",
    ],
    subject: None,
    nulls: Nulls::All,
};
/// Postgres passes over a NULL in an array of keys.
static WITHOUT_KEY: NullSafe = NullSafe {
    usual: &["(", " - ", ")"],
    of_null: &["(", " - ARRAY[", "])"],
    subject: Some(0),
    nulls: Nulls::First,
};
/// At an empty path Postgres leaves the document as it is.
static WITH_PATH: NullSafe = NullSafe {
    usual: &["JSONB_SET(", ", ", ", ", ")"],
    of_null: &[
        "(SELECT JSONB_SET(a, CASE WHEN ARRAY_POSITION(b, NULL) IS NULL \
         THEN COALESCE(b, '{}') ELSE '{}' END, COALESCE(c, 'null')) FROM (VALUES (",
        ", ",
        ", ",
        ")) AS e(a, b, c))",
    ],
    subject: Some(0),
    nulls: Nulls::First,
};
/// Postgres passes over the keys that are NULL, which no object has.
static HAS_KEYS: NullSafe = NullSafe {
    usual: &["", " ?& ", ""],
    of_null: &[
        "(SELECT a ?& b AND ARRAY_POSITION(b, NULL) IS NULL FROM (VALUES (",
        ", ",
        ")) AS e(a, b))",
    ],
    subject: Some(0),
    nulls: Nulls::Strict,
};

macro_rules! documents {
    ($($Operand:ident)*) => {$(
        /// Paths, tests and functions of JSON.
        ///
        /// ```
        /// # #[derive(plinth::Model)]
        /// # #[model(table = "books")]
        /// # pub struct Book { #[model(key, auto)] pub id: i64, pub extra: serde_json::Value }
        /// use serde_json::json;
        ///
        /// let french = Book::extra.key("translation").text("language").eq("fr");
        /// let signed = Book::extra.contains_json(json!({ "signed": true }));
        /// assert_eq!(
        ///     Book::objects().filter(french & signed).to_sql()?.sql(),
        ///     "SELECT \"id\", \"extra\" FROM \"books\" \
        ///      WHERE ((\"extra\" -> $1) ->> $2) = $3 AND \"extra\" @> $4"
        /// );
        /// # Ok::<(), plinth::Error>(())
        /// ```
        ///
        /// `contains_json` and `has_key` are those that a GIN index helps.
        impl<M, T> $Operand<M, T> {
            /// The value of a key, `None` where there is no such: `->`.
            ///
            /// Where there is one and it is `null`, that is a value of JSON and
            /// not `None`.
            pub fn key(self, key: impl IntoText<M>) -> Expr<M, Option<Value>>
            where
                T: Document,
            {
                Expr::new(Node::sql_or_null(&["(", " -> ", ")"], vec![self.node(), plain(key)]))
            }

            /// The item of a list at a position, 0 for the first and -1 for the
            /// last, `None` where there is none: `->`.
            pub fn item(self, index: impl IntoOperand<M, i32>) -> Expr<M, Option<Value>>
            where
                T: Document,
            {
                let operands = vec![self.node(), index.into_operand().0];
                Expr::new(Node::sql_or_null(&["(", " -> ", ")"], operands))
            }

            /// The value of a key as text, `None` where there is no such or it
            /// is `null`: `->>`.
            pub fn text(self, key: impl IntoText<M>) -> Expr<M, Option<String>>
            where
                T: Document,
            {
                Expr::new(Node::sql_or_null(&["(", " ->> ", ")"], vec![self.node(), plain(key)]))
            }

            /// The value itself as text, a string without its quotes, `None`
            /// where it is `null`: Django's `KeyTextTransform`.
            pub fn as_text(self) -> Expr<M, Option<String>>
            where
                T: Document,
            {
                Expr::new(Node::sql_or_null(&["(", " #>> '{}')"], vec![self.node()]))
            }

            /// Whether all of `json` is in it, objects with the same values of
            /// their keys, and lists with the same items: Django's `contains`.
            pub fn contains_json(self, json: impl IntoOperand<M, Value>) -> Q<M>
            where
                T: Document,
            {
                let operands = vec![self.node(), json.into_operand().0];
                Q::new(Node::sql(&["", " @> ", ""], operands))
            }

            /// Whether all of it is in `json`: Django's `contained_by`.
            pub fn contained_by_json(self, json: impl IntoOperand<M, Value>) -> Q<M>
            where
                T: Document,
            {
                let operands = vec![self.node(), json.into_operand().0];
                Q::new(Node::sql(&["", " <@ ", ""], operands))
            }

            /// Whether it is an object with this key, or a list with this
            /// string.
            pub fn has_key(self, key: impl IntoText<M>) -> Q<M>
            where
                T: Document,
            {
                Q::new(Node::sql(&["", " ? ", ""], vec![self.node(), plain(key)]))
            }

            /// Whether it has all of these keys, none of which is NULL.
            pub fn has_keys(self, keys: impl IntoArray<M, String>) -> Q<M>
            where
                T: Document,
            {
                let operands = vec![self.node(), keys.into_array().0];
                Q::new(Node::op(Op::NullSafe(&HAS_KEYS), operands))
            }

            /// Whether it has any of these keys.
            pub fn has_any_keys(self, keys: impl IntoArray<M, String>) -> Q<M>
            where
                T: Document,
            {
                let operands = vec![self.node(), keys.into_array().0];
                Q::new(Node::sql(&["", " ?| ", ""], operands))
            }

            /// It with the keys of another object, whose values win; of lists,
            /// both one behind the other: `||`. Where one of both is NULL, the
            /// other.
            ///
            /// ```
            /// # #[derive(plinth::Model)]
            /// # #[model(table = "books")]
            /// # pub struct Book { #[model(key, auto)] pub id: i64, pub extra: serde_json::Value }
            /// use serde_json::json;
            ///
            /// let sign = Book::extra.set(Book::extra.merge(json!({ "signed": true })));
            /// let update = Book::objects().update([sign]);
            /// # assert!(update.to_sql()?.sql().contains("= (\"extra\" || $1)"));
            /// # Ok::<(), plinth::Error>(())
            /// ```
            pub fn merge(self, json: impl IntoOperand<M, Value>) -> Expr<M, T>
            where
                T: Document,
            {
                let operands = vec![self.node(), json.into_operand().0];
                Expr::new(Node::op(Op::NullSafe(&MERGE), operands))
            }

            /// It without a key: `-`. A key that is NULL leaves it as it is.
            pub fn without_key(self, key: impl IntoText<M>) -> Expr<M, T>
            where
                T: Document,
            {
                let operands = vec![self.node(), plain(key)];
                Expr::new(Node::op(Op::NullSafe(&WITHOUT_KEY), operands))
            }

            /// It with another value at the end of a path of keys and of the
            /// numbers of items: `jsonb_set`. Where all but the last of the
            /// path is missing, or any of it is NULL, it stays as it is.
            ///
            /// A value that is NULL is JSON's `null` there.
            pub fn with_path(
                self,
                path: impl IntoArray<M, String>,
                json: impl IntoOperand<M, Value>,
            ) -> Expr<M, T>
            where
                T: Document,
            {
                let operands = vec![self.node(), path.into_array().0, json.into_operand().0];
                Expr::new(Node::op(Op::NullSafe(&WITH_PATH), operands))
            }
        }
    )*};
}

documents! { Column Expr Aggregate }
