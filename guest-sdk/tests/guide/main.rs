//! The guide's snippets and links. Each snippet is compiled, and where a block of
//! SQL stands behind one, it is what the snippet runs.
//!
//! The chapters become the modules of one program, which trybuild compiles and
//! runs. Each line of a chapter's code stands on the same line of its module, so
//! `queries.rs:57` in a message is line 57 of `queries.md`.

mod chapter;
mod links;
mod snippet;

use std::fs;
use std::path::{Path, PathBuf};

use chapter::Chapter;

/// The chapters, by their path in the repository.
const CHAPTERS: &[&str] = &[
    "README.md",
    "docs/guide/first-plugin.md",
    "docs/guide/handlers.md",
    "docs/guide/models.md",
    "docs/guide/queries.md",
    "docs/guide/loading.md",
    "docs/guide/expressions.md",
    "docs/guide/transactions.md",
    "docs/guide/databases.md",
    "docs/guide/testing.md",
];

/// The chapter whose first snippet declares the models of all.
const MODELS: &str = "docs/guide/models.md";

#[test]
fn snippets_compile_and_run_the_sql_beside_them() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide");
    fs::create_dir_all(&folder).unwrap();
    let chapters: Vec<Chapter> = CHAPTERS.iter().map(|path| read(path)).collect();
    for chapter in &chapters {
        let fixture = fs::read_to_string(fixture(chapter)).unwrap_or_default();
        write(&folder, &chapter.module, &chapter.to_rust(&fixture));
    }
    let program = folder.join("main.rs");
    write(&folder, "main", &program_text(&chapters));
    trybuild::TestCases::new().pass(program);
}

#[test]
fn every_page_of_the_guide_is_tested() {
    for page in fs::read_dir(repository().join("docs/guide")).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        let path = format!("docs/guide/{name}");
        assert!(CHAPTERS.contains(&&*path), "{path} is not in `CHAPTERS`");
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let folders = ["", "docs", "docs/guide", "docs/design"];
    let folders = folders.map(|folder| fs::read_dir(repository().join(folder)).unwrap());
    let pages = folders
        .into_iter()
        .flatten()
        .map(|page| page.unwrap().path());
    let pages = pages.filter(|page| page.extension().is_some_and(|extension| extension == "md"));
    let mistakes: Vec<String> = pages.flat_map(|page| links::mistakes(&page)).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

/// The program that checks them all; see `check.rs`.
fn program_text(chapters: &[Chapter]) -> String {
    let models = chapters.iter().find(|chapter| chapter.path == MODELS);
    let models = models.and_then(Chapter::first_snippet);
    let mut text = include_str!("check.rs").to_owned();
    text += "mod bookstore {\n";
    text += &models.expect("the chapter on models begins with them").text;
    text += "}\n";
    for chapter in chapters {
        text += &format!("mod {};\n", chapter.module);
    }
    text += "fn main() {\n    let mut check = Check::default();\n";
    for chapter in chapters {
        text += &format!("    {}::check(&mut check);\n", chapter.module);
    }
    text += "    check.finish();\n}\n";
    text
}

fn read(path: &'static str) -> Chapter {
    let text = fs::read_to_string(repository().join(path)).unwrap();
    Chapter::parse(path, &text).unwrap_or_else(|mistake| panic!("{mistake}"))
}

/// What a chapter's snippets need beside the bookstore, if there is such a file.
fn fixture(chapter: &Chapter) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guide/fixtures");
    folder.join(&chapter.module).with_extension("rs")
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Writes a file unless it is like this, so that nothing is compiled again.
fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name).with_extension("rs");
    if fs::read_to_string(&path).ok().as_deref() != Some(text) {
        fs::write(path, text).unwrap();
    }
}
