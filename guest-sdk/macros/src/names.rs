use proc_macro2::Ident;
use syn::ext::IdentExt;

/// How long a name in Postgres can be.
const NAME_BYTES_MAX: usize = 63;

/// An identifier as it is in Postgres: `r#type` is `type`.
pub(crate) fn plain(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// The constant of the column that a foreign key is.
pub(crate) fn key_constant(field: &Ident) -> Ident {
    Ident::new(&format!("{}_id", plain(field)), field.span())
}

/// `OnHold` as `on_hold`.
pub(crate) fn snake_case(ident: &Ident) -> String {
    let mut text = String::new();
    for character in plain(ident).chars() {
        if character.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(character.to_lowercase());
    }
    text
}

/// A name of at most as many bytes as Postgres keeps: one that is longer ends in
/// a hash of the whole, as those of constraints and indexes do.
pub(crate) fn fitting(name: String) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name;
    }
    let ending = format!("_{:08x}", hash(&name));
    format!("{}{ending}", cut(&name, NAME_BYTES_MAX - ending.len()))
}

/// What Postgres keeps of a name.
pub(crate) fn kept(name: &str) -> &str {
    cut(name, NAME_BYTES_MAX)
}

fn cut(text: &str, bytes: usize) -> &str {
    let mut ends = (0..=bytes.min(text.len())).rev();
    let end = ends.find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

/// FNV-1a: the same on every machine and in every version.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Whether a table or column can have this name. Postgres takes more, quoted;
/// names that need no thought in SQL by hand are worth the limit.
pub(crate) fn is_sql_name(name: &str) -> bool {
    let mut characters = name.chars();
    let starts_well = characters
        .next()
        .is_some_and(|c| c == '_' || c.is_ascii_lowercase());
    starts_well
        && characters.all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.len() <= NAME_BYTES_MAX
}
