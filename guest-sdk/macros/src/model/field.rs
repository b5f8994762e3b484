use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{
    Attribute, Error, Expr, ExprRange, GenericArgument, LitStr, PathArguments, Token, Type,
    Visibility,
};

use super::default::Default;
use super::index::{Method, NULLS, sql};
use crate::names;

/// A column and its attributes.
pub(super) struct Field {
    pub(super) name: Ident,
    pub(super) visibility: Visibility,
    pub(super) documentation: Vec<Attribute>,
    pub(super) ty: Type,
    /// The type inside the `Option`, or the type.
    pub(super) inner: Type,
    pub(super) is_nullable: bool,
    pub(super) column: String,
    /// The model it points to, when it is a foreign key.
    pub(super) relation: Option<Type>,
    pub(super) attributes: FieldAttributes,
}

/// `deferrable`, or `deferrable = immediate`.
pub(super) struct Deferrable {
    pub(super) name: Ident,
    pub(super) is_immediate: bool,
}

/// What stands in `#[model(…)]` above a field.
#[derive(Default)]
pub(super) struct FieldAttributes {
    pub(super) key: Option<Ident>,
    pub(super) auto: Option<Ident>,
    pub(super) auto_now: Option<Ident>,
    pub(super) version: Option<Ident>,
    pub(super) soft_delete: Option<Ident>,
    pub(super) unique: bool,
    /// Unique, and two NULLs are the same.
    pub(super) nulls_not_distinct: Option<Ident>,
    pub(super) index: bool,
    pub(super) index_method: Option<Method>,
    pub(super) default: Option<Default>,
    pub(super) generated: Option<LitStr>,
    pub(super) range: Option<ExprRange>,
    pub(super) on_delete: Option<Ident>,
    pub(super) deferrable: Option<Deferrable>,
    /// How texts are compared, where not by their bytes.
    pub(super) text_equality: Option<TextEquality>,
    column: Option<LitStr>,
}

/// `citext`, or `collation = "…"`.
pub(super) enum TextEquality {
    Citext(Ident),
    Collation(LitStr),
}

impl Field {
    pub(super) fn parse(field: &syn::Field) -> syn::Result<Self> {
        let Some(name) = &field.ident else {
            return Err(Error::new_spanned(field, "a column has a name"));
        };
        let mut attributes = FieldAttributes::parse(&field.attrs)?;
        let option = argument_of(&field.ty, "Option");
        let inner = option.unwrap_or(&field.ty);
        let one_to_one = argument_of(inner, "OneToOne");
        let relation = one_to_one
            .or_else(|| argument_of(inner, "ForeignKey"))
            .cloned();
        attributes.unique |= one_to_one.is_some();
        attributes.unique &= attributes.nulls_not_distinct.is_none();
        let column = column_name(name, &attributes, relation.is_some())?;
        let documented = field.attrs.iter().filter(|a| a.path().is_ident("doc"));
        Ok(Self {
            name: name.clone(),
            visibility: field.vis.clone(),
            documentation: documented.cloned().collect(),
            ty: field.ty.clone(),
            inner: inner.clone(),
            is_nullable: option.is_some(),
            column,
            relation,
            attributes,
        })
    }

    /// The name of the column's constant: `author_id` for the field `author`.
    pub(super) fn constant(&self) -> Ident {
        match self.relation {
            Some(_) => names::key_constant(&self.name),
            None => self.name.clone(),
        }
    }

