/// How many bytes of a name Postgres keeps.
const NAME_BYTES_MAX: usize = 63;

/// The name of a constraint or index: `books_isbn_key`.
///
/// One that Postgres would cut off ends in a hash instead, so that two long
/// names which begin alike stay two.
pub(super) fn constraint(table: &str, columns: &[&str], suffix: &str) -> String {
    let mut parts = vec![table];
    parts.extend(columns);
    parts.push(suffix);
    let name = parts.join("_");
    if name.len() <= NAME_BYTES_MAX {
        return name;
    }
    let ending = format!("_{:08x}_{suffix}", hash(&name));
    let mut cut = NAME_BYTES_MAX - ending.len();
    while !name.is_char_boundary(cut) {
        cut -= 1;
    }
    format!("{}{ending}", &name[..cut])
}

/// FNV-1a: the same on every machine and in every version.
pub(super) fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// An identifier between double quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Identifiers, each quoted.
pub(super) fn list(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    names.join(", ")
}

/// A text between single quotes.
pub(super) fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_what_postgres_would_choose() {
        assert_eq!(constraint("books", &["a", "b"], "key"), "books_a_b_key");
    }

    #[test]
    fn long_names_stay_different_and_fit() {
        let table = "t".repeat(60);
        let (one, two) = (
            constraint(&table, &["a"], "key"),
            constraint(&table, &["b"], "key"),
        );
        assert_ne!(one, two);
        assert_eq!(one.len(), NAME_BYTES_MAX);
        assert!(one.ends_with("_key"));
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quoted(r#"a"b"#), r#""a""b""#);
        assert_eq!(quoted_text("it's"), "'it''s'");
    }
}
