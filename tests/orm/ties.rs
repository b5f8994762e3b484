//! Ties of a model between two that were removed, and are kept.

use plinth::orm::{ToMany, sum};
use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug)]
#[model(table = "books")]
struct Book {
    #[model(key)]
    id: i64,
    #[model(through = Tagging(book, tag))]
    tags: ManyToMany<Tag>,
    shelves: ManyToMany<Tag>,
    #[model(reverse = book)]
    taggings: Many<Tagging>,
}

#[derive(Model, Debug)]
#[model(table = "tags")]
struct Tag {
    #[model(key)]
    id: i64,
    weight: i64,
    #[model(soft_delete)]
    deleted_at: Option<Timestamp>,
}

#[derive(Model, Debug)]
#[model(table = "taggings", unique(book, tag))]
struct Tagging {
    #[model(key, auto)]
    id: i64,
    book: ForeignKey<Book>,
    tag: ForeignKey<Tag>,
    #[model(soft_delete)]
    removed_at: Option<Timestamp>,
}

/// Book 1 has the tags 1 and 4, of which the last was deleted, and had 2; book 2
/// had 2; and book 3 never had any.
fn books() -> Db {
    let db = native_database(&[Book::META, Tag::META, Tagging::META]);
    for sql in [
        "INSERT INTO books VALUES (1), (2), (3)",
        "INSERT INTO tags VALUES (1, 10, NULL), (2, 20, NULL), (4, 40, now())",
    ] {
        db.execute(sql, &[]).expect(sql);
    }
    let all = Book::objects().order_by([Book::id.asc()]);
    let books = all.all(&db).expect("books");
    books[0].tags.add([1, 2, 4], &db).expect("ties");
    books[1].tags.add([2], &db).expect("ties");
    books[0].tags.remove([2], &db).expect("unties");
    books[1].tags.remove([2], &db).expect("unties");
    db
}

type Ties = fn(ToMany<Book, Tag>) -> ToMany<Book, Tag>;

const EACH: [Ties; 3] = [
    |tags| tags,
    ToMany::with_removed_ties,
    ToMany::only_removed_ties,
];

#[test]
fn each_question_is_about_the_ties_that_it_says() {
    let db = books();
    // Which of the books' tags there are, with each of the three.
    let expected: [[&[i64]; 3]; 3] = [[&[1], &[], &[]], [&[1, 2], &[2], &[]], [&[2], &[2], &[]]];
    for (ties, expected) in EACH.into_iter().zip(expected) {
        let tags = || ties(Book::tags());
        let books = Book::objects().order_by([Book::id.asc()]);
        let loaded = books
            .clone()
            .prefetch_related(tags().order_by([Tag::id.asc()]));
        let loaded = loaded.all(&db).expect("books");
        let ids = |book: &Book| -> Vec<i64> {
            book.tags
                .get()
                .expect("loaded")
                .iter()
                .map(|tag| tag.id)
                .collect()
        };
        assert_eq!(loaded.iter().map(ids).collect::<Vec<_>>(), expected);
        let counted = books.clone().values((
            tags().count(),
            tags().filter(Tag::id.gt(1)).count(),
            tags().aggregate(sum(Tag::weight)),
        ));
        let counted = counted.all(&db).expect("values");
        for (counted, ids) in counted.iter().zip(expected) {
            let weight = (!ids.is_empty()).then(|| ids.iter().sum::<i64>() * 10);
            let above = ids.iter().filter(|id| **id > 1).count();
            let counts = [ids.len(), above].map(|count| i64::try_from(count).expect("few"));
            assert_eq!([counted.0, counted.1], counts);
            assert_eq!(
                counted.2.map(|weight| weight.to_string()),
                weight.map(|w| w.to_string())
            );
        }
        let any = books.filter(tags().any()).values(Book::id).all(&db);
        let with_any = (1..).zip(expected).filter(|(_, ids)| !ids.is_empty());
        assert_eq!(
            any.expect("ids"),
            with_any.map(|(id, _)| id).collect::<Vec<i64>>()
        );
    }
}

#[test]
fn ties_that_are_not_kept_are_refused() {
    let db = books();
    let refused = |query: QuerySet<Book>| {
        let error = query.all(&db).expect_err("no ties are kept");
        assert!(error.is_invalid_query(), "{error}");
        error.to_string()
    };
    let shelves = Book::shelves().with_removed_ties();
    let error = refused(Book::objects().filter(shelves.clone().any()));
    assert!(error.contains("`books_shelves` keeps no ties"), "{error}");
    refused(Book::objects().prefetch_related(shelves.clone()));
    refused(Book::objects().filter(shelves.count().gt(0)));
    // Its rows have soft deletion, and no model between.
    let taggings = Book::taggings().only_removed_ties();
    refused(Book::objects().filter(taggings.any()));
}
