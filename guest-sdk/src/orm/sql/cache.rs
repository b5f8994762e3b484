//! The text of statements whose shape was compiled before.
//!
//! The key is the whole structure of a query and not a digest of it: all that
//! the text depends on, from the models to which values are NULL. Only the
//! values themselves are left out, so that two queries with one key differ in
//! their parameters alone, and those are filled in.
//!
//! What is rare, or whose text depends on values being equal, has no key and is
//! compiled each time: named queries, and groups, orderings and window frames
//! with parameters.

use std::cell::RefCell;
use std::hash::BuildHasherDefault;

use lru::LruCache;
use rustc_hash::FxHasher;

use super::shape::{Shape, Slot};
use super::writer::Writer;
use crate::Result;
use crate::database::{Parameters, Statement};

/// How many statements are kept; those used longest ago give way.
const STATEMENTS_MAX: usize = 256;

/// Longer keys are not kept: a query of hundreds of conditions is made by a
/// loop, and hardly the same again.
const KEY_BYTES_MAX: usize = 1024;

type Statements = LruCache<Box<[u8]>, Template, BuildHasherDefault<FxHasher>>;

thread_local! {
    // Bounded below, where one is added: given a bound, it would take the room
    // for all of them at once, in an instance that may serve one request.
    static STATEMENTS: RefCell<Statements> =
        RefCell::new(LruCache::unbounded_with_hasher(BuildHasherDefault::default()));
}

/// A text, and which of a shape's slots each parameter is.
struct Template {
    text: Box<str>,
    parameters: Box<[u16]>,
}

/// The statement that `compile` writes, or the same as one with this shape.
pub(super) fn cached(
    shape: Option<Shape<'_>>,
    compile: impl Fn() -> Result<Writer>,
) -> Result<Statement> {
    let Some(shape) = shape.filter(|shape| shape.key.len() <= KEY_BYTES_MAX) else {
        return Ok(compile()?.finish());
    };
    let filled = STATEMENTS.with_borrow_mut(|statements| {
        let template = statements.get(&*shape.key)?;
        Some(template.fill(&shape.slots))
    });
    if let Some(filled) = filled {
        #[cfg(debug_assertions)]
        check(&filled, compile);
        return filled;
    }
    let writer = compile()?;
    if let Some(template) = Template::of(&writer, &shape.slots) {
        #[cfg(debug_assertions)]
        check(&template.fill(&shape.slots), &compile);
        let key = shape.key.into_boxed_slice();
        STATEMENTS.with_borrow_mut(|statements| {
            statements.put(key, template);
            if statements.len() > STATEMENTS_MAX {
                statements.pop_lru();
            }
        });
    }
    Ok(writer.finish())
}

