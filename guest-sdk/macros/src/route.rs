//! The route attributes: `#[get("/books/{id}")]` and its siblings.

mod argument;
mod expand;
mod handler;
mod remedy;
mod template;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ItemFn, LitStr};

use self::handler::Handler;

/// A method that a route can be declared for, as the WIT contract lists them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The attribute's name.
    fn attribute(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Post => "post",
            Method::Put => "put",
            Method::Patch => "patch",
            Method::Delete => "delete",
        }
    }
}

/// Expands an attribute. The function itself is always kept, so that a mistake
/// is reported once, and not again at each of its callers.
pub(crate) fn expand(method: Method, path: TokenStream, item: &TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => return with_error(item, &error),
    };
    let parsed = parse_path(method, path).and_then(|path| Handler::parse(method, &path, &function));
    match parsed {
        Ok(handler) => expand::route(&handler, &function),
        Err(error) => with_error(&expand::broken(&function), &error),
    }
}

fn parse_path(method: Method, path: TokenStream) -> syn::Result<LitStr> {
    syn::parse2(path).map_err(|error| {
        let name = method.attribute();
        let message = format!("a route needs one path: #[{name}(\"/books/{{id}}\")]");
        syn::Error::new(error.span(), message)
    })
}

fn with_error(item: &TokenStream, error: &syn::Error) -> TokenStream {
    let error = error.to_compile_error();
    quote!(#item #error)
}
