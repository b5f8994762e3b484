//! What a route attribute becomes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, ItemFn, Lit, Meta, ReturnType};

use super::argument::Argument;
use super::handler::Handler;

/// The function, and beside it the item that `plugin!` asks for its route.
pub(super) fn route(handler: &Handler, function: &ItemFn) -> TokenStream {
    let item = item(function);
    let name = &function.sig.ident;
    let cfg = cfg_attributes(function);
    let endpoint = endpoint(handler, function);
    quote! {
        // Arguments are owned because they are made for this one call.
        #[allow(clippy::needless_pass_by_value, reason = "a handler owns its arguments")]
        #function
        #item
        #(#cfg)*
        #[automatically_derived]
        impl ::plinth::http::Route for #name {
            const ENDPOINT: ::plinth::http::Endpoint = #endpoint;
        }
    }
}

/// What keeps the rest of the crate compiling when the handler is wrong.
pub(super) fn broken(function: &ItemFn) -> TokenStream {
    let item = item(function);
    let name = &function.sig.ident;
    let cfg = cfg_attributes(function);
    quote! {
        #[allow(clippy::needless_pass_by_value, reason = "a handler owns its arguments")]
        #function
        #item
        #(#cfg)*
        impl ::plinth::http::Route for #name {
            const ENDPOINT: ::plinth::http::Endpoint = ::plinth::http::Endpoint {
                method: ::plinth::http::Method::Get,
                path: "/",
                parameters: &[],
                name: "",
                summary: "",
                call: |_, _| ::core::unreachable!(),
            };
        }
    }
}

/// A type of the function's name: `plugin!` finds it where it finds the
/// function, through the same imports.
fn item(function: &ItemFn) -> TokenStream {
    let name = &function.sig.ident;
    let vis = &function.vis;
    let cfg = cfg_attributes(function);
    let doc = format!("The route that [`{name}`](fn@{name}) serves.");
    quote! {
        #(#cfg)*
        #[doc = #doc]
        #[allow(non_camel_case_types, reason = "named like the handler")]
        #[derive(Debug)]
        #vis enum #name {}
    }
}

fn endpoint(handler: &Handler, function: &ItemFn) -> TokenStream {
    let method = Ident::new(&format!("{:?}", handler.method), Span::call_site());
    let path = &handler.path;
    let name = function.sig.ident.to_string();
    let summary = summary(&function.attrs);
    let parameters = parameters(handler);
    let kinds = parameters
        .iter()
        .map(|(_, ty)| quote_spanned!(ty.span()=> <#ty as ::plinth::http::FromParameter>::KIND));
    let call = call(handler, function);
    quote! {
        ::plinth::http::Endpoint {
            method: ::plinth::http::Method::#method,
            path: #path,
            parameters: &[#(#kinds),*],
            name: #name,
            summary: #summary,
            call: #call,
        }
    }
}

/// The closure that reads the arguments and calls the function.
fn call(handler: &Handler, function: &ItemFn) -> TokenStream {
    let name = &function.sig.ident;
    let from_path = parameters(handler).into_iter().map(
        |(variable, ty)| quote_spanned!(ty.span()=> let #variable: #ty = __parameters.take()?;),
    );
    let from_request = handler
        .arguments
        .iter()
        .enumerate()
        .filter_map(|(i, argument)| {
            let Argument::Extracted { ty } = argument else {
                return None;
            };
            let variable = variable(i);
            Some(quote_spanned! {ty.span()=>
                let #variable = <#ty as ::plinth::http::FromRequest>::from_request(__request)?;
            })
        });
    let variables = (0..handler.arguments.len()).map(variable);
    // A type that is no reply is blamed where it is written.
    let span = match &function.sig.output {
        ReturnType::Default => name.span(),
        ReturnType::Type(_, ty) => ty.span(),
    };
    let mut name = name.clone();
    name.set_span(name.span().located_at(span));
    let reply = quote_spanned! {span=>
        ::plinth::http::IntoReply::into_reply(#name(#(#variables),*))
    };
    quote! {
        |__parameters, __request| {
            #(#from_path)*
            #(#from_request)*
            ::core::result::Result::Ok(#reply)
        }
    }
}

/// The variables and types of the path parameters, in the path's order.
fn parameters(handler: &Handler) -> Vec<(Ident, &syn::Type)> {
    let mut found: Vec<_> = handler
        .arguments
        .iter()
        .enumerate()
        .filter_map(|(i, argument)| match argument {
            Argument::Parameter { index, ty } => Some((*index, (variable(i), ty))),
            Argument::Extracted { .. } => None,
        })
        .collect();
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, parameter)| parameter).collect()
}

fn variable(argument: usize) -> Ident {
    format_ident!("__argument_{argument}")
}

/// The first paragraph of the documentation, as one line.
fn summary(attributes: &[Attribute]) -> String {
    let documentation: Vec<_> = attributes.iter().filter_map(doc_line).collect();
    let documentation = documentation.join("\n");
    let paragraph: Vec<_> = documentation
        .split('\n')
        .map(str::trim)
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .collect();
    paragraph.join(" ")
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    match &meta.value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if meta.path.is_ident("doc") => Some(text.value()),
        _ => None,
    }
}

fn cfg_attributes(function: &ItemFn) -> Vec<&Attribute> {
    let is_cfg = |attribute: &&Attribute| attribute.path().is_ident("cfg");
    function.attrs.iter().filter(is_cfg).collect()
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn the_first_paragraph_is_the_summary() {
        let function: ItemFn = parse_quote! {
            /// List books,
            /// newest first.
            ///
            /// Many of them.
            fn list_books() {}
        };
        assert_eq!(summary(&function.attrs), "List books, newest first.");
    }

    #[test]
    fn a_block_comment_is_documentation_too() {
        let function: ItemFn = parse_quote! {
            #[doc = "\n List books.\n\n Many."]
            fn list_books() {}
        };
        assert_eq!(summary(&function.attrs), "List books.");
    }

    #[test]
    fn no_documentation_is_no_summary() {
        let function: ItemFn = parse_quote!(
            fn list_books() {}
        );
        assert_eq!(summary(&function.attrs), "");
    }
}
