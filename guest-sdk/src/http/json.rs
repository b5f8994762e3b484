//! JSON bodies, both ways.

mod number;
mod pointer;
mod read;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) use number::{InexactNumber, inexact_number};

use crate::http::{FromRequest, IntoReply, Problem, Reply};
use crate::request::Request;

/// A JSON body: as an argument the request's, as a result the reply's.
///
/// What arrives is checked on the way in: another content type is a 415, text
/// that is not JSON a 400 with its line and column, and JSON that is not a `T` a
/// 422 that names the field. Fields that `T` does not have are ignored, unless
/// it says `#[serde(deny_unknown_fields)]`. A number that neither an `i64`, a
/// `u64` nor an `f64` holds is a 422 too, whatever `T` is: it would be kept as
/// another.
///
/// ```
/// use plinth::http::Json;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, Serialize)]
/// struct Note {
///     text: String,
/// }
///
/// /// Shout a note back.
/// #[plinth::post("/shout")]
/// fn shout(Json(note): Json<Note>) -> Json<Note> {
///     Json(Note { text: note.text.to_uppercase() })
/// }
///
/// assert_eq!(shout(Json(Note { text: "hey".into() })).0.text, "HEY");
/// ```
///
/// It is a [column type](crate::database::ColumnType) too: a `jsonb` of one
/// shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json<T>(
    /// The value.
    pub T,
);

impl<T: DeserializeOwned> FromRequest for Json<T> {
    fn from_request(request: &Request) -> Result<Json<T>, Problem> {
        read::check_content_type(request.header("content-type").as_deref())?;
        read::from_slice(&request.body()).map(Json)
    }
}

impl<T: Serialize> IntoReply for Json<T> {
    fn into_reply(self) -> Reply {
        match serde_json::to_vec(&self.0) {
            Ok(body) => Reply::new(200).with_body("application/json", body),
            Err(error) => Problem::internal(error).into_reply(),
        }
    }
}
