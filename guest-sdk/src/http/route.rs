//! A handler as the host sees it.

use std::vec;

use crate::bindings::exports::plinth::host::handler;
use crate::bindings::plinth::host::types::Method;
use crate::http::{FromParameter, Problem, Reply};
use crate::request::Request;

/// What a route attribute makes of a function.
///
/// The attribute puts an item of the function's name beside it that implements
/// this trait; [`plugin!`](crate::plugin!) asks it for the endpoint.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a route",
    label = "no handler of this name",
    note = "put `#[get(\"/path\")]`, `#[post(…)]`, `#[put(…)]`, `#[patch(…)]` or `#[delete(…)]` above the function"
)]
pub trait Route {
    /// The route and how to call it.
    const ENDPOINT: Endpoint;
}

/// A route with the function that serves it.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// The method that it answers.
    pub method: Method,
    /// Its path template.
    pub path: &'static str,
    /// The kinds of the template's parameters, in its order.
    pub parameters: &'static [handler::ParameterKind],
    /// The handler's name.
    pub name: &'static str,
    /// The first paragraph of the handler's documentation.
    pub summary: &'static str,
    /// Reads the arguments, calls the handler, and makes its reply.
    pub call: fn(&mut Parameters, &Request) -> Result<Reply, Problem>,
}

impl Endpoint {
    pub(crate) fn describe(&self) -> handler::Route {
        handler::Route {
            method: self.method,
            path: self.path.to_owned(),
            parameters: self.parameters.to_vec(),
            name: self.name.to_owned(),
            summary: self.summary.to_owned(),
        }
    }
}

/// The path parameters of a request, taken one by one in the template's order.
#[derive(Debug)]
pub struct Parameters(vec::IntoIter<String>);

impl Parameters {
    pub(crate) fn new(values: Vec<String>) -> Parameters {
        Parameters(values.into_iter())
    }

    /// The next parameter.
    ///
    /// # Errors
    ///
    /// 404 where the text is not a value of the type.
    pub fn take<T: FromParameter>(&mut self) -> Result<T, Problem> {
        self.0
            .next()
            .and_then(T::from_parameter)
            .ok_or_else(|| Problem::not_found("Nothing is served at this path."))
    }
}
