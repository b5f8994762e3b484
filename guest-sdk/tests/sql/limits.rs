//! Queries that grow without end are refused, and end no plugin's stack.

use plinth::orm::{Expr, exists, greatest, search_query, search_vector, value, when};
use plinth::prelude::*;

use crate::models::Book;
use crate::refusal;

/// What a plugin has for its calls; the frames of unoptimized code are larger.
const STACK_BYTES: usize = if cfg!(debug_assertions) {
    2 << 20
} else {
    256 << 10
};

const TOO_DEEP: &str = "a condition nests more than 400 levels; \
                        put its parts side by side with `Q::all` or `Q::any`";

fn with_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let thread = thread.spawn(work).expect("a thread");
    thread.join().expect("it does not panic")
}

fn refused(condition: fn() -> Q<Book>) {
    let refusal = with_small_stack(move || {
        let query = Book::objects().filter(condition());
        // Everything else that walks over a condition.
        let (copy, debug) = (query.clone(), format!("{query:?}"));
        drop((copy, debug));
        refusal(query.to_sql())
    });
    assert_eq!(refusal, TOO_DEEP);
}

fn grown(grow: fn(Q<Book>, i32) -> Q<Book>) -> Q<Book> {
    (0..20_000).fold(Book::stock.eq(0), grow)
}

#[test]
fn what_is_not_too_deep_fits_the_stack() {
    let parameters = |condition: fn() -> Q<Book>| {
        let statement = with_small_stack(move || {
            let query = Book::objects().filter(condition());
            query.to_sql().expect("a statement")
        });
        statement.parameter_types().len()
    };
    let deep = || {
        (0..197).fold(Book::stock.eq(0), |q, n| {
            (q & Book::stock.ne(n)) | Book::stock.gt(n)
        })
    };
    assert_eq!(parameters(deep), 1 + 2 * 197);
    let queries = || {
        (0..190).fold(Book::stock.eq(0), |q, n| {
            let others = Book::objects().filter(q).filter(Book::stock.gt(n));
            exists(others.correlate(Book::id, Book::sequel_of_id))
        })
    };
    assert_eq!(parameters(queries), 1 + 190);
}

#[test]
fn conditions_that_nest_without_end_are_refused_on_a_small_stack() {
    refused(|| grown(|q, n| (q & Book::stock.ne(n)) | Book::stock.gt(n)));
    refused(|| grown(|q, n| Book::stock.gt(n) | (Book::stock.ne(n) & q)));
    refused(|| grown(|q, n| !(q & Book::stock.eq(n))));
    refused(|| grown(|q, _| Q::all([q])));
    refused(|| grown(|q, _| Q::any([Q::all([q])])));
}

#[test]
fn so_are_queries_within_queries() {
    refused(|| {
        grown(|q, _| {
            let others = Book::objects().filter(q);
            exists(others.correlate(Book::id, Book::sequel_of_id))
        })
    });
    refused(|| {
        grown(|q, _| {
            let others = Book::objects().filter(q);
            Book::id.is_in_query(others.values(Book::id))
        })
    });
}

#[test]
fn so_are_expressions() {
    let grown = |grow: fn(Expr<Book, i32>, i32) -> Expr<Book, i32>| {
        (0..20_000).fold(value(Book::stock), grow)
    };
    let refused = |expression: Expr<Book, i32>| {
        let values = Book::objects().values(expression.clone());
        assert_eq!(refusal(values.to_sql()), TOO_DEEP);
        let order = Book::objects().order_by([expression.clone().asc()]);
        assert_eq!(refusal(order.to_sql()), TOO_DEEP);
        let update = Book::objects().update([Book::stock.set(expression)]);
        assert_eq!(refusal(update.to_sql()), TOO_DEEP);
    };
    with_small_stack(move || {
        refused(grown(|expression, n| expression + n));
        refused(grown(|expression, _| -expression));
        refused(grown(|expression, _| expression.abs()));
        refused(grown(|expression, n| {
            when(Book::stock.eq(n), expression).otherwise(n)
        }));
        refused(grown(|expression, n| greatest(expression, n) * 2));
    });
}

#[test]
fn so_are_searches() {
    refused(|| {
        let words = (0..20_000).map(|_| search_query("word"));
        let query = words
            .reduce(|all, word| all & !word)
            .expect("there are words");
        search_vector(Book::title).matches(query.config("simple"))
    });
}

#[test]
fn what_is_side_by_side_has_no_end() {
    with_small_stack(|| {
        let conditions = (0..20_000).map(|n| Book::stock.gt(n) | Book::stock.lt(-n));
        let query = Book::objects().filter(Q::all(conditions));
        let statement = query.to_sql().expect("a statement");
        assert_eq!(statement.parameter_types().len(), 40_000);
        let orders = (0..5000).map(|n| (Book::stock + n).asc());
        let statement = Book::objects().order_by(orders).to_sql();
        assert_eq!(
            statement.expect("a statement").parameter_types().len(),
            5000
        );
    });
}

#[test]
fn each_parameter_counts_and_one_too_many_is_refused() {
    let query = |count: i32| {
        let conditions = (0..count).map(|n| Book::stock.ne(n));
        Book::objects().filter(Q::all(conditions)).to_sql()
    };
    assert_eq!(
        query(65_535).expect("it fits").parameter_types().len(),
        65_535
    );
    assert_eq!(
        refusal(query(65_536)),
        "a statement takes at most 65535 parameters; `is_in` passes any number of values as one"
    );
}
