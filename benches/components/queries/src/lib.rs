//! Measures how long building and compiling queries takes, by the clock of the
//! plugin: no statement is run.

use std::hint::black_box;
use std::time::Instant;

use plinth::orm::Column;
use plinth::prelude::*;

#[derive(Model)]
#[model(table = "authors")]
struct Author {
    #[model(key, auto)]
    id: i64,
    name: String,
    country: Option<String>,
}

#[derive(Model)]
#[model(table = "books")]
struct Book {
    #[model(key, auto)]
    id: i64,
    title: String,
    isbn: String,
    pages: i32,
    stock: i32,
    published: bool,
    author: ForeignKey<Author>,
    sequel_of: Option<ForeignKey<Book>>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A row by its key.
fn row(round: u32) -> QuerySet<Book> {
    Book::objects().filter(Book::id.eq(i64::from(round)))
}

/// A list over two joins: conditions on three tables, an ordering, a slice.
fn list(round: u32) -> QuerySet<Book> {
    shaped_list(round, 0)
}

/// The same with a shape that it had 512 queries ago: fewer are remembered.
fn rare_list(round: u32) -> QuerySet<Book> {
    shaped_list(round, round)
}

/// A list whose comparisons and directions are as the last ten bits say.
fn shaped_list(round: u32, shape: u32) -> QuerySet<Book> {
    let bits = |lowest: u32| shape >> lowest & 3;
    let compare = |column: Column<Book, i32>, value: i32, operator| match operator {
        0 => column.gt(value),
        1 => column.gte(value),
        2 => column.lt(value),
        _ => column.lte(value),
    };
    let direct = |column: Column<Book, Timestamp>, direction| match direction {
        0 | 1 => column.desc(),
        _ => column.asc(),
    };
    let name = Book::author().name();
    let is_found = match bits(4) {
        0 => name.starts_with("Ursula"),
        1 => name.ends_with("Ursula"),
        2 => name.eq("Ursula"),
        _ => name.ne("Ursula"),
    };
    let last = match bits(6) {
        0 => Book::id.desc(),
        1 => Book::id.asc(),
        2 => Book::pages.desc(),
        _ => Book::stock.desc(),
    };
    Book::objects()
        .filter(compare(Book::pages, round.cast_signed(), bits(0)) & Book::published.is_true())
        .filter(is_found | compare(Book::stock, 7, bits(2)))
        .exclude(Book::sequel_of().title().icontains("dune"))
        .select_related(Book::author())
        .order_by([direct(Book::created_at, bits(8)), last])
        .limit(50)
}

/// The nanoseconds that one query took, of so many.
fn nanoseconds(rounds: u32, query: fn(u32) -> QuerySet<Book>, compile: bool) -> Result<f64> {
    let began = Instant::now();
    for round in 0..rounds {
        let query = black_box(query(round));
        if compile {
            black_box(query.to_sql()?);
        }
    }
    Ok(began.elapsed().as_secs_f64() * 1e9 / f64::from(rounds))
}

/// Measure one kind of query.
#[get("/{kind}/{rounds}")]
fn measure(kind: String, rounds: u32) -> Result<Json<f64>> {
    let (query, compile): (fn(u32) -> QuerySet<Book>, bool) = match &*kind {
        "row-built" => (row, false),
        "row" => (row, true),
        "list-built" => (list, false),
        "list" => (list, true),
        "rare-list-built" => (rare_list, false),
        "rare-list" => (rare_list, true),
        _ => return Err(Problem::not_found("There is no such query.").into()),
    };
    nanoseconds(rounds, query, compile).map(Json)
}

plinth::plugin! { models: [Author, Book], routes: [measure] }
