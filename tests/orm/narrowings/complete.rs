//! That no method of query sets is missing in the table.

use std::fs;
use std::path::Path;

use super::{NARROWINGS, methods};

/// What a method that keeps, drops or adds rows by conditions is called in a
/// refusal.
const BY_CONDITIONS: &[&str] = &["exclude", "none", "with_descendants", "with_ancestors"];

/// The public methods of query sets, each with its signature.
fn query_set_methods() -> Vec<(String, String)> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk/src/orm");
    let mut texts = Vec::new();
    collect(&sources, &mut texts);
    let blocks = texts.iter().flat_map(|text| {
        let blocks = text.split("\nimpl<M: Model> QuerySet<M> {\n").skip(1);
        blocks.map(|block| block.split("\n}\n").next().unwrap_or_default())
    });
    let signatures = blocks.flat_map(|block| block.split("\n    pub fn ").skip(1));
    signatures
        .map(|text| {
            let signature = text.split('{').next().unwrap_or_default();
            let end = signature.find(['<', '(']).expect("a signature");
            (signature[..end].to_owned(), signature.to_owned())
        })
        .collect()
}

fn collect(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => collect(&path, texts),
            false => texts.push(fs::read_to_string(&path).expect("a file")),
        }
    }
}

#[test]
fn the_table_has_every_method_of_query_sets() {
    let methods = query_set_methods();
    assert!(methods.len() > 40, "{methods:?}");
    let asked: Vec<_> = methods::all().iter().map(|method| method.name).collect();
    let narrowings: Vec<_> = NARROWINGS.iter().map(|narrowing| narrowing.name).collect();
    for (name, signature) in &methods {
        let is_narrowing = signature.contains("self") && signature.contains("-> Self");
        let is_known = match is_narrowing {
            true => narrowings.contains(&&**name) || BY_CONDITIONS.contains(&&**name),
            // What only makes another query is run by its own methods.
            false => !signature.contains("db: &") || asked.contains(&&**name),
        };
        assert!(
            is_known,
            "`{name}` is not in the table of methods and narrowings"
        );
    }
}
