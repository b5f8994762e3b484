//! Mistakes of plugin authors, and what the compiler says of each.

#[test]
fn a_mistake_is_an_error_that_names_the_remedy() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
