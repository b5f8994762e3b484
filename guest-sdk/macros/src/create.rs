//! `create!`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ExprStruct, FieldValue, Member};

use crate::errors::Errors;

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match syn::parse2(input).and_then(|literal| expand_literal(&literal)) {
        Ok(tokens) => tokens,
        Err(error) => {
            // A block, because there can be several and `create!` is an expression.
            let errors = error.into_compile_error();
            quote!({ #errors })
        }
    }
}

fn expand_literal(literal: &ExprStruct) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    if let Some(rest) = &literal.rest {
        errors.add(
            rest,
            "leave out what the table fills in; `..` copies nothing here",
        );
    }
    let names = field_names(literal, &mut errors);
    errors.finish(())?;
    let model = &literal.path;
    // Mixed-site, so that no expression of the author can mean it.
    let draft = Ident::new("draft", Span::mixed_site());
    let assigns = literal.fields.iter().map(|field| assign(&draft, field));
    let check = expand_check(literal, &names);
    Ok(quote! {
        {
            #check
            let mut #draft = <<#model as ::plinth::orm::Model>::New
                as ::core::default::Default>::default();
            #(#assigns)*
            #draft
        }
    })
}

fn field_names(literal: &ExprStruct, errors: &mut Errors) -> Vec<String> {
    let mut names = Vec::new();
    for field in &literal.fields {
        let Member::Named(name) = &field.member else {
            errors.add(&field.member, "a field has a name");
            continue;
        };
        let text = name.to_string();
        if names.contains(&text) {
            errors.add(name, &format!("the field `{text}` is given twice"));
        }
        names.push(text);
    }
    names
}

/// A constant that does not compile when a required field is missing.
fn expand_check(literal: &ExprStruct, names: &[String]) -> TokenStream {
    let model = &literal.path;
    quote_spanned! {model.span()=>
        const _: () = match ::plinth::orm::missing_field(
            <<#model as ::plinth::orm::Model>::New as ::plinth::orm::Draft>::REQUIRED,
            &[#(#names),*],
        ) {
            ::core::option::Option::Some(message) => ::core::panic!("{}", message),
            ::core::option::Option::None => (),
        };
    }
}

fn assign(draft: &Ident, field: &FieldValue) -> TokenStream {
    let (member, value) = (&field.member, &field.expr);
    let into_field = quote_spanned!(value.span()=> ::plinth::orm::into_field(#value));
    quote! {
        #draft.#member = ::core::option::Option::Some(#into_field);
    }
}