    /// What the column holds: for a foreign key, the key it refers to.
    pub(super) fn column_type(&self) -> TokenStream {
        match (&self.relation, self.is_nullable) {
            (Some(model), false) => quote!(<#model as ::plinth::orm::Model>::Key),
            (Some(model), true) => {
                quote!(::core::option::Option<<#model as ::plinth::orm::Model>::Key>)
            }
            (None, _) => {
                let ty = &self.ty;
                quote!(#ty)
            }
        }
    }

    /// Whether `create!` must be given it.
    pub(super) fn is_required(&self) -> bool {
        let attributes = &self.attributes;
        let is_filled_in = attributes.auto.is_some()
            || attributes.auto_now.is_some()
            || attributes.version.is_some()
            || attributes.default.is_some()
            || attributes.generated.is_some();
        !self.is_nullable && !is_filled_in
    }

    /// The last part of the name of the type inside the `Option`.
    pub(super) fn type_name(&self) -> Option<String> {
        match &self.inner {
            Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        }
    }
}

impl Deferrable {
    fn parse(name: &Ident, meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        let written: Option<Ident> = match meta.input.peek(Token![=]) {
            true => Some(meta.value()?.parse()?),
            false => None,
        };
        let is_immediate = written.is_some();
        match written.filter(|written| written != "immediate") {
            None => Ok(Self {
                name: name.clone(),
                is_immediate,
            }),
            Some(other) => Err(Error::new_spanned(
                other,
                "a foreign key is checked at the end of the transaction with `deferrable`, and \
                 with `deferrable = immediate` only where that says so",
            )),
        }
    }
}

impl FieldAttributes {
    fn parse(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut parsed = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("model")) {
            attribute.parse_nested_meta(|meta| parsed.parse_one(&meta))?;
        }
        Ok(parsed)
    }

    fn parse_one(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let name = meta.path.require_ident()?;
        match name.to_string().as_str() {
            "key" => self.key = Some(name.clone()),
            "auto" => self.auto = Some(name.clone()),
            "auto_now" => self.auto_now = Some(name.clone()),
            "version" => self.version = Some(name.clone()),
            "soft_delete" => self.soft_delete = Some(name.clone()),
            "unique" if meta.input.peek(Token![=]) => {
                self.nulls_not_distinct = Some(nulls(&meta.value()?.parse()?)?);
            }
            "unique" => self.unique = true,
            "index" if meta.input.peek(Token![=]) => {
                self.index_method = Some(meta.value()?.parse()?);
            }
            "index" => self.index = true,
            "default" => self.default = Some(Default(meta.value()?.parse()?)),
            "generated" => self.generated = Some(sql(meta.value()?)?),
            "range" => self.range = Some(range(meta.value()?.parse()?)?),
            "on_delete" => self.on_delete = Some(meta.value()?.parse()?),
            "deferrable" => self.deferrable = Some(Deferrable::parse(name, meta)?),
            "citext" => {
                let equality = TextEquality::Citext(name.clone());
                self.set_text_equality(equality)?;
            }
            "collation" => {
                let equality = TextEquality::Collation(meta.value()?.parse()?);
                self.set_text_equality(equality)?;
            }
            "column" => self.column = Some(meta.value()?.parse()?),
            _ => return Err(meta.error(KNOWN)),
        }
        Ok(())
    }

    fn set_text_equality(&mut self, equality: TextEquality) -> syn::Result<()> {
        match self.text_equality.replace(equality) {
            None => Ok(()),
            Some(before) => Err(before.error("a column is `citext` or has one collation")),
        }
    }
}

impl TextEquality {
    /// That the type is one of texts, and the name one of Postgres.
    pub(super) fn check(&self, ty: &Type) -> syn::Result<()> {
        let is_text = match ungrouped(ty) {
            Type::Path(path) => path
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "String"),
            _ => false,
        };
        if !is_text {
            let message = "`citext` and `collation` say how texts are compared, so the field is a \
                           `String` or `Option<String>`; a foreign key has what the key it points \
                           to has";
            return Err(self.error(message));
        }
        match self {
            Self::Collation(name) if name.value().is_empty() || name.value().len() > 63 => {
                Err(self.error("a collation's name has 1 to 63 bytes"))
            }
            _ => Ok(()),
        }
    }

    fn error(&self, message: &str) -> Error {
        match self {
            Self::Citext(name) => Error::new_spanned(name, message),
            Self::Collation(name) => Error::new_spanned(name, message),
        }
    }

    /// What the model's description says of it.
    pub(super) fn expand(&self) -> TokenStream {
        match self {
            Self::Citext(_) => quote!(::plinth::orm::TextEquality::Citext),
            Self::Collation(name) => quote!(::plinth::orm::TextEquality::Collation(#name)),
        }
    }
}

const KNOWN: &str = "a field's attributes are `key`, `auto`, `auto_now`, `version`, `soft_delete`, \
                     `unique`, `index`, `citext`, `collation = \"…\"`, \
                     `default = …`, `generated = \"…\"`, `range = 1..=5`, `on_delete = cascade`, \
                     `deferrable` and `column = \"…\"`";

fn nulls(written: &Ident) -> syn::Result<Ident> {
    if written == NULLS {
        return Ok(written.clone());
    }
    let message = "a unique column is `unique`, or `unique = nulls_not_distinct` where no two \
                   rows may have NULL";
    Err(Error::new_spanned(written, message))
}

fn range(expression: Expr) -> syn::Result<ExprRange> {
    match expression {
        Expr::Range(range) => Ok(range),
        other => Err(Error::new_spanned(
            other,
            "a range is written `1..=5`, `0..` or `..100`",
        )),
    }
}

fn column_name(name: &Ident, attributes: &FieldAttributes, is_key: bool) -> syn::Result<String> {
    let column = match &attributes.column {
        Some(literal) => literal.value(),
        None if is_key => format!("{}_id", names::plain(name)),
        None => names::plain(name),
    };
    if names::is_sql_name(&column) {
        return Ok(column);
    }
    let message = "a column's name is at most 63 small letters, digits and `_`, \
                   and begins with no digit; give another with `#[model(column = \"…\")]`";
    Err(match &attributes.column {
        Some(literal) => Error::new_spanned(literal, message),
        None => Error::new_spanned(name, message),
    })
}

/// A type that a macro put in a group of no delimiters.
fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        ty => ty,
    }
}

/// `T` of `Name<T>`, however the path to `Name` is written.
pub(crate) fn argument_of<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let Type::Path(path) = ty else {
        return None;
    };
    let last = path
        .path
        .segments
        .last()
        .filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(argument)) => Some(argument),
        _ => None,
    }
}
