//! The query string.

mod deserializer;
mod error;
mod value;

use serde::de::DeserializeOwned;

use self::error::Error;
use crate::http::{FromRequest, Problem};
use crate::request::Request;

/// The query string, read into a struct by serde.
///
/// A value that is not of its field's type is a 400 that names the parameter,
/// and so is a missing one, unless its field is an `Option` or has a
/// `#[serde(default)]`. An empty value is `None` for an `Option`. A repeated
/// parameter fills a `Vec`. Parameters that `T` does not have are ignored, unless
/// it says `#[serde(deny_unknown_fields)]`.
///
/// ```
/// use plinth::http::Query;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Search {
///     term: String,
///     page: Option<u32>,
///     #[serde(default)]
///     tag: Vec<String>,
/// }
///
/// /// Search for something.
/// #[plinth::get("/search")]
/// fn search(Query(search): Query<Search>) -> String {
///     format!("{} on page {}", search.term, search.page.unwrap_or(1))
/// }
///
/// let query = Query::parse("term=red+shoes&tag=new&tag=sale").unwrap();
/// assert_eq!(search(query), "red shoes on page 1");
/// ```
///
/// `#[serde(flatten)]` works for fields of text only: serde no longer knows the
/// others' types when it reads them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(
    /// The value.
    pub T,
);

impl<T: DeserializeOwned> Query<T> {
    /// Reads a query string, without its question mark.
    ///
    /// # Errors
    ///
    /// A problem with status 400 that names the parameter.
    pub fn parse(query: &str) -> Result<Query<T>, Problem> {
        let pairs = deserializer::Pairs::parse(query);
        T::deserialize(pairs)
            .map(Query)
            .map_err(Error::into_problem)
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    fn from_request(request: &Request) -> Result<Query<T>, Problem> {
        Query::parse(request.query())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct List {
        limit: Option<u8>,
        #[serde(default)]
        after: i64,
        search: Option<String>,
        sort: Option<Sort>,
        #[serde(default)]
        tag: Vec<String>,
        exact: Option<bool>,
        ratio: Option<f32>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Sort {
        Title,
        Price,
    }

    fn list(query: &str) -> List {
        Query::parse(query).unwrap().0
    }

    fn refused<T: DeserializeOwned>(query: &str) -> String {
        let Err(problem) = Query::<T>::parse(query) else {
            panic!("{query} is taken");
        };
        assert_eq!(problem.status(), 400);
        problem.detail().to_owned()
    }

    #[test]
    fn values_are_decoded_and_typed() {
        let list = list("limit=20&after=-3&search=a%26b+c&sort=price&exact=true&ratio=0.5");
        assert_eq!(list.limit, Some(20));
        assert_eq!(list.after, -3);
        assert_eq!(list.search.as_deref(), Some("a&b c"));
        assert_eq!(list.sort, Some(Sort::Price));
        assert_eq!(list.exact, Some(true));
        assert_eq!(list.ratio, Some(0.5));
    }

    #[test]
    fn a_number_that_would_be_rounded_is_refused() {
        #[derive(Debug, Deserialize)]
        struct Near {
            latitude: f64,
        }
        let near = Query::<Near>::parse("latitude=-48.8583701").unwrap().0;
        assert!((near.latitude + 48.858_370_1).abs() < f64::EPSILON);
        let refused = refused::<Near>("latitude=48.85837009999999999999");
        assert!(refused.contains("more digits"), "{refused}");
    }

    #[test]
    fn an_empty_query_is_all_defaults() {
        assert_eq!(list(""), list("limit=&search="));
        assert_eq!(list("").after, 0);
    }

    #[test]
    fn a_repeated_parameter_fills_a_list() {
        assert_eq!(list("tag=a&limit=1&tag=b").tag, ["a", "b"]);
        assert_eq!(list("tag=a").tag, ["a"]);
    }

    #[test]
    fn a_wrong_value_is_named_with_what_is_right() {
        let detail = refused::<List>("limit=ten");
        assert_eq!(detail, "limit must be an integer from 0 to 255.");
        assert_eq!(refused::<List>("limit=256"), detail);
        assert_eq!(refused::<List>("limit=-1"), detail);
        assert_eq!(refused::<List>("after=x"), "after must be an integer.");
        assert_eq!(refused::<List>("exact=1"), "exact must be true or false.");
        assert_eq!(refused::<List>("ratio=x"), "ratio must be a number.");
        assert_eq!(refused::<List>("sort=size"), "sort must be title or price.");
    }

    #[test]
    fn an_unknown_parameter_is_named_with_the_known_ones() {
        assert_eq!(
            refused::<List>("limt=1"),
            "limt is not a parameter; there are limit, after, search, sort, tag, exact, ratio."
        );
    }

    #[test]
    fn a_missing_parameter_is_named() {
        #[derive(Deserialize)]
        struct Needs {
            #[allow(dead_code, reason = "only read by serde")]
            term: String,
        }
        assert_eq!(refused::<Needs>("x=1"), "term is missing.");
    }

    #[test]
    fn a_single_value_cannot_be_repeated() {
        assert_eq!(
            refused::<List>("limit=1&limit=2"),
            "limit is given more than once."
        );
    }

    #[test]
    fn a_map_takes_whatever_there_is() {
        let Query(map) = Query::<HashMap<String, String>>::parse("a=1&b").unwrap();
        assert_eq!(map["a"], "1");
        assert_eq!(map["b"], "");
    }

    #[test]
    fn ids_and_dates_are_read_from_text() {
        #[derive(Deserialize)]
        struct Day {
            day: jiff::civil::Date,
            book: Option<uuid::Uuid>,
        }
        let Query(day) = Query::<Day>::parse("day=2024-02-29").unwrap();
        assert_eq!(day.day, jiff::civil::date(2024, 2, 29));
        assert_eq!(day.book, None);
        assert!(refused::<Day>("day=2023-02-29").starts_with("day "));
        assert!(refused::<Day>("day=2024-02-29&book=7").starts_with("book "));
    }
}
