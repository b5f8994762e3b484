//! `#[derive(Choices)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Variant};

use crate::errors::Errors;
use crate::names;

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match syn::parse2(input).and_then(|input| parse(&input)) {
        Ok(choices) => choices.expand(),
        Err(error) => error.into_compile_error(),
    }
}

/// An enum of unit variants, and the text of each.
struct Choices {
    name: syn::Ident,
    /// The enum of Postgres that it is, if it is no `text`.
    sql_type: Option<LitStr>,
    variants: Vec<syn::Ident>,
    texts: Vec<String>,
}

fn parse(input: &DeriveInput) -> syn::Result<Choices> {
    let Data::Enum(data) = &input.data else {
        let message = "choices are an enum whose variants have no fields";
        return Err(Error::new_spanned(&input.ident, message));
    };
    let mut errors = Errors::default();
    if !input.generics.params.is_empty() {
        errors.add(&input.generics, "an enum of choices has no parameters");
    }
    if data.variants.is_empty() {
        errors.add(&input.ident, "an enum of choices has at least one variant");
    }
    let sql_type = errors.take(sql_type_of(input)).flatten();
    let mut texts = Vec::new();
    for variant in &data.variants {
        let text = errors.take(text_of(variant)).unwrap_or_default();
        if !text.is_empty() && texts.contains(&text) {
            errors.add(variant, &format!("two variants have the text \"{text}\""));
        }
        texts.push(text);
    }
    errors.finish(Choices {
        name: input.ident.clone(),
        sql_type,
        variants: data.variants.iter().map(|v| v.ident.clone()).collect(),
        texts,
    })
}

fn sql_type_of(input: &DeriveInput) -> syn::Result<Option<LitStr>> {
    let mut sql_type = None;
    let attributes = input.attrs.iter();
    for attribute in attributes.filter(|a| a.path().is_ident("choices")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("sql_type") {
                return Err(meta.error("the attribute of choices is `sql_type = \"…\"`"));
            }
            let name = meta.value()?.parse::<LitStr>()?;
            if name.value().trim().is_empty() {
                return Err(Error::new_spanned(name, "the name of an enum of Postgres"));
            }
            sql_type = Some(name);
            Ok(())
        })?;
    }
    Ok(sql_type)
}

fn text_of(variant: &Variant) -> syn::Result<String> {
    if !matches!(variant.fields, Fields::Unit) {
        return Err(Error::new_spanned(
            variant,
            "a choice has no fields: it is stored as its text",
        ));
    }
    let mut text = None;
    for attribute in variant
        .attrs
        .iter()
        .filter(|a| a.path().is_ident("choices"))
    {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("text") {
                return Err(meta.error("the attribute of a choice is `text = \"…\"`"));
            }
            text = Some(meta.value()?.parse::<LitStr>()?.value());
            Ok(())
        })?;
    }
    Ok(text.unwrap_or_else(|| names::snake_case(&variant.ident)))
}

impl Choices {
    fn expand(&self) -> TokenStream {
        let enumeration = self.expand_choices();
        let column = self.expand_column();
        let serde = self.expand_serde();
        let key = self.expand_key();
        quote! { #enumeration #column #serde #key }
    }

    fn expand_choices(&self) -> TokenStream {
        let Self {
            name,
            variants,
            texts,
            ..
        } = self;
        quote! {
            impl #name {
                /// The text of this choice, in the database and in JSON.
                #[must_use]
                pub const fn text(&self) -> &'static str {
                    match self {
                        #(Self::#variants => #texts,)*
                    }
                }
            }

            impl ::plinth::orm::Choices for #name {
                const TEXTS: &'static [&'static str] = &[#(#texts),*];

                fn text(&self) -> &'static str {
                    #name::text(self)
                }

                fn from_text(
                    text: &str,
                ) -> ::core::result::Result<Self, ::plinth::orm::UnknownChoice> {
                    match text {
                        #(#texts => ::core::result::Result::Ok(Self::#variants),)*
                        _ => ::core::result::Result::Err(::plinth::orm::UnknownChoice::new(
                            text,
                            <Self as ::plinth::orm::Choices>::TEXTS,
                        )),
                    }
                }
            }

            impl ::core::str::FromStr for #name {
                type Err = ::plinth::orm::UnknownChoice;

                fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
                    ::plinth::orm::Choices::from_text(text)
                }
            }

            impl ::plinth::http::FromParameter for #name {
                fn from_parameter(
                    text: ::std::string::String,
                ) -> ::core::option::Option<Self> {
                    ::plinth::orm::Choices::from_text(&text).ok()
                }
            }

            impl ::core::fmt::Display for #name {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.pad(self.text())
                }
            }
        }
    }

    fn expand_column(&self) -> TokenStream {
        let Self { name, sql_type, .. } = self;
        let sql = match sql_type {
            Some(name) => quote!(::plinth::database::SqlType::named(#name)),
            None => quote!(<::std::string::String as ::plinth::database::ColumnType>::SQL),
        };
        quote! {
            impl<M> ::plinth::orm::Expression<M> for #name {
                type Value = Self;
            }

            impl ::plinth::orm::MaybeNull for #name {
                type Some = Self;
                type Optional = ::core::option::Option<Self>;
                type Like<U> = U;
            }

            impl ::plinth::database::ColumnType for #name {
                const SQL: ::plinth::database::SqlType = #sql;
                const CHOICES: &'static [&'static str] = <Self as ::plinth::orm::Choices>::TEXTS;

                fn encode(
                    &self,
                    out: &mut ::plinth::database::BytesMut,
                ) -> ::core::result::Result<bool, ::plinth::database::EncodeError> {
                    ::plinth::database::Parameter::write(&self.text(), out)
                }

                fn decode(
                    ty: &::plinth::database::Type,
                    raw: ::core::option::Option<&[u8]>,
                ) -> ::core::result::Result<Self, ::plinth::database::DecodeError> {
                    ::plinth::orm::decode_choice(ty, raw)
                }

                fn accepts(ty: &::plinth::database::Type) -> bool {
                    <::std::string::String as ::plinth::database::ColumnType>::accepts(ty)
                }
            }
        }
    }

    /// What lets one be given for a foreign key to a model whose key it is.
    fn expand_key(&self) -> TokenStream {
        let Self { name, .. } = self;
        let option = quote!(::core::option::Option);
        let key = quote!(::plinth::orm::ForeignKey<T>);
        let model = quote!(::plinth::orm::Model<Key = #name>);
        quote! {
            impl<T: #model> ::plinth::orm::IntoField<#key> for #name {
                fn into_field(self) -> #key {
                    ::plinth::orm::ForeignKey::new(self)
                }
            }

            impl<T: #model> ::plinth::orm::IntoField<#option<#key>> for #name {
                fn into_field(self) -> #option<#key> {
                    #option::Some(::plinth::orm::ForeignKey::new(self))
                }
            }
        }
    }

    fn expand_serde(&self) -> TokenStream {
        let Self { name, .. } = self;
        quote! {
            impl ::plinth::orm::JsonValue for #name {}

            impl ::plinth::orm::serde::Serialize for #name {
                fn serialize<S: ::plinth::orm::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    serializer.serialize_str(self.text())
                }
            }

            impl<'de> ::plinth::orm::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::plinth::orm::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    ::plinth::orm::deserialize_choice(deserializer)
                }
            }
        }
    }
}
