//! `index(…)` and `unique(…)` above the struct, and `index = gin` on a field.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::{Error, LitStr, Token};

use super::field::Field;
use crate::errors::Errors;
use crate::names;

/// An index as it is written.
#[derive(Default)]
pub(super) struct WrittenIndex {
    terms: Vec<WrittenTerm>,
    is_unique: bool,
    nulls_not_distinct: Option<Ident>,
    name: Option<LitStr>,
    condition: Option<LitStr>,
    opclass: Option<LitStr>,
    method: Option<Method>,
}

enum WrittenTerm {
    Column { field: Ident, order: Option<Ident> },
    Expression(LitStr),
}

/// `using = gin`, one of Postgres' methods.
#[derive(Clone)]
pub(super) struct Method(Ident);

/// An index over columns by their positions.
pub(super) struct Index {
    terms: Vec<Term>,
    is_unique: bool,
    nulls_not_distinct: bool,
    name: Option<String>,
    condition: Option<String>,
    opclass: Option<String>,
    method: Option<Method>,
}

#[derive(PartialEq)]
enum Term {
    Column(usize),
    Descending(usize),
    Expression(String),
}

impl WrittenIndex {
    pub(super) fn parse(meta: &ParseNestedMeta<'_>, is_unique: bool) -> syn::Result<Self> {
        let content;
        syn::parenthesized!(content in meta.input);
        let mut index = Self {
            is_unique,
            ..Self::default()
        };
        while !content.is_empty() {
            index.parse_part(&content)?;
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }
        if index.terms.is_empty() {
            return Err(meta.error(
                "name the fields, as in `index(author, created_at)`, or an expression, \
                 as in `index(expression = \"lower(title)\")`",
            ));
        }
        Ok(index)
    }

    fn parse_part(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let name = input.call(Ident::parse_any)?;
        if name == NULLS && !input.peek(Token![=]) {
            self.nulls_not_distinct = Some(name);
            return Ok(());
        }
        if !input.peek(Token![=]) {
            let order = input.parse::<Option<Ident>>()?;
            self.terms.push(WrittenTerm::Column { field: name, order });
            return Ok(());
        }
        input.parse::<Token![=]>()?;
        match name.to_string().as_str() {
            "expression" => self.terms.push(WrittenTerm::Expression(sql(input)?)),
            "where" => self.condition = Some(sql(input)?),
            "opclass" => self.opclass = Some(sql(input)?),
            "name" => self.name = Some(sql_name(input)?),
            "using" => self.method = Some(input.parse()?),
            _ => return Err(Error::new_spanned(name, KNOWN)),
        }
        Ok(())
    }

    pub(super) fn resolve(&self, fields: &[Field], errors: &mut Errors) -> Index {
        self.check(errors);
        let terms = self.terms.iter();
        Index {
            terms: terms
                .filter_map(|term| errors.take(term.resolve(fields)))
                .collect(),
            is_unique: self.is_unique,
            nulls_not_distinct: self.nulls_not_distinct.is_some(),
            name: self.name.as_ref().map(LitStr::value),
            condition: self.condition.as_ref().map(LitStr::value),
            opclass: self.opclass.as_ref().map(LitStr::value),
            method: self.method.clone(),
        }
    }

    fn check(&self, errors: &mut Errors) {
        if let Some(nulls) = self.nulls_not_distinct.as_ref().filter(|_| !self.is_unique) {
            errors.add(nulls, "only in what is unique can NULLs be the same");
        }
        let Some(Method(method)) = self.method.as_ref().filter(|m| m.0 != "btree") else {
            return;
        };
        if self.is_unique {
            errors.add(method, "Postgres keeps what is unique in a `btree` only");
        }
        if method == "hash" && self.terms.len() > 1 {
            errors.add(method, "a `hash` index is of one column");
        }
        for term in &self.terms {
            if let WrittenTerm::Column {
                order: Some(order), ..
            } = term
            {
                errors.add(order, "only a `btree` has an order");
            }
        }
    }
}

/// What says that two NULLs are the same.
pub(super) const NULLS: &str = "nulls_not_distinct";

const KNOWN: &str = "an index has fields, each with `desc` behind it if it is to be so, and \
                     `expression = \"…\"`, `where = \"…\"`, `using = gin`, `opclass = \"…\"`, \
                     `name = \"…\"` and, if it is unique, `nulls_not_distinct`";