impl Template {
    /// `None` where a parameter is not one of the slots, but made up on the
    /// way.
    fn of(writer: &Writer, slots: &[Slot<'_>]) -> Option<Self> {
        if writer.sources.len() != writer.parameters.count() {
            return None;
        }
        let slot_of = |source: &usize| {
            let slot = slots.iter().position(|slot| slot.source == *source)?;
            u16::try_from(slot).ok()
        };
        Some(Self {
            parameters: writer.sources.iter().map(slot_of).collect::<Option<_>>()?,
            text: writer.text().into(),
        })
    }

    fn fill(&self, slots: &[Slot<'_>]) -> Result<Statement> {
        let mut parameters = Parameters::with_capacity(self.parameters.len());
        for slot in &self.parameters {
            slots[usize::from(*slot)].push(&mut parameters)?;
        }
        Ok(Statement::from_parts(self.text.to_string(), parameters))
    }
}

/// That a statement filled in is the one that would have been compiled: every
/// test of a query is one of this file too.
#[cfg(debug_assertions)]
fn check(filled: &Result<Statement>, compile: impl Fn() -> Result<Writer>) {
    let compiled = compile().map(Writer::finish);
    match (filled, &compiled) {
        (Ok(filled), Ok(compiled)) => assert!(
            filled.sql() == compiled.sql()
                && filled.parameter_types() == compiled.parameter_types()
                && filled.parameters() == compiled.parameters(),
            "the shape of a query has no place for all that matters:\n{filled}\n{compiled}"
        ),
        _ => assert_eq!(
            filled.is_err(),
            compiled.is_err(),
            "{filled:?} {compiled:?}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orm::{ForeignKey, Q, QuerySet, count, exists};

    #[derive(crate::Model)]
    #[model(table = "books")]
    struct Book {
        #[model(key, auto)]
        id: i64,
        title: Option<String>,
        stock: i32,
        sequel_of: Option<ForeignKey<Book>>,
    }

    fn all() -> QuerySet<Book> {
        Book::objects()
    }

    /// How many more statements are kept after some queries were compiled.
    fn kept(queries: impl IntoIterator<Item = QuerySet<Book>>) -> usize {
        STATEMENTS.with_borrow_mut(LruCache::clear);
        for query in queries {
            query.to_sql().expect("the query makes sense");
        }
        STATEMENTS.with_borrow(LruCache::len)
    }

    #[test]
    fn values_are_filled_in() {
        let query = |stock, title: &str, ids: Vec<i64>, limit| {
            all()
                .filter(Book::stock.gt(stock) & !Book::title.icontains(title))
                .filter(Book::sequel_of().id().is_in(ids))
                .order_by([Book::stock.desc()])
                .limit(limit)
        };
        let one = query(1, "a", vec![7], 10);
        let other = query(2, "b'", vec![1, 2, 3], 20);
        let (one, other) = (one.to_sql().unwrap(), other.to_sql().unwrap());
        assert_eq!(one.sql(), other.sql());
        assert_ne!(one.parameters(), other.parameters());
        let of = |query: fn() -> QuerySet<Book>| kept([query(), query()]);
        assert_eq!(of(|| all().filter(Book::id.eq(7))), 1);
        assert_eq!(of(|| all().filter(Book::stock.between(1, 2)).offset(3)), 1);
        let children = || {
            all()
                .filter(Book::stock.gt(1))
                .correlate(Book::sequel_of_id, Book::id)
        };
        assert_eq!(
            kept([
                all().filter(exists(children())),
                all().filter(exists(children()))
            ]),
            1
        );
    }

    #[test]
    fn what_the_text_depends_on_is_in_the_key() {
        let child = |condition: Q<Book>| {
            let children = all().filter(condition);
            all().filter(exists(children.correlate(Book::sequel_of_id, Book::id)))
        };
        let queries = [
            all(),
            all().filter(Book::title.eq("a")),
            all().filter(Book::title.eq(None::<&str>)),
            all().filter(Book::title.ne("a")),
            all().filter(!Book::title.eq("a")),
            all().filter(Book::title.eq("a") & Book::title.eq("a")),
            all().filter(Book::title.is_in([] as [&str; 0])),
            all().filter(Book::title.is_in(["a"])),
            all().filter(Book::title.is_in([Some("a"), None])),
            all().filter(Book::title.is_in([None::<&str>])),
            all().filter(Book::stock.eq(1)),
            all().filter(Book::sequel_of().stock().eq(1)),
            all().filter(Book::stock.eq(Book::stock)),
            child(Book::stock.eq(1)),
            child(Book::stock.gt(1)),
            child(Book::title.eq("a")),
            all().order_by([Book::stock.asc()]),
            all().order_by([Book::stock.desc()]),
            all().order_by([Book::title.desc().nulls_last()]),
            all().limit(1),
            all().offset(1),
            all().distinct(),
            all().select_related(Book::sequel_of()),
            all().for_update(),
            all().for_update().nowait(),
        ];
        let count = queries.len();
        assert_eq!(kept(queries), count);
    }

    #[derive(crate::Model)]
    #[model(table = "vehicles", discriminator = kind)]
    struct Vehicle {
        #[model(key, auto)]
        id: i64,
        kind: String,
        #[model(soft_delete)]
        deleted_at: Option<crate::Timestamp>,
    }

    #[derive(crate::Model)]
    #[model(table = "vehicles", parent = Vehicle, variant = "car")]
    struct Car {
        #[model(key, auto)]
        id: i64,
        #[model(soft_delete)]
        deleted_at: Option<crate::Timestamp>,
    }

    #[derive(crate::Model)]
    #[model(table = "vehicles", parent = Vehicle, variant = "truck")]
    struct Truck {
        #[model(key, auto)]
        id: i64,
        #[model(soft_delete)]
        deleted_at: Option<crate::Timestamp>,
    }

    #[test]
    fn which_rows_are_a_models_own_is_in_the_key() {
        STATEMENTS.with_borrow_mut(LruCache::clear);
        let car = |id: i64| Car::objects().filter(Car::id.eq(id)).to_sql().unwrap();
        assert_eq!(car(1).sql(), car(2).sql());
        assert_ne!(car(1).parameters(), car(2).parameters());
        assert_eq!(STATEMENTS.with_borrow(LruCache::len), 1);
        let shared = |id: i64| {
            let trucks = Truck::objects().correlate(Truck::id, Car::id);
            let cars = Car::objects().filter(exists(trucks) & Car::id.gt(id));
            cars.to_sql().unwrap().to_string()
        };
        assert!(shared(1).ends_with("$1 = 'truck'\n--   $2 = 1\n--   $3 = 'car'"));
        assert!(shared(2).ends_with("$1 = 'truck'\n--   $2 = 2\n--   $3 = 'car'"));
        let trucks = Truck::objects;
        for query in [
            trucks(),
            trucks().with_deleted(),
            trucks().only_deleted(),
            trucks().limit(1),
        ] {
            query.to_sql().unwrap();
        }
        assert_eq!(STATEMENTS.with_borrow(LruCache::len), 6);
    }

    #[test]
    fn what_depends_on_values_being_equal_is_compiled_each_time() {
        let grouped = |factor: i32| all().values((Book::stock * 2, Book::stock * factor, count()));
        STATEMENTS.with_borrow_mut(LruCache::clear);
        let (equal, other) = (grouped(2).to_sql().unwrap(), grouped(3).to_sql().unwrap());
        assert_ne!(equal.sql(), other.sql());
        let ordered = |factor: i32| {
            let values = all().values((Book::stock * 2,));
            values
                .order_by([(Book::stock * factor).asc()])
                .to_sql()
                .unwrap()
        };
        assert_ne!(ordered(2).sql(), ordered(3).sql());
        assert_eq!(STATEMENTS.with_borrow(LruCache::len), 0);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let conditions = |count: usize| all().filter(Q::all((0..count).map(|_| Book::stock.gt(1))));
        let some = kept((1..20).map(conditions));
        assert_eq!(some, 19);
        assert_eq!(kept([conditions(1000)]), 0, "a key that long is not kept");
        let many = (0..600).map(|n: u32| {
            let bits = (0..10).map(|bit| match n >> bit & 1 {
                0 => Book::stock.gt(1),
                _ => Book::stock.lt(1),
            });
            all().filter(Q::all(bits))
        });
        assert_eq!(kept(many), STATEMENTS_MAX);
    }

    #[test]
    fn updates_and_deletions_too() {
        STATEMENTS.with_borrow_mut(LruCache::clear);
        let update = |stock: i32| {
            let update = all()
                .filter(Book::id.eq(1))
                .update([Book::stock.set(stock)]);
            update.to_sql().unwrap()
        };
        assert_eq!(update(1).sql(), update(2).sql());
        assert_eq!(STATEMENTS.with_borrow(LruCache::len), 1);
        let negated = all()
            .update([Book::stock.set(-Book::stock)])
            .to_sql()
            .unwrap();
        assert!(negated.sql().contains("(-"));
        assert_eq!(STATEMENTS.with_borrow(LruCache::len), 2);
    }
}
