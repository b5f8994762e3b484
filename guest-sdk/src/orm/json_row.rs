//! Rows whose JSON is known without them, so that the host can write it.

mod query;

use std::net::IpAddr;

use serde::Serialize;

use super::foreign_key::ForeignKey;
use super::model::Model;
use crate::database::{
    BitString, Cidr, Hstore, Inet, MacAddr, Money, PgLsn, Range, RangeElement, TimeTz, Xml,
};
use crate::{Date, DateTime, Decimal, Interval, Time, Timestamp, Uuid};

/// A row whose JSON the host can write from its columns: a value, a tuple of
/// values, or a struct that derives it.
///
/// It is what [`QuerySet::json`](super::QuerySet::json) and
/// [`Values::json`](super::Values::json) ask for. The derive stands beside serde's own, reads the
/// same attributes, and refuses those it cannot keep to; see
/// [`#[derive(JsonRow)]`](derive@crate::JsonRow).
#[diagnostic::on_unimplemented(
    message = "the host cannot write the JSON of a `{Self}` by itself",
    note = "derive it beside `Serialize`: `#[derive(Model, Serialize, JsonRow)]`",
    note = "or read the rows with `all(&db)?` and return `Json(rows)`"
)]
pub trait JsonRow: Serialize {
    /// Adds what a row is, of the columns that come next.
    fn describe(json: &mut RowJson);
}

/// A value whose JSON is that of its column: what serde makes of it is what the
/// host does.
///
/// A type of your own that is a column can be one too, if serde makes of it what
/// it makes of the type that Postgres has: text of text, a number of a number.
#[diagnostic::on_unimplemented(
    message = "the JSON of a `{Self}` is not that of its column",
    note = "what a `Json<T>` shows is what serde makes of the `T`, and the host would show what the database holds",
    note = "read the rows with `all(&db)?` and return `Json(rows)`, or implement `JsonValue` for a type of your own whose serde form is its column's"
)]
pub trait JsonValue: Serialize {}

macro_rules! json_values {
    ($($ty:ty)*) => {$(
        impl JsonValue for $ty {}
    )*};
}

json_values! {
    bool i16 i32 i64 f32 f64 Decimal String Uuid Vec<u8> serde_json::Value
    Timestamp Date DateTime Time TimeTz Interval
    BitString Cidr Hstore Inet IpAddr MacAddr Money PgLsn Xml
}

impl<T: JsonValue> JsonValue for Option<T> {}
impl<T: JsonValue> JsonValue for Vec<T> {}
impl<T: JsonValue + RangeElement> JsonValue for Range<T> {}
impl<T: Model> JsonValue for ForeignKey<T> where T::Key: JsonValue {}

// Who lacks a derive is told of that, and not of values.
#[diagnostic::do_not_recommend]
impl<T: JsonValue> JsonRow for T {
    fn describe(json: &mut RowJson) {
        json.push("\0");
    }
}

macro_rules! tuples {
    ($(($First:ident $($Next:ident)*))*) => {$(
        impl<$First: JsonRow, $($Next: JsonRow),*> JsonRow for ($First, $($Next,)*) {
            fn describe(json: &mut RowJson) {
                json.push("[");
                $First::describe(json);
                $(
                    json.push(",");
                    $Next::describe(json);
                )*
                json.push("]");
            }
        }
    )*};
}

tuples! {
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
}

/// What a row is as JSON: text, and marks for the columns.
#[derive(Debug, Default)]
pub struct RowJson {
    /// As the host takes it, see `wit/handler.wit`.
    pub(crate) template: String,
    pub(crate) columns: Vec<u16>,
    next: u16,
}

impl RowJson {
    pub(crate) fn of<R: JsonRow>() -> Self {
        let mut json = Self::default();
        R::describe(&mut json);
        json
    }

    /// Adds JSON in which U+0000 stands for the value of the next column. U+0001
    /// passes over a column and leaves no trace.
    pub fn push(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find(['\0', '\u{1}']) {
            self.template.push_str(&rest[..at]);
            if rest.as_bytes()[at] == 0 {
                self.template.push('\0');
                self.columns.push(self.next);
            }
            self.next += 1;
            rest = &rest[at + 1..];
        }
        self.template.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template<R: JsonRow>() -> (String, Vec<u16>) {
        let json = RowJson::of::<R>();
        (json.template.replace('\0', "?"), json.columns)
    }

    #[derive(Serialize, crate::JsonRow)]
    #[serde(rename_all = "camelCase")]
    struct Card {
        book_id: i64,
        #[serde(skip)]
        _secret: String,
        #[serde(rename = "type", default)]
        kind: Option<String>,
        #[serde(skip_deserializing)]
        r#in: Vec<Option<i32>>,
    }

    #[test]
    fn a_value_is_itself_and_several_are_an_array() {
        assert_eq!(template::<Option<i64>>(), ("?".into(), vec![0]));
        assert_eq!(template::<(i64, Uuid)>(), ("[?,?]".into(), vec![0, 1]));
        assert_eq!(template::<(bool,)>(), ("[?]".into(), vec![0]));
    }

    #[test]
    fn a_struct_has_the_names_that_serde_gives_it() {
        let expected = r#"{"bookId":?,"type":?,"in":?}"#;
        assert_eq!(template::<Card>(), (expected.into(), vec![0, 2, 3]));
        let card = Card {
            book_id: 1,
            _secret: String::new(),
            kind: None,
            r#in: vec![],
        };
        assert_eq!(
            serde_json::to_string(&card).unwrap(),
            r#"{"bookId":1,"type":null,"in":[]}"#
        );
    }

    #[test]
    fn columns_are_counted_through() {
        let expected = r#"[?,{"bookId":?,"type":?,"in":?},?]"#;
        assert_eq!(
            template::<(i32, Card, i32)>(),
            (expected.into(), vec![0, 1, 3, 4, 5])
        );
    }
}
