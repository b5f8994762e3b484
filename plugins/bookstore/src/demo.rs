//! Demonstration data, the same each time.

mod random;
mod words;

use plinth::prelude::*;

use self::random::Random;
use crate::isbn;
use crate::models::{Author, Book, Category, Review};

const AUTHORS: u32 = 200;
const BOOKS: u32 = 1_000;
const REVIEWS: u32 = 5_000;

/// Fills the empty tables.
pub(crate) fn load(db: &Db) -> Result<()> {
    let mut random = Random::new(1450);
    let categories = words::CATEGORIES.map(category);
    let categories = Category::objects().bulk_create(categories, db)?;
    let authors = (0..AUTHORS).map(|_| author(&mut random));
    let authors = Author::objects().bulk_create(authors, db)?;
    let books = (0..BOOKS).map(|rank| book(&mut random, rank, &authors, &categories));
    let books = Book::objects().bulk_create(books, db)?;
    let reviews = (0..REVIEWS).map(|_| review(&mut random, &books));
    Review::objects().bulk_create(reviews, db)?;
    Ok(())
}

fn category(name: &str) -> <Category as Model>::New {
    let slug = name.to_lowercase().replace(' ', "-");
    create!(Category { name, slug })
}

fn author(random: &mut Random) -> <Author as Model>::New {
    let name = words::person(random);
    let country = (!random.once_in(10)).then(|| *random.one_of(&words::COUNTRIES));
    let born = (!random.once_in(5)).then(|| day(random, 1890, 100));
    create!(Author {
        name,
        country,
        born
    })
}

fn book(
    random: &mut Random,
    rank: u32,
    authors: &[Author],
    categories: &[Category],
) -> <Book as Model>::New {
    let published = !random.once_in(8);
    create!(Book {
        title: words::title(random),
        isbn: isbn::numbered(rank),
        price: Decimal::new(random.between(499, 4_999), 2),
        pages: random.between(60, 900),
        published,
        featured: random.once_in(20),
        published_on: published.then(|| day(random, 1950, 75)),
        author: random.one_of(authors),
        category: (!random.once_in(12)).then(|| random.one_of(categories).id),
        tags: words::tags(random),
    })
}

fn review(random: &mut Random, books: &[Book]) -> <Review as Model>::New {
    create!(Review {
        book: random.one_of(books),
        reviewer: words::person(random),
        rating: random.between(1, 5),
        body: words::review(random),
        helpful: random.between(0, 40),
    })
}

/// A day within some years; the 28th is the last that every month has.
fn day(random: &mut Random, first_year: i16, years: i16) -> Date {
    let year = first_year + random.between::<i16>(0, years - 1);
    Date::constant(year, random.between(1, 12), random.between(1, 28))
}
