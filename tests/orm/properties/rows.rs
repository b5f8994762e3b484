//! The rows that conditions are tried on: NULL, ties, empty texts, characters
//! that mean something to SQL or LIKE, and the ends of each type's range.

use plinth::prelude::*;
use plinth_tests::native_database;

#[derive(Model, Debug, Clone)]
#[model(table = "owners")]
pub(super) struct Owner {
    #[model(key)]
    pub(super) id: i32,
    pub(super) nick: Option<String>,
    pub(super) rank: i32,
    pub(super) active: bool,
    #[model(reverse = owner)]
    pub(super) things: Many<Thing>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "things")]
pub(super) struct Thing {
    #[model(key)]
    pub(super) id: i32,
    pub(super) name: String,
    pub(super) text: Option<String>,
    pub(super) small: i32,
    pub(super) number: Option<i32>,
    pub(super) big: Option<i64>,
    pub(super) ratio: Option<f64>,
    pub(super) flag: bool,
    pub(super) owner: Option<ForeignKey<Owner>>,
    #[model(reverse = thing)]
    pub(super) parts: Many<Part>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "parts")]
pub(super) struct Part {
    #[model(key)]
    pub(super) id: i32,
    pub(super) thing: ForeignKey<Thing>,
    pub(super) label: Option<String>,
    pub(super) size: i32,
    #[model(soft_delete)]
    pub(super) deleted_at: Option<Timestamp>,
}

/// What texts consist of, in rows and in conditions.
pub(super) const TEXTS: [&str; 20] = [
    "", " ", "a", "A", "ab", "aB", "b%", "%", "_", "a_b", "\\", "a\\", "\\%", "'", "O'Brien",
    "\"$1\"", "-- ;", "äÖ", "ÄÖ", "🦀%",
];

pub(super) const NUMBERS: [i32; 9] = [i32::MIN, -7, -1, 0, 1, 2, 3, 100, i32::MAX];

pub(super) const BIGS: [i64; 6] = [i64::MIN, -1, 0, 1, 1 << 40, i64::MAX];

pub(super) const RATIOS: [f64; 9] = [
    f64::NEG_INFINITY,
    f64::MIN,
    -0.0,
    0.0,
    f64::MIN_POSITIVE,
    0.1,
    f64::MAX,
    f64::INFINITY,
    f64::NAN,
];

/// All rows, as they are in the database.
#[derive(Debug)]
pub(super) struct World {
    pub(super) owners: Vec<Owner>,
    pub(super) things: Vec<Thing>,
    pub(super) parts: Vec<Part>,
}

impl World {
    /// A new database, and what is in it.
    pub(super) fn create() -> (Db, Self) {
        let db = native_database(&[Owner::META, Thing::META, Part::META]);
        let mut dice = Dice(7);
        let owners: Vec<_> = (0..6).map(|id| dice.owner(id)).collect();
        let things: Vec<_> = (0..45).map(|id| dice.thing(id)).collect();
        let parts: Vec<_> = (0..60).map(|id| dice.part(id)).collect();
        let insert = "all rows are inserted";
        let world = Self {
            owners: Owner::objects().bulk_create(owners, &db).expect(insert),
            things: Thing::objects().bulk_create(things, &db).expect(insert),
            parts: Part::objects().bulk_create(parts, &db).expect(insert),
        };
        (db, world)
    }

    pub(super) fn owner_of(&self, thing: &Thing) -> Option<&Owner> {
        let key = thing.owner.as_ref()?.key();
        self.owners.iter().find(|owner| owner.id == *key)
    }

    /// Those that are not deleted.
    pub(super) fn live_parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.deleted_at.is_none())
    }

    pub(super) fn parts_of(&self, thing: &Thing) -> impl Iterator<Item = &Part> {
        let id = thing.id;
        self.live_parts()
            .filter(move |part| *part.thing.key() == id)
    }

    pub(super) fn thing_of(&self, part: &Part) -> &Thing {
        let things = self.things.iter();
        let mut things = things.filter(|thing| thing.id == *part.thing.key());
        things.next().expect("each part has its thing")
    }
}

/// Numbers that are the same each time, as the rows must be for a failure to
/// come again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        // https://en.wikipedia.org/wiki/Xorshift
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("it is less than `sides`")
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// One of the values, or NULL.
    fn maybe_of<T: Copy>(&mut self, values: &[T]) -> Option<T> {
        (self.below(4) > 0).then(|| self.of(values))
    }

    fn owner(&mut self, id: i32) -> OwnerDraft {
        create!(Owner {
            id,
            nick: self.maybe_of(&TEXTS),
            rank: self.of(&[-2, 0, 1, 5]),
            active: self.below(2) == 0
        })
    }

    fn thing(&mut self, id: i32) -> ThingDraft {
        let owner = self.maybe_of(&[0, 1, 2, 3, 4]);
        create!(Thing {
            id,
            name: self.of(&TEXTS),
            text: self.maybe_of(&TEXTS),
            small: self.of(&[-7, -1, 0, 1, 2, 3]),
            number: self.maybe_of(&NUMBERS),
            big: self.maybe_of(&BIGS),
            ratio: self.maybe_of(&RATIOS),
            flag: self.below(2) == 0,
            owner
        })
    }

    fn part(&mut self, id: i32) -> PartDraft {
        let deleted_at = (self.below(4) == 0).then(|| "2024-02-29T12:00:00Z".parse());
        create!(Part {
            id,
            thing: i32::try_from(self.below(30)).expect("it is small"),
            label: self.maybe_of(&TEXTS),
            size: self.of(&NUMBERS),
            deleted_at: deleted_at.map(|at| at.expect("a time"))
        })
    }
}
