//! The macros of the Plinth guest SDK, which exports and documents them.

use proc_macro::TokenStream;

mod choices;
mod create;
mod errors;
mod model;
mod names;
mod route;

use route::Method;

/// Serves GET requests for a path with the function below.
///
/// HEAD requests are served with it too; the host leaves the body out.
///
/// ```
/// use plinth::http::{Json, Query};
///
/// #[derive(serde::Deserialize)]
/// struct Page {
///     limit: Option<u8>,
/// }
///
/// /// List the chapters of a book.
/// #[plinth::get("/books/{book}/chapters")]
/// fn list_chapters(book: i64, Query(page): Query<Page>) -> Json<Vec<String>> {
///     let chapter = |n| format!("Chapter {n} of {book}");
///     Json((1..=page.limit.unwrap_or(10)).map(chapter).collect())
/// }
/// ```
///
/// In the path, `{name}` is one segment and `{*name}`, at its end, all that are
/// left. Each is given to the argument of that name; every other argument is
/// found by its type. The first paragraph of the documentation becomes the
/// route's summary.
///
/// The function stays what it is. Beside it stands a type of the same name, by
/// which `plugin!` finds the route.
#[proc_macro_attribute]
pub fn get(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Get, path.into(), &item.into()).into()
}

/// Serves POST requests for a path, as [`macro@get`] does GET requests.
///
/// ```
/// use plinth::http::{Created, Json};
///
/// /// Add a tag.
/// #[plinth::post("/tags")]
/// fn add_tag(Json(tag): Json<String>) -> Created<String> {
///     Created::at(format!("/tags/{tag}"), tag)
/// }
/// ```
#[proc_macro_attribute]
pub fn post(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Post, path.into(), &item.into()).into()
}

/// Serves PUT requests for a path, as [`macro@get`] does GET requests.
///
/// ```
/// use plinth::http::{Json, NoContent};
///
/// /// Set the shop's motto.
/// #[plinth::put("/motto")]
/// fn set_motto(Json(_motto): Json<String>) -> NoContent {
///     NoContent
/// }
/// ```
#[proc_macro_attribute]
pub fn put(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Put, path.into(), &item.into()).into()
}

/// Serves PATCH requests for a path, as [`macro@get`] does GET requests.
///
/// ```
/// use plinth::http::{Json, NoContent};
///
/// /// Change a line of an order.
/// #[plinth::patch("/orders/{order}/lines/{line}")]
/// fn change_line(order: i64, line: i32, Json(_count): Json<u16>) -> NoContent {
///     NoContent
/// }
/// ```
#[proc_macro_attribute]
pub fn patch(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Patch, path.into(), &item.into()).into()
}

/// Serves DELETE requests for a path, as [`macro@get`] does GET requests.
///
/// ```
/// use plinth::http::NoContent;
///
/// /// Delete a file.
/// #[plinth::delete("/files/{*path}")]
/// fn delete_file(path: String) -> NoContent {
///     NoContent
/// }
/// ```
#[proc_macro_attribute]
pub fn delete(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Delete, path.into(), &item.into()).into()
}

#[allow(missing_docs, reason = "TODO")]
#[proc_macro_derive(Model, attributes(model))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    model::expand(input.into()).into()
}

#[allow(missing_docs, reason = "TODO")]
#[proc_macro_derive(Choices, attributes(choices))]
pub fn derive_choices(input: TokenStream) -> TokenStream {
    choices::expand(input.into()).into()
}

#[allow(missing_docs, reason = "TODO")]
#[proc_macro]
pub fn create(input: TokenStream) -> TokenStream {
    create::expand(input.into()).into()
}