impl WrittenTerm {
    fn resolve(&self, fields: &[Field]) -> syn::Result<Term> {
        let (name, order) = match self {
            Self::Expression(expression) => return Ok(Term::Expression(expression.value())),
            Self::Column { field, order } => (field, order),
        };
        let column = position(name, fields)?;
        match order {
            None => Ok(Term::Column(column)),
            Some(order) if order == "asc" => Ok(Term::Column(column)),
            Some(order) if order == "desc" => Ok(Term::Descending(column)),
            Some(order) => Err(Error::new_spanned(
                order,
                "a column's order is `asc` or `desc`",
            )),
        }
    }
}

/// The position of a field among the columns.
pub(super) fn position(name: &Ident, fields: &[Field]) -> syn::Result<usize> {
    let mut fields = fields.iter();
    fields
        .position(|field| field.name == *name)
        .ok_or_else(|| Error::new_spanned(name, format!("there is no field `{name}`")))
}

impl Index {
    /// The index of one column that says how it is kept.
    pub(super) fn of_field(column: usize, method: Method) -> Self {
        Self {
            method: Some(method),
            ..Self::of_column(column)
        }
    }

    /// The unique constraint of one column that takes one NULL only.
    pub(super) fn with_one_null(column: usize) -> Self {
        Self {
            is_unique: true,
            nulls_not_distinct: true,
            ..Self::of_column(column)
        }
    }

    fn of_column(column: usize) -> Self {
        Self {
            terms: vec![Term::Column(column)],
            is_unique: false,
            nulls_not_distinct: false,
            name: None,
            condition: None,
            opclass: None,
            method: None,
        }
    }

    pub(super) fn expand(&self) -> TokenStream {
        let terms = self.terms.iter().map(|term| match term {
            Term::Column(column) => quote!(::plinth::orm::IndexTerm::Column(#column)),
            Term::Descending(column) => quote!(::plinth::orm::IndexTerm::Descending(#column)),
            Term::Expression(sql) => quote!(::plinth::orm::IndexTerm::Expression(#sql)),
        });
        let is_unique = self.is_unique;
        let nulls = (self.nulls_not_distinct).then(|| quote!(nulls_not_distinct: true,));
        let texts = [
            (quote!(name), &self.name),
            (quote!(condition), &self.condition),
            (quote!(opclass), &self.opclass),
        ];
        let texts = texts.iter().filter_map(|(field, text)| {
            let text = text.as_ref()?;
            Some(quote!(#field: ::core::option::Option::Some(#text),))
        });
        let method = self.method.as_ref().map(|method| {
            let variant = method.variant();
            quote!(method: ::plinth::orm::IndexMethod::#variant,)
        });
        quote! {
            ::plinth::orm::IndexMeta {
                unique: #is_unique,
                #nulls
                #method
                #(#texts)*
                ..::plinth::orm::IndexMeta::of(&[#(#terms),*])
            }
        }
    }

    /// Whether the same is made twice, under one name.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        // Without terms they were wrong, which was said.
        !self.terms.is_empty()
            && self.is_unique == other.is_unique
            && self.condition == other.condition
            && self.opclass == other.opclass
            && self.terms == other.terms
            && self.method_name() == other.method_name()
    }

    fn method_name(&self) -> String {
        self.method
            .as_ref()
            .map_or_else(|| "btree".to_owned(), |method| method.0.to_string())
    }
}

impl Parse for Method {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        if METHODS.iter().any(|(method, _)| name == method) {
            return Ok(Self(name));
        }
        Err(Error::new_spanned(
            name,
            "an index is a `btree`, `hash`, `gin`, `gist` or `brin`",
        ))
    }
}

const METHODS: [(&str, &str); 5] = [
    ("btree", "BTree"),
    ("hash", "Hash"),
    ("gin", "Gin"),
    ("gist", "Gist"),
    ("brin", "Brin"),
];

impl Method {
    fn variant(&self) -> Ident {
        let mut methods = METHODS.iter();
        let found = methods.find(|(method, _)| self.0 == method);
        Ident::new(found.map_or("BTree", |(_, variant)| variant), self.0.span())
    }
}

/// A fragment of SQL, which is the author's own.
pub(super) fn sql(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let literal: LitStr = input.parse()?;
    if literal.value().trim().is_empty() {
        return Err(Error::new_spanned(literal, "there is no SQL in it"));
    }
    Ok(literal)
}

pub(super) fn sql_name(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let literal: LitStr = input.parse()?;
    if names::is_sql_name(&literal.value()) {
        return Ok(literal);
    }
    Err(Error::new_spanned(
        literal,
        "a name is at most 63 small letters, digits and `_`, and begins with no digit",
    ))
}
