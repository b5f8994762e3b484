use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use super::{ENGLISH, named};
use crate::orm::lookup::{IntoText, TextForm};
use crate::orm::node::{LEVELS_MAX, Node};

/// What is searched for: all of the words in a text, as
/// [`SearchQuery::plain`].
pub fn search_query<M>(text: impl IntoText<M>) -> SearchQuery<M> {
    SearchQuery::plain(text)
}

/// What is searched for: Django's `SearchQuery`. Queries are joined with `&`
/// and `|` and negated with `!`.
///
/// ```
/// # #[derive(plinth::Model)]
/// # #[model(table = "books")]
/// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String }
/// use plinth::orm::{SearchQuery, search_query, search_vector};
///
/// let query = SearchQuery::phrase("left hand") & !search_query("dune");
/// let found = Book::objects().filter(search_vector(Book::title).matches(query));
/// # assert!(found.to_sql().is_ok());
/// ```
///
/// Text of a client is no error of the statement in any syntax but
/// [`raw`](Self::raw). One of more than 4096 bytes is
/// [`is_encode`](crate::Error::is_encode), for Postgres could take minutes
/// over it.
#[must_use = "a search query does nothing until a vector `matches` it"]
pub struct SearchQuery<M> {
    term: Term,
    model: PhantomData<fn() -> M>,
}

#[derive(Clone, Debug)]
enum Term {
    Text {
        syntax: Syntax,
        config: &'static str,
        text: Node,
    },
    /// SQL around others.
    Joined(&'static [&'static str], Vec<Term>),
}

#[derive(Clone, Copy, Debug)]
enum Syntax {
    Plain,
    Phrase,
    WebSearch,
    Raw,
}

impl<M> SearchQuery<M> {
    /// All of the words in a text, whatever is between them.
    pub fn plain(text: impl IntoText<M>) -> Self {
        Self::of_text(Syntax::Plain, text)
    }

    /// The words in a text, one behind the other.
    pub fn phrase(text: impl IntoText<M>) -> Self {
        Self::of_text(Syntax::Phrase, text)
    }

    /// What people type into search engines: words, `"phrases"`, `or`, and `-`
    /// before what is not to be there.
    pub fn websearch(text: impl IntoText<M>) -> Self {
        Self::of_text(Syntax::WebSearch, text)
    }

    /// Postgres' own syntax: `'left' & (hand | foot:*) & !dune`.
    ///
    /// A text that is none is the statement's error, of which
    /// [`is_invalid_search`](crate::Error::is_invalid_search) is true.
    pub fn raw(text: impl IntoText<M>) -> Self {
        Self::of_text(Syntax::Raw, text)
    }

    /// Makes words as another of the database's configurations does, such as
    /// `"german"` or `"simple"`, instead of `"english"`: the one that the
    /// [vector](super::SearchVector::config) has.
    pub fn config(mut self, config: &'static str) -> Self {
        self.term.set_config(config);
        self
    }

    pub(super) fn first_config(&self) -> &'static str {
        self.term.first_config()
    }

    pub(super) fn into_node(self) -> Node {
        self.term.into_node()
    }

    fn of_text(syntax: Syntax, text: impl IntoText<M>) -> Self {
        let text = text.into_text(TextForm::Words).0;
        Self::of(Term::Text {
            syntax,
            config: ENGLISH,
            text,
        })
    }

    fn of(term: Term) -> Self {
        Self {
            term,
            model: PhantomData,
        }
    }
}

impl Term {
    /// SQL around others, as far as these do not nest without end.
    fn joined(pieces: &'static [&'static str], mut terms: Vec<Self>) -> Self {
        let too_deep = terms
            .iter_mut()
            .filter(|term| term.is_deeper_than(LEVELS_MAX));
        for term in too_deep {
            *term = Self::Text {
                syntax: Syntax::Plain,
                config: ENGLISH,
                text: Node::too_deep(),
            };
        }
        Self::Joined(pieces, terms)
    }

    fn is_deeper_than(&self, levels: usize) -> bool {
        match (self, levels.checked_sub(1)) {
            (_, None) => true,
            (Self::Text { text, .. }, Some(levels)) => text.is_deeper_than(levels),
            (Self::Joined(_, terms), Some(levels)) => {
                terms.iter().any(|term| term.is_deeper_than(levels))
            }
        }
    }

    fn set_config(&mut self, name: &'static str) {
        match self {
            Self::Text { config, .. } => *config = name,
            Self::Joined(_, terms) => terms.iter_mut().for_each(|term| term.set_config(name)),
        }
    }

    fn first_config(&self) -> &'static str {
        match self {
            Self::Text { config, .. } => config,
            Self::Joined(_, terms) => terms.first().map_or(ENGLISH, Self::first_config),
        }
    }

    fn into_node(self) -> Node {
        match self {
            Self::Joined(pieces, terms) => {
                let terms = terms.into_iter().map(Self::into_node);
                Node::sql(pieces, terms.collect())
            }
            Self::Text {
                syntax,
                config,
                text,
            } => Node::sql(syntax.pieces(), vec![named(config), text]),
        }
    }
}

impl Syntax {
    fn pieces(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &["PLAINTO_TSQUERY(", ", ", ")"],
            Self::Phrase => &["PHRASETO_TSQUERY(", ", ", ")"],
            Self::WebSearch => &["WEBSEARCH_TO_TSQUERY(", ", ", ")"],
            Self::Raw => &["TO_TSQUERY(", ", ", ")"],
        }
    }
}

impl<M> BitAnd for SearchQuery<M> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        let terms = vec![self.term, other.term];
        Self::of(Term::joined(&["(", " && ", ")"], terms))
    }
}

impl<M> BitOr for SearchQuery<M> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        let terms = vec![self.term, other.term];
        Self::of(Term::joined(&["(", " || ", ")"], terms))
    }
}

impl<M> Not for SearchQuery<M> {
    type Output = Self;

    fn not(self) -> Self {
        Self::of(Term::joined(&["(!! ", ")"], vec![self.term]))
    }
}

impl<M> Clone for SearchQuery<M> {
    fn clone(&self) -> Self {
        Self::of(self.term.clone())
    }
}

impl<M> fmt::Debug for SearchQuery<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.term.fmt(f)
    }
}
