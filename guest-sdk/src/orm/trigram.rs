//! Text that is alike, by the groups of three characters in it.

use super::aggregate::Aggregate;
use super::column::Column;
use super::condition::Q;
use super::expression::Expr;
use super::lookup::{IntoText, Text, plain};
use super::node::Node;

macro_rules! trigrams {
    ($($Operand:ident)*) => {$(
        /// How alike texts are, by the groups of three characters in them.
        ///
        /// These are of the extension `pg_trgm`, which whoever owns the
        /// database adds once: `CREATE EXTENSION pg_trgm`. An index
        /// `USING gist (title gist_trgm_ops)` helps the tests and the
        /// orderings by a distance.
        ///
        /// ```
        /// # #[derive(plinth::Model)]
        /// # #[model(table = "books")]
        /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String }
        /// let alike = Book::objects()
        ///     .filter(Book::title.trigram_similar("Lefd Hand"))
        ///     .order_by([Book::title.trigram_distance("Lefd Hand").asc()])
        ///     .limit(5);
        /// # assert!(alike.to_sql()?.sql().contains("WHERE \"title\" % $1"));
        /// # Ok::<(), plinth::Error>(())
        /// ```
        impl<M, T> $Operand<M, T> {
            /// How alike the texts are, from 0 to 1: Django's
            /// `TrigramSimilarity`.
            pub fn similarity(self, text: impl IntoText<M>) -> Expr<M, T::Like<f32>>
            where
                T: Text,
            {
                let operands = vec![self.node(), plain(text)];
                Expr::new(Node::sql(&["SIMILARITY(", ", ", ")"], operands))
            }

            /// How alike `text` is to the most alike part of this, from 0 to 1:
            /// Django's `TrigramWordSimilarity`.
            pub fn word_similarity(self, text: impl IntoText<M>) -> Expr<M, T::Like<f32>>
            where
                T: Text,
            {
                let operands = vec![plain(text), self.node()];
                Expr::new(Node::sql(&["WORD_SIMILARITY(", ", ", ")"], operands))
            }

            /// How far apart the texts are, from 0 to 1: Django's
            /// `TrigramDistance`. An index orders by it.
            pub fn trigram_distance(self, text: impl IntoText<M>) -> Expr<M, T::Like<f32>>
            where
                T: Text,
            {
                let operands = vec![self.node(), plain(text)];
                Expr::new(Node::sql(&["(", " <-> ", ")"], operands))
            }

            /// How far `text` is from the most alike part of this, from 0 to 1:
            /// Django's `TrigramWordDistance`.
            pub fn trigram_word_distance(self, text: impl IntoText<M>) -> Expr<M, T::Like<f32>>
            where
                T: Text,
            {
                let operands = vec![plain(text), self.node()];
                Expr::new(Node::sql(&["(", " <<-> ", ")"], operands))
            }

            /// Whether the texts are more alike than Postgres'
            /// `pg_trgm.similarity_threshold`, at first 0.3.
            pub fn trigram_similar(self, text: impl IntoText<M>) -> Q<M>
            where
                T: Text,
            {
                Q::new(Node::sql(&["", " % ", ""], vec![self.node(), plain(text)]))
            }

            /// Whether `text` is more like some part of this than Postgres'
            /// `pg_trgm.word_similarity_threshold`, at first 0.6.
            pub fn trigram_word_similar(self, text: impl IntoText<M>) -> Q<M>
            where
                T: Text,
            {
                Q::new(Node::sql(&["", " <% ", ""], vec![plain(text), self.node()]))
            }
        }
    )*};
}

trigrams! { Column Expr Aggregate }
