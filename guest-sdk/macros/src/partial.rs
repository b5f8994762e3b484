//! `#[derive(Partial)]`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Expr, Fields, Path, Type};

use crate::errors::Errors;
use crate::model::argument_of;
use crate::names;

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match syn::parse2(input).and_then(|input| Partial::parse(&input)) {
        Ok(partial) => partial.expand(),
        Err(error) => error.into_compile_error(),
    }
}

/// A struct of some of a model's columns, and of values computed from them.
struct Partial {
    name: Ident,
    model: Path,
    fields: Vec<Field>,
}

struct Field {
    name: Ident,
    ty: Type,
    /// What it is read from, where that is not the column of its name.
    value: Option<Expr>,
}

impl Partial {
    fn parse(input: &DeriveInput) -> syn::Result<Self> {
        let Data::Struct(data) = &input.data else {
            return Err(no_struct(input));
        };
        let Fields::Named(named) = &data.fields else {
            return Err(no_struct(input));
        };
        let mut errors = Errors::default();
        if !input.generics.params.is_empty() {
            errors.add(&input.generics, "a part of a model has no parameters");
        }
        let model = errors.take(model(input));
        let fields = named.named.iter();
        let fields = fields.filter_map(|field| errors.take(Field::parse(field)));
        let fields: Vec<_> = fields.collect();
        if named.named.is_empty() {
            errors.add(&input.ident, "a part of a model has at least one field");
        }
        // Without the model there is an error, which `finish` returns.
        let model = model.unwrap_or_else(|| input.ident.clone().into());
        errors.finish(Self {
            name: input.ident.clone(),
            model,
            fields,
        })
    }

    fn expand(&self) -> TokenStream {
        let Self {
            name,
            model,
            fields,
        } = self;
        let selects = fields.iter().map(|field| field.select(model));
        let reads = fields
            .iter()
            .map(|Field { name, ty, .. }| quote_spanned!(ty.span()=> #name: row.next()?,));
        quote! {
            impl ::plinth::orm::Partial for #name {
                type Model = #model;

                fn select(values: &mut ::plinth::orm::SelectedValues) {
                    #(#selects)*
                }

                fn read(row: &mut ::plinth::orm::RowReader<'_>) -> ::plinth::Result<Self> {
                    ::core::result::Result::Ok(Self {
                        #(#reads)*
                    })
                }
            }
        }
    }
}

impl Field {
    fn parse(field: &syn::Field) -> syn::Result<Self> {
        let Some(name) = field.ident.clone() else {
            return Err(Error::new_spanned(field, "a field has a name"));
        };
        let mut value = None;
        for attribute in partial(&field.attrs) {
            attribute.parse_nested_meta(|meta| {
                if !meta.path.is_ident("value") {
                    return Err(meta.error("the attribute of a field is `value = …`"));
                }
                value = Some(meta.value()?.parse()?);
                Ok(())
            })?;
        }
        Ok(Self {
            name,
            ty: field.ty.clone(),
            value,
        })
    }

    /// The model that a foreign key points to, and the type of its column: it is
    /// read of the key that stands there.
    fn foreign_key(&self) -> Option<(&Type, TokenStream)> {
        let option = argument_of(&self.ty, "Option");
        let inner = option.unwrap_or(&self.ty);
        let target = argument_of(inner, "ForeignKey").or_else(|| argument_of(inner, "OneToOne"))?;
        let key = quote!(<#target as ::plinth::orm::Model>::Key);
        Some((
            target,
            match option {
                Some(_) => quote!(::core::option::Option<#key>),
                None => key,
            },
        ))
    }

    fn select(&self, model: &Path) -> TokenStream {
        let Self { name, ty, value } = self;
        let (column, ty) = match self.foreign_key() {
            None => (quote_spanned!(ty.span()=> <#model>::#name), quote!(#ty)),
            Some((target, key)) => (key_column(model, name, target, ty.span()), key),
        };
        match value {
            Some(value) => quote_spanned! {value.span()=>
                ::plinth::orm::select_value::<#model, #ty, _>(#value, values);
            },
            // With its type said, a mismatch is one of two types.
            None => quote_spanned! {ty.span()=>
                let column: ::plinth::orm::Column<#model, #ty> = #column;
                ::plinth::orm::select_value(column, values);
            },
        }
    }
}

/// The column of a foreign key, which points where the part says.
fn key_column(model: &Path, name: &Ident, target: &Type, span: Span) -> TokenStream {
    let column = names::key_constant(name);
    quote_spanned! {span=> {
        let _: fn() -> <#target as ::plinth::orm::Model>::Path<#model> = <#model>::#name;
        <#model>::#column
    }}
}

fn model(input: &DeriveInput) -> syn::Result<Path> {
    let mut model = None;
    for attribute in partial(&input.attrs) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("model") {
                return Err(meta.error("the attribute of a part is `model = Book`"));
            }
            model = Some(meta.value()?.parse()?);
            Ok(())
        })?;
    }
    let message = "a part says of which model: add `#[partial(model = Book)]`";
    model.ok_or_else(|| Error::new_spanned(&input.ident, message))
}

fn partial(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|a| a.path().is_ident("partial"))
}

fn no_struct(input: &DeriveInput) -> Error {
    let message = "a part of a model is a struct with named fields, one for each value";
    Error::new_spanned(&input.ident, message)
}
