//! Full-text search.

mod headline;
mod query;
mod rank;

use std::fmt;
use std::marker::PhantomData;

pub use headline::HeadlineOptions;
pub use query::{SearchQuery, search_query};
pub use rank::RankOptions;

use super::aggregate::Aggregate;
use super::column::Column;
use super::condition::Q;
use super::expression::Expr;
use super::lookup::{IntoText, Text, TextForm};
use super::node::{Node, Op};

/// How texts are made into words where a query does not say it.
const ENGLISH: &str = "english";

/// The words of texts, in which a query is looked for: Django's
/// `SearchVector`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String, pub blurb: Option<String> }
/// use plinth::orm::{SearchQuery, Weight, search_vector};
///
/// let words = search_vector((Book::title.weight(Weight::A), Book::blurb.weight(Weight::B)));
/// let query = SearchQuery::websearch("\"left hand\" or darkness -dune");
/// let found = Book::objects()
///     .filter(words.clone().matches(query.clone()))
///     .order_by([words.rank(query).desc(), Book::id.asc()]);
/// assert_eq!(
///     found.to_sql()?.sql(),
///     "SELECT \"id\", \"title\", \"blurb\" FROM \"books\" WHERE \
///      (SETWEIGHT(TO_TSVECTOR('english', \"title\"), 'A') || \
///      SETWEIGHT(TO_TSVECTOR('english', COALESCE(\"blurb\", '')), 'B')) @@ \
///      WEBSEARCH_TO_TSQUERY('english', $1) ORDER BY TS_RANK(\
///      (SETWEIGHT(TO_TSVECTOR('english', \"title\"), 'A') || \
///      SETWEIGHT(TO_TSVECTOR('english', COALESCE(\"blurb\", '')), 'B')), \
///      WEBSEARCH_TO_TSQUERY('english', $2)) DESC, \"id\" ASC"
/// );
/// # Ok::<(), plinth::Error>(())
/// ```
///
/// An index over the same expression, `USING gin (to_tsvector('english', title))`,
/// makes the search quick.
pub fn search_vector<M>(texts: impl SearchTexts<M>) -> SearchVector<M> {
    let mut found = FoundTexts(Vec::new());
    texts.push_to(&mut found);
    SearchVector {
        texts: found.0,
        config: Some(ENGLISH),
        model: PhantomData,
    }
}

/// The words of texts; made by [`search_vector`].
#[must_use = "a search vector does nothing until `matches` or `rank`"]
pub struct SearchVector<M> {
    texts: Vec<(Node, Option<Weight>)>,
    config: Option<&'static str>,
    model: PhantomData<fn() -> M>,
}

/// How much a text counts in a [rank](SearchVector::rank): `A` the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are called so")]
pub enum Weight {
    A,
    B,
    C,
    D,
}

impl<M> SearchVector<M> {
    /// Makes words as another of the database's configurations does, such as
    /// `"german"` or `"simple"`, instead of `"english"`.
    ///
    /// A name that could not be one is
    /// [`is_invalid_query`](crate::Error::is_invalid_query).
    pub fn config(mut self, config: &'static str) -> Self {
        self.config = Some(config);
        self
    }

    /// Whether the words are what the query asks for: `@@`.
    pub fn matches(self, query: SearchQuery<M>) -> Q<M> {
        let operands = vec![self.into_node(), query.into_node()];
        Q::new(Node::sql(&["", " @@ ", ""], operands))
    }

    /// How well the words are what the query asks for: Django's `SearchRank`.
    pub fn rank(self, query: SearchQuery<M>) -> Expr<M, f32> {
        self.rank_with(query, &RankOptions::new())
    }

    /// As [`rank`](Self::rank), reckoned otherwise.
    pub fn rank_with(self, query: SearchQuery<M>, options: &RankOptions) -> Expr<M, f32> {
        Expr::new(rank::rank::<M>(
            self.into_node(),
            query.into_node(),
            options,
        ))
    }

    fn into_node(self) -> Node {
        let config = self.config;
        let texts = self.texts.into_iter();
        let vectors = texts.map(|(text, weight)| weighted(vector(config, text), weight));
        let sum = vectors.reduce(|left, right| Node::sql(&["(", " || ", ")"], vec![left, right]));
        sum.unwrap_or_else(|| Node::sql(&["TO_TSVECTOR('')"], Vec::new()))
    }
}

fn vector(config: Option<&'static str>, text: Node) -> Node {
    let text = Node::unary(Op::OrEmpty, text);
    match config {
        Some(config) => Node::sql(&["TO_TSVECTOR(", ", ", ")"], vec![named(config), text]),
        None => Node::sql(&["TO_TSVECTOR(", ")"], vec![text]),
    }
}

