//! The type that `create!` fills: a model's fields, each of which may be left
//! out.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::Model;
use super::field::Field;

impl Model {
    pub(super) fn expand_draft(&self) -> TokenStream {
        let (model, name, visibility) = (&self.name, self.draft_name(), &self.visibility);
        // What Postgres computes is not to be given.
        let given = self.fields.iter().enumerate();
        let given = given.filter(|(_, field)| field.attributes.generated.is_none());
        let fields = given.clone().map(|(_, given)| field(given));
        let arms = given.map(|(index, field)| arm(index, field));
        let required = self
            .fields
            .iter()
            .filter(|f| f.is_required())
            .map(|f| self.required(f));
        let summary = format!("A row of [`{model}`] that is about to be inserted.");
        quote! {
            #[doc = #summary]
            #[derive(Default)]
            #visibility struct #name {
                #(#fields)*
            }

            impl #name {
                /// Inserts the row and returns it as the table has it.
                ///
                /// # Errors
                ///
                /// When the statement fails, such as for a violated constraint.
                #visibility fn insert(&self, db: &::plinth::Db) -> ::plinth::Result<#model> {
                    ::plinth::orm::insert(self, db)
                }

                /// Inserts the row unless one with the same values in these
                /// columns, of a unique constraint, is there.
                #visibility fn on_conflict(
                    self,
                    columns: impl ::plinth::orm::ConflictTarget<#model>,
                ) -> ::plinth::orm::OnConflict<#model, Self> {
                    ::plinth::orm::OnConflict::new(self, columns)
                }
            }

            impl ::plinth::database::IntoOperation for #name {
                type Output = #model;

                fn into_operation(self) -> ::plinth::database::Operation<#model> {
                    ::plinth::orm::insert_operation(&self)
                }
            }

            impl ::plinth::orm::Draft for #name {
                type Model = #model;
                const REQUIRED: &'static [(&'static str, &'static str)] = &[#(#required),*];
            }

            impl ::plinth::orm::DraftValues for #name {
                fn value(
                    &self,
                    column: usize,
                ) -> ::core::option::Option<&dyn ::plinth::database::Parameter> {
                    match column {
                        #(#arms)*
                        _ => ::core::option::Option::None,
                    }
                }
            }
        }
    }

    fn required(&self, field: &Field) -> TokenStream {
        let name = field.name.to_string();
        let message = format!(
            "create!({} {{ … }}): the field `{name}` is missing",
            self.name
        );
        quote!((#name, #message))
    }
}

fn field(field: &Field) -> TokenStream {
    let (name, visibility, ty) = (&field.name, &field.visibility, &field.ty);
    let summary = format!("The value for the column `{}`.", field.column);
    quote! {
        #[doc = #summary]
        #visibility #name: ::core::option::Option<#ty>,
    }
}

fn arm(index: usize, field: &Field) -> TokenStream {
    let name = &field.name;
    quote_spanned! {field.ty.span()=>
        #index => self.#name.as_ref().map(|value| value as &dyn ::plinth::database::Parameter),
    }
}
