//! Arguments of a handler that are found by their type.

use crate::database::Db;
use crate::http::Problem;
use crate::request::Request;

/// A type that a handler can take as an argument.
///
/// Arguments are read from left to right, after the path parameters; the first
/// that fails is the answer. Types of one's own make a check that a handler
/// cannot forget:
///
/// ```
/// use plinth::http::{FromRequest, Problem};
/// use plinth::Request;
///
/// /// Somebody who knows the password.
/// struct Staff;
///
/// impl FromRequest for Staff {
///     fn from_request(request: &Request) -> Result<Staff, Problem> {
///         match request.header("x-staff").as_deref() {
///             Some("sesame") => Ok(Staff),
///             _ => Err(Problem::unauthorized("This is for staff.")),
///         }
///     }
/// }
///
/// #[plinth::get("/takings")]
/// fn takings(_staff: Staff) -> &'static str {
///     "12.50"
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a handler can be given",
    label = "this argument is not in the path, and a request does not hold one of these",
    note = "arguments are path parameters by name, or `Db`, `Json<T>`, `Query<T>`, `Request` by type",
    note = "for a type of your own, implement `plinth::http::FromRequest`"
)]
pub trait FromRequest: Sized {
    /// Reads the value from the request.
    ///
    /// # Errors
    ///
    /// The problem that is the answer instead of the handler's.
    fn from_request(request: &Request) -> Result<Self, Problem>;
}

impl FromRequest for Request {
    fn from_request(request: &Request) -> Result<Request, Problem> {
        Ok(request.clone())
    }
}

impl FromRequest for Db {
    fn from_request(_: &Request) -> Result<Db, Problem> {
        Ok(Db::default())
    }
}
