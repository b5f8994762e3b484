use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, ExprLit, ExprPath, ExprUnary, Lit, UnOp};

use super::field::Field;

/// `default = …`: a literal, `now`, what Postgres computes, or a variant of the field's choices.
pub(super) struct Default(pub(super) Expr);

impl Default {
    /// The expression of the `DefaultMeta`.
    pub(super) fn expand(&self, field: &Field) -> syn::Result<TokenStream> {
        match &self.0 {
            Expr::Path(path) if path.path.is_ident("now") => {
                Ok(quote!(::plinth::orm::DefaultMeta::Now))
            }
            Expr::Path(path) => Ok(choice(path, field)),
            Expr::Call(call) => expression(call),
            Expr::Array(array) if array.elems.is_empty() => {
                Ok(quote!(::plinth::orm::DefaultMeta::Text("{}")))
            }
            expression => literal(expression),
        }
    }

    /// An item that compiles only if the literal is one of the field's type.
    pub(super) fn expand_check(&self, field: &Field) -> Option<TokenStream> {
        let (expression, ty) = (&self.0, &field.inner);
        if matches!(expression, Expr::Path(_) | Expr::Array(_) | Expr::Call(_)) {
            return None;
        }
        let span = expression.span();
        match field.type_name()?.as_str() {
            "bool" | "i16" | "i32" | "i64" | "f32" | "f64" => {
                Some(quote_spanned!(span=> const _: #ty = #expression;))
            }
            "String" => Some(quote_spanned!(span=> const _: &str = #expression;)),
            _ => None,
        }
    }
}

fn choice(path: &ExprPath, field: &Field) -> TokenStream {
    let ty = &field.inner;
    let variant = match path.path.get_ident() {
        Some(variant) => quote_spanned!(variant.span()=> <#ty>::#variant),
        None => quote!(#path),
    };
    quote_spanned!(path.span()=> ::plinth::orm::DefaultMeta::Text((#variant).text()))
}

/// `db("gen_random_uuid()")`
fn expression(call: &ExprCall) -> syn::Result<TokenStream> {
    let is_db = matches!(&*call.func, Expr::Path(path) if path.path.is_ident("db"));
    let sql = match (call.args.first(), call.args.len()) {
        (Some(Expr::Lit(literal)), 1) => match &literal.lit {
            Lit::Str(sql) => Some(sql).filter(|sql| !sql.value().trim().is_empty()),
            _ => None,
        },
        _ => None,
    };
    match sql {
        Some(sql) if is_db => Ok(quote!(::plinth::orm::DefaultMeta::Expression(#sql))),
        _ => Err(syn::Error::new_spanned(
            call,
            "what Postgres computes is written `default = db(\"gen_random_uuid()\")`",
        )),
    }
}

fn literal(expression: &Expr) -> syn::Result<TokenStream> {
    if let Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    }) = expression
    {
        return Ok(quote!(::plinth::orm::DefaultMeta::Text(#text)));
    }
    let sql = number(expression).or_else(|| boolean(expression));
    let Some(sql) = sql else {
        let message =
            "a default is a literal, `now`, `db(\"…\")`, or a variant of the field's choices";
        return Err(syn::Error::new_spanned(expression, message));
    };
    Ok(quote!(::plinth::orm::DefaultMeta::Literal(#sql)))
}

fn boolean(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit {
            lit: Lit::Bool(value),
            ..
        }) => Some(value.value.to_string().to_uppercase()),
        _ => None,
    }
}

/// A number as it is in SQL.
pub(super) fn number(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit {
            lit: Lit::Int(value),
            ..
        }) => Some(value.base10_digits().to_owned()),
        Expr::Lit(ExprLit {
            lit: Lit::Float(value),
            ..
        }) => Some(value.base10_digits().to_owned()),
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => number(expr).map(|number| format!("-{number}")),
        _ => None,
    }
}
