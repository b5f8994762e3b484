//! Requests in, replies out.
//!
//! A handler is a function with a route attribute. Its arguments say what it
//! reads from the request, its return type what it answers:
//!
//! ```
//! use plinth::http::{Json, Problem};
//!
//! #[derive(serde::Serialize)]
//! struct Greeting {
//!     text: String,
//! }
//!
//! /// Greet somebody by name.
//! #[plinth::get("/hello/{name}")]
//! fn hello(name: String) -> Result<Json<Greeting>, Problem> {
//!     if name.is_empty() {
//!         return Err(Problem::bad_request("Who is it?"));
//!     }
//!     Ok(Json(Greeting { text: format!("Hello, {name}!") }))
//! }
//!
//! // It stays an ordinary function, for unit tests too.
//! assert_eq!(hello("Ada".into()).unwrap().0.text, "Hello, Ada!");
//! ```
//!
//! An argument named like a parameter of the path is that parameter
//! ([`FromParameter`]); any other is found by its type ([`FromRequest`]):
//!
//! | argument | what it is |
//! |---|---|
//! | [`Db`](crate::Db) | the database named `default` |
//! | [`Json<T>`](Json) | the body, read by serde |
//! | [`Query<T>`](Query) | what stands behind the question mark, read by serde |
//! | [`Request`](crate::Request) | headers, target and the body as it came |
//!
//! A handler returns anything that implements [`IntoReply`].

mod change;
mod created;
mod extract;
mod json;
mod json_rows;
mod no_content;
mod parameter;
mod problem;
mod query;
mod reply;
mod route;
mod status;
mod validation;

pub use crate::bindings::exports::plinth::host::handler::ParameterKind;
pub use crate::bindings::plinth::host::types::Method;

pub use change::Change;
pub use created::Created;
pub use extract::FromRequest;
pub use json::Json;
pub(crate) use json::{InexactNumber, inexact_number};
pub use json_rows::JsonRows;
pub use no_content::NoContent;
pub use parameter::FromParameter;
pub use problem::Problem;
pub use query::Query;
pub use reply::{IntoReply, Reply};
pub use route::{Endpoint, Parameters, Route};
pub use validation::Validation;
