//! `docs/reliability.md` names tests that are there.

use std::fs;
use std::path::Path;

/// Lines that the table has at least.
const FAULTS_MIN: usize = 100;

#[test]
fn each_fault_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("../docs/reliability.md")).expect("the page");
    let mut faults = 0;
    for line in page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
    {
        let cells: Vec<_> = line.trim_matches('|').split('|').collect();
        let names: Vec<_> = cells[2].split('`').collect();
        let (file, test) = (names[1], names[3]);
        let source = fs::read_to_string(root.join("http").join(file)).expect(file);
        assert!(source.contains(&format!("fn {test}(")), "{file}: {test}");
        faults += 1;
    }
    assert!(faults >= FAULTS_MIN, "{faults}");
}
