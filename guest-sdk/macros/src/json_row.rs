//! `#[derive(JsonRow)]`.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Expr, Fields, LitStr, Token, Type};

use crate::errors::Errors;
use crate::model::argument_of;
use crate::names;

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match syn::parse2(input).and_then(|input| JsonRow::parse(&input)) {
        Ok(row) => row.expand(),
        Err(error) => error.into_compile_error(),
    }
}

/// A struct, of whose fields serde makes an object.
struct JsonRow {
    name: Ident,
    members: Vec<Member>,
}

/// A field.
struct Member {
    ty: Type,
    /// What it is called in the object, if it is in it.
    name: Option<String>,
    /// Whether it is rows that belong to the row, and no column.
    is_to_many: bool,
}

impl JsonRow {
    fn parse(input: &DeriveInput) -> syn::Result<Self> {
        let mut errors = Errors::default();
        let fields = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(named) => named.named.iter().collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        if fields.is_empty() {
            let message = "rows whose JSON the host writes are structs with named fields";
            errors.add(&input.ident, message);
        }
        if !input.generics.params.is_empty() {
            errors.add(&input.generics, "a row of a query has no parameters");
        }
        let case = errors.take(case_of(&input.attrs)).unwrap_or(Case::Snake);
        let members = fields.into_iter();
        let members = members.filter_map(|field| errors.take(Member::parse(field, case)));
        let members = members.collect();
        errors.finish(Self {
            name: input.ident.clone(),
            members,
        })
    }

    fn expand(&self) -> TokenStream {
        let name = &self.name;
        let template = self.template();
        let columns = self.members.iter().filter(|member| member.is_column());
        let checks = columns.filter(|member| member.name.is_some());
        let checks = checks.map(|Member { ty, .. }| quote_spanned!(ty.span()=> is_value::<#ty>();));
        quote! {
            impl ::plinth::orm::JsonRow for #name {
                fn describe(json: &mut ::plinth::orm::RowJson) {
                    json.push(#template);
                }
            }

            const _: fn() = || {
                fn is_value<T: ::plinth::orm::JsonValue>() {}
                #(#checks)*
            };
        }
    }

    /// The object, with U+0000 for the values and U+0001 for columns that are
    /// not in it.
    fn template(&self) -> String {
        let mut template = String::from("{");
        let mut is_first = true;
        for member in &self.members {
            let Some(name) = &member.name else {
                template.push_str(if member.is_column() { "\u{1}" } else { "" });
                continue;
            };
            template.push_str(if is_first { "\"" } else { ",\"" });
            template.push_str(name);
            // Rows that the query did not load are `null`.
            template.push_str(if member.is_to_many {
                "\":null"
            } else {
                "\":\0"
            });
            is_first = false;
        }
        template.push('}');
        template
    }
}

impl Member {
    fn parse(field: &syn::Field, case: Case) -> syn::Result<Self> {
        let Some(name) = &field.ident else {
            return Err(Error::new_spanned(field, "a field has a name"));
        };
        let mut member = Some(case.of(&names::plain(name)));
        for attribute in serde(&field.attrs) {
            attribute.parse_nested_meta(|meta| change(&mut member, &meta))?;
        }
        let needs_escape = |c: char| c.is_control() || c == '"' || c == '\\';
        if member
            .as_ref()
            .is_some_and(|name| name.contains(needs_escape))
        {
            let message = "the name of a member has no quotes, backslashes or control characters";
            return Err(Error::new_spanned(field, message));
        }
        let is_to_many = ["Many", "ManyToMany"]
            .iter()
            .any(|many| argument_of(&field.ty, many).is_some());
        Ok(Self {
            ty: field.ty.clone(),
            name: member,
            is_to_many,
        })
    }

    fn is_column(&self) -> bool {
        !self.is_to_many
    }
}

/// What one of serde's attributes makes of a field.
fn change(member: &mut Option<String>, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    let name = meta.path.require_ident()?.to_string();
    match name.as_str() {
        "skip" | "skip_serializing" => *member = None,
        "rename" => {
            if let (Some(member), Some(renamed)) = (member, renamed(meta)?) {
                *member = renamed.value();
            }
        }
        // They say how a value is read.
        "default" | "alias" | "deserialize_with" | "skip_deserializing" | "bound" | "borrow" => {
            pass_over(meta)?;
        }
        _ => return Err(meta.error(UNKNOWN)),
    }
    Ok(())
}

const UNKNOWN: &str = "the host writes a row's columns as they are, so of serde's attributes it \
                       keeps to `rename`, `rename_all` and `skip`; without `JsonRow`, return \
                       `Json(rows)`";

/// How serde writes the names of fields.
#[derive(Clone, Copy)]
enum Case {
    Snake,
    Lower,
    Upper,
    Pascal,
    Camel,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    fn parse(text: &LitStr) -> syn::Result<Self> {
        Ok(match text.value().as_str() {
            "snake_case" => Self::Snake,
            "lowercase" => Self::Lower,
            "UPPERCASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            _ => return Err(Error::new_spanned(text, "serde knows no such case")),
        })
    }

    /// The name of a field, which is in snake case.
    fn of(self, field: &str) -> String {
        match self {
            // Of fields, serde takes `lowercase` and `snake_case` for the same.
            Self::Snake | Self::Lower => field.to_owned(),
            Self::Upper | Self::ScreamingSnake => field.to_ascii_uppercase(),
            Self::Pascal => pascal(field),
            Self::Camel => {
                let pascal = pascal(field);
                let first = pascal.chars().next().map_or(0, char::len_utf8);
                pascal[..first].to_ascii_lowercase() + &pascal[first..]
            }
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn pascal(field: &str) -> String {
    let mut pascal = String::new();
    let mut is_first = true;
    for character in field.chars() {
        if character == '_' {
            is_first = true;
        } else if is_first {
            pascal.push(character.to_ascii_uppercase());
            is_first = false;
        } else {
            pascal.push(character);
        }
    }
    pascal
}

/// The case that the struct asks for; other attributes that matter are refused.
fn case_of(attributes: &[Attribute]) -> syn::Result<Case> {
    let mut case = Case::Snake;
    for attribute in serde(attributes) {
        attribute.parse_nested_meta(|meta| {
            let name = meta.path.require_ident()?.to_string();
            match name.as_str() {
                "rename_all" => {
                    if let Some(renamed) = renamed(&meta)? {
                        case = Case::parse(&renamed)?;
                    }
                    Ok(())
                }
                "deny_unknown_fields" | "default" | "rename" | "expecting" | "crate" | "bound" => {
                    pass_over(&meta)
                }
                _ => Err(meta.error(UNKNOWN)),
            }
        })?;
    }
    Ok(case)
}

/// `rename = "…"` or `rename(serialize = "…", deserialize = "…")`.
fn renamed(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<LitStr>> {
    if meta.input.peek(Token![=]) {
        return Ok(Some(meta.value()?.parse()?));
    }
    let mut renamed = None;
    meta.parse_nested_meta(|meta| {
        let text: LitStr = meta.value()?.parse()?;
        if meta.path.is_ident("serialize") {
            renamed = Some(text);
        }
        Ok(())
    })?;
    Ok(renamed)
}

fn pass_over(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        let _: Expr = meta.value()?.parse()?;
    } else if meta.input.peek(syn::token::Paren) {
        meta.parse_nested_meta(|meta| pass_over(&meta))?;
    }
    Ok(())
}

fn serde(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|a| a.path().is_ident("serde"))
}