fn named(config: &'static str) -> Node {
    Node::Op(Op::SearchConfig(config), Vec::new())
}

fn weighted(vector: Node, weight: Option<Weight>) -> Node {
    let pieces: &[&str] = match weight {
        None => return vector,
        Some(Weight::A) => &["SETWEIGHT(", ", 'A')"],
        Some(Weight::B) => &["SETWEIGHT(", ", 'B')"],
        Some(Weight::C) => &["SETWEIGHT(", ", 'C')"],
        Some(Weight::D) => &["SETWEIGHT(", ", 'D')"],
    };
    Node::sql(pieces, vec![vector])
}

/// What is searched: a column or an expression of text, one with a weight, or a
/// tuple of up to eight of these. NULL is no words.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not text of `{M}` to search in",
    label = "expected columns of text of `{M}`",
    note = "give a column, `Book::title`, one with a weight, `Book::title.weight(Weight::A)`, \
            or a tuple of some"
)]
pub trait SearchTexts<M> {
    /// Adds the texts.
    #[doc(hidden)]
    fn push_to(self, texts: &mut FoundTexts);
}

/// Texts without their types.
#[doc(hidden)]
#[derive(Debug)]
pub struct FoundTexts(Vec<(Node, Option<Weight>)>);

/// A text and how much it counts; made by `Book::title.weight(Weight::A)`.
#[must_use = "a weight means nothing outside `search_vector`"]
pub struct Weighted<M> {
    text: Node,
    weight: Weight,
    model: PhantomData<fn() -> M>,
}

impl<M> SearchTexts<M> for Weighted<M> {
    fn push_to(self, texts: &mut FoundTexts) {
        texts.0.push((self.text, Some(self.weight)));
    }
}

macro_rules! searched {
    ($($Operand:ident)*) => {$(
        impl<M, T: Text> SearchTexts<M> for $Operand<M, T> {
            fn push_to(self, texts: &mut FoundTexts) {
                texts.0.push((self.node(), None));
            }
        }

        /// Full-text search.
        impl<M, T> $Operand<M, T> {
            /// Whether all words of `text` are in it, in the database's default
            /// configuration: Django's `search` lookup. Whatever the text is, it
            /// is no error of the statement; see [`SearchQuery`].
            pub fn search(self, text: impl IntoText<M>) -> Q<M>
            where
                T: Text,
            {
                let query = Node::sql(
                    &["PLAINTO_TSQUERY(", ")"],
                    vec![text.into_text(TextForm::Words).0],
                );
                let operands = vec![vector(None, self.node()), query];
                Q::new(Node::sql(&["", " @@ ", ""], operands))
            }

            /// How much it counts in a [`search_vector`].
            pub fn weight(self, weight: Weight) -> Weighted<M>
            where
                T: Text,
            {
                Weighted {
                    text: self.node(),
                    weight,
                    model: PhantomData,
                }
            }

            /// The parts of it that a query asks for, marked: Django's
            /// `SearchHeadline`.
            ///
            /// The text comes as it is, whatever HTML is in it: escape it
            /// before a browser sees it.
            ///
            /// ```
            /// # #[derive(plinth::Model)]
            /// # #[model(table = "books")]
            /// # pub struct Book { #[model(key, auto)] pub id: i64, pub blurb: String }
            /// use plinth::orm::{HeadlineOptions, search_query};
            ///
            /// let options = HeadlineOptions::new().marks("[", "]").max_words(20);
            /// let query = Book::objects()
            ///     .values((Book::id, Book::blurb.headline(search_query("winter"), &options)));
            /// # assert!(query.to_sql().is_ok());
            /// ```
            pub fn headline(self, query: SearchQuery<M>, options: &HeadlineOptions) -> Expr<M, T>
            where
                T: Text,
            {
                Expr::new(headline::headline(self.node(), query, options))
            }
        }
    )*};
}

searched! { Column Expr Aggregate }

macro_rules! tuples {
    ($(($($S:ident $index:tt),+))*) => {$(
        impl<M, $($S: SearchTexts<M>),+> SearchTexts<M> for ($($S,)+) {
            fn push_to(self, texts: &mut FoundTexts) {
                $(self.$index.push_to(texts);)+
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

impl<M> Clone for SearchVector<M> {
    fn clone(&self) -> Self {
        Self {
            texts: self.texts.clone(),
            ..*self
        }
    }
}

impl<M> fmt::Debug for SearchVector<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.texts.fmt(f)
    }
}

impl<M> fmt::Debug for Weighted<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (&self.text, self.weight).fmt(f)
    }
}
