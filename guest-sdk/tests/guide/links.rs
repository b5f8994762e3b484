//! The links between the repository's pages.

use std::fs;
use std::path::Path;

/// What is wrong with the links of a page: each with the page and its line.
pub(crate) fn mistakes(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let mut mistakes = Vec::new();
    for (line, number) in prose(&text) {
        for link in links(line) {
            if !leads_somewhere(page, link) {
                mistakes.push(format!("{}:{number}: {link}", page.display()));
            }
        }
    }
    mistakes
}

/// The lines outside of blocks of code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut is_code = false;
    text.lines().zip(1..).filter(move |(line, _)| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// What stands in parentheses behind brackets.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let behind = line.split("](").skip(1);
    behind.filter_map(|text| text.split_once(')').map(|(link, _)| link))
}

fn leads_somewhere(page: &Path, link: &str) -> bool {
    if link.contains("://") {
        return true;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path.is_empty() {
        true => page.to_owned(),
        false => page.with_file_name(path),
    };
    match anchor.is_empty() {
        true => target.exists(),
        false => {
            fs::read_to_string(target).is_ok_and(|text| anchors(&text).any(|name| name == anchor))
        }
    }
}

/// The names that headings are linked by.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let headings = prose(text).filter_map(|(line, _)| line.strip_prefix('#'));
    headings.map(|heading| {
        let heading = heading.trim_start_matches('#').trim();
        let is_kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let name = heading.to_lowercase().replace(' ', "-");
        name.chars().filter(is_kept).collect()
    })
}

#[test]
fn a_link_to_nothing_is_a_mistake() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("links");
    fs::create_dir_all(&folder).unwrap();
    let page = folder.join("page.md");
    let text = "# One `page`, a *title*\n\n[a](#one-page-a-title) [b](gone.md) [c](page.md#gone)\n";
    fs::write(&page, text).unwrap();
    let found = mistakes(&page);
    let found: Vec<_> = found
        .iter()
        .filter_map(|m| m.rsplit_once("page.md:3: "))
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((found[0].1, found[1].1), ("gone.md", "page.md#gone"));
}
