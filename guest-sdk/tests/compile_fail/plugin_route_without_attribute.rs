//! A plugin of things that are no routes, and with a part that there is not.

fn list_books() -> String {
    String::new()
}

struct Books;

mod plain_function {
    use super::list_books;
    plinth::plugin! { routes: [list_books] }
}

mod plain_type {
    use super::Books;
    plinth::plugin! { routes: [Books] }
}

mod misspelt {
    plinth::plugin! { route: [] }
}

fn main() {}
