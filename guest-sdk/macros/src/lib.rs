//! The macros of the Plinth guest SDK, which exports and documents them.

use proc_macro::TokenStream;

mod choices;
mod create;
mod errors;
mod json_row;
mod model;
mod names;
mod partial;
mod route;

use route::Method;

#[cfg_attr(not(doctest), doc = include_str!("docs/get.md"))]
#[proc_macro_attribute]
pub fn get(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Get, path.into(), &item.into()).into()
}

#[cfg_attr(not(doctest), doc = include_str!("docs/post.md"))]
#[proc_macro_attribute]
pub fn post(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Post, path.into(), &item.into()).into()
}

#[cfg_attr(not(doctest), doc = include_str!("docs/put.md"))]
#[proc_macro_attribute]
pub fn put(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Put, path.into(), &item.into()).into()
}

#[cfg_attr(not(doctest), doc = include_str!("docs/patch.md"))]
#[proc_macro_attribute]
pub fn patch(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Patch, path.into(), &item.into()).into()
}

#[cfg_attr(not(doctest), doc = include_str!("docs/delete.md"))]
#[proc_macro_attribute]
pub fn delete(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Delete, path.into(), &item.into()).into()
}

#[cfg_attr(not(doctest), doc = include_str!("docs/model.md"))]
#[proc_macro_derive(Model, attributes(model))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    model::expand(input.into()).into()
}

#[cfg_attr(not(doctest), doc = include_str!("docs/partial.md"))]
#[proc_macro_derive(Partial, attributes(partial))]
pub fn derive_partial(input: TokenStream) -> TokenStream {
    partial::expand(input.into()).into()
}

#[cfg_attr(not(doctest), doc = include_str!("docs/choices.md"))]
#[proc_macro_derive(Choices, attributes(choices))]
pub fn derive_choices(input: TokenStream) -> TokenStream {
    choices::expand(input.into()).into()
}

#[cfg_attr(not(doctest), doc = include_str!("docs/create.md"))]
#[proc_macro]
pub fn create(input: TokenStream) -> TokenStream {
    create::expand(input.into()).into()
}

#[cfg_attr(not(doctest), doc = include_str!("docs/json_row.md"))]
#[proc_macro_derive(JsonRow, attributes(serde))]
pub fn derive_json_row(input: TokenStream) -> TokenStream {
    json_row::expand(input.into()).into()
}
