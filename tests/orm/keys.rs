//! Keys of every type that can be one, some of which are equal in Postgres and
//! differ in bytes: whatever loads rows by them finds what a JOIN finds.

use plinth::database::{
    BitString, BytesMut, Cidr, ColumnType, Composite, DecodeError, EncodeError, Inet, MacAddr,
    Money, PgLsn, Range, SqlType, TimeTz, Type,
};
use plinth::orm::{ModelMeta, schema};
use plinth::prelude::*;
use plinth::{DateTime, Time};
use plinth_tests::native_database;

/// A database with the types and collations that the keys are of.
fn database(models: &[&'static ModelMeta]) -> Db {
    let db = native_database(&[]);
    let types = [
        "CREATE EXTENSION citext",
        "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "CREATE TYPE mood AS ENUM ('happy', 'so-so')",
        "CREATE TYPE price AS (amount numeric, currency text)",
    ];
    let tables = schema::tables(models);
    let ddl = tables.iter().flat_map(|table| &table.ddl);
    for statement in types.into_iter().chain(ddl.map(|ddl| &**ddl)) {
        db.execute(statement, &[]).expect(statement);
    }
    db
}

#[derive(Choices, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[choices(sql_type = "mood")]
enum Mood {
    Happy,
    #[choices(text = "so-so")]
    SoSo,
}

#[derive(Clone, Debug, PartialEq)]
struct Price {
    amount: Decimal,
    currency: String,
}

impl ColumnType for Price {
    const SQL: SqlType = SqlType::named("price");

    fn encode(&self, out: &mut BytesMut) -> std::result::Result<bool, EncodeError> {
        Composite::new(&[&self.amount, &self.currency])?.encode(out)
    }

    fn decode(ty: &Type, raw: Option<&[u8]>) -> std::result::Result<Self, DecodeError> {
        let fields = Composite::decode(ty, raw)?;
        Ok(Self {
            amount: fields.get(0)?,
            currency: fields.get(1)?,
        })
    }
}

/// The arrays that a query reads.
fn lists(sql: &str, db: &Db) -> Vec<Vec<i64>> {
    let rows = db.query(sql, &[]).expect("a query");
    rows.iter().map(|row| row.get(0).expect("a list")).collect()
}

fn sorted(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids
}

/// What a JOIN finds of each owner, in the order of their keys.
const ITEMS_OF_OWNERS: &str = "SELECT array_remove(array_agg(i.id ORDER BY i.id), NULL) \
     FROM owners o LEFT JOIN items i ON i.owner_id = o.code GROUP BY o.code ORDER BY o.code";

/// The same through the table between, for both sides.
const ITEMS_TIED: &str = "SELECT array_remove(array_agg(i.id ORDER BY i.id), NULL) \
     FROM owners o LEFT JOIN owners_tied t ON t.owner_id = o.code \
     LEFT JOIN items i ON i.id = t.item_id GROUP BY o.code ORDER BY o.code";
const ITEMS_PAIRED: &str = "SELECT array_remove(array_agg(i.id ORDER BY i.id), NULL) \
     FROM owners o LEFT JOIN pairs p ON p.owner_id = o.code \
     LEFT JOIN items i ON i.id = p.item_id GROUP BY o.code ORDER BY o.code";

/// What a JOIN finds of each item: which owner, as its place among all.
const OWNER_OF_ITEMS: &str = "SELECT ARRAY[o.place] FROM items i \
     JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS place FROM owners) o \
     ON o.code = i.owner_id ORDER BY i.id";

macro_rules! keys {
    ($($name:ident: $Key:ty $(where ($($attribute:tt)*))?, [$($owner:literal),*] <- [$($item:literal),*] $($hashed:ident)?;)*) => {$(
        #[expect(dead_code, reason = "a model has more methods than are tested here")]
        mod $name {
            use super::*;

            #[derive(Model)]
            #[model(table = "owners")]
            pub(super) struct Owner {
                #[model(key $(, $($attribute)*)?)]
                code: $Key,
                #[model(default = 0)]
                changes: i32,
                #[model(reverse = owner)]
                items: Many<Item>,
                tied: ManyToMany<Item>,
                #[model(through = Pair(owner, item))]
                paired: ManyToMany<Item>,
            }

            #[derive(Model)]
            #[model(table = "items")]
            pub(super) struct Item {
                #[model(key)]
                id: i64,
                owner: ForeignKey<Owner>,
                #[model(table = "owners_tied")]
                owners: ManyToMany<Owner>,
            }

            #[derive(Model)]
            #[model(table = "pairs")]
            pub(super) struct Pair {
                #[model(key, auto)]
                id: i64,
                owner: ForeignKey<Owner>,
                item: ForeignKey<Item>,
            }

            fn rows() -> Db {
                let db = database(&[Owner::META, Item::META, Pair::META]);
                let run = |sql: String| db.execute(sql, &[]).expect("inserts");
                for code in [$($owner),*] {
                    run(format!("INSERT INTO owners VALUES ('{code}')"));
                }
                for (id, code) in [$($item),*].iter().enumerate() {
                    run(format!("INSERT INTO items VALUES ({id}, '{code}')"));
                    run(format!("INSERT INTO owners_tied (owner_id, item_id) VALUES ('{code}', {id})"));
                    run(format!("INSERT INTO pairs (owner_id, item_id) VALUES ('{code}', {id})"));
                }
                db
            }

            fn owners(db: &Db) -> Vec<Owner> {
                Owner::objects()
                    .prefetch_related(Owner::items().select_related(Item::owner()))
                    .prefetch_related(Owner::tied().prefetch_related(Item::owners()))
                    .prefetch_related(Owner::paired().order_by([Item::id.desc()]))
                    .order_by([Owner::code.asc()])
                    .all(db)
                    .expect("owners")
            }

            #[test]
            fn prefetched_rows_are_those_of_a_join() {
                let db = rows();
                let owners = owners(&db);
                let ids = |rows: &[Item]| sorted(rows.iter().map(|item| item.id));
                let of = |rows: fn(&Owner) -> &[Item]| -> Vec<_> {
                    owners.iter().map(|owner| ids(rows(owner))).collect()
                };
                let items = of(|owner| owner.items.get().expect("loaded"));
                assert!(items.iter().flatten().count() > 0);
                assert_eq!(items, lists(ITEMS_OF_OWNERS, &db));
                assert_eq!(of(|owner| owner.tied.get().expect("loaded")), lists(ITEMS_TIED, &db));
                assert_eq!(of(|owner| owner.paired.get().expect("loaded")), lists(ITEMS_PAIRED, &db));
                for owner in &owners {
                    for item in owner.items.get().expect("loaded") {
                        item.owner.get().expect("loaded");
                    }
                    for item in owner.tied.get().expect("loaded") {
                        assert_eq!(item.owners.get().expect("loaded").len(), 1);
                    }
                }
            }

            #[test]
            fn ties_are_set_and_removed_by_equal_keys() {
                let db = rows();
                for item in Item::objects().select_related(Item::owner()).all(&db).expect("items") {
                    // As it is tied, and as the owner spells it.
                    let spelled = item.owner.get().expect("loaded").code.clone();
                    for key in [item.owner.key().clone(), spelled] {
                        let key = || [ForeignKey::<Owner>::new(key.clone())];
                        item.owners.set(key(), &db).expect("sets");
                        assert_eq!(item.owners.objects().expect("owned").count(&db).expect("a count"), 1);
                        assert_eq!(item.owners.add(key(), &db).expect("adds"), 0);
                        assert_eq!(item.owners.remove(key(), &db).expect("removes"), 1);
                        assert_eq!(item.owners.add(key(), &db).expect("adds"), 1);
                    }
                }
            }

            #[test]
            fn rows_are_found_saved_and_deleted_by_equal_keys() {
                let db = rows();
                for (changes, item) in (1..).zip(Item::objects().all(&db).expect("items")) {
                    let key = || item.owner.key().clone();
                    let mut owner = Owner::objects().filter(Owner::code.eq(key())).get(&db).expect("it");
                    owner.code = key();
                    owner.refresh(&db).expect("refreshed");
                    owner.code = key();
                    let mut edit = owner.edit();
                    edit.changes = changes;
                    edit.save(&db).expect("saved");
                    let mut owner = edit.into_inner();
                    assert_eq!(owner.changes, changes);
                    owner.code = key();
                    owner.changes = -changes;
                    let changed = Owner::objects().bulk_update(&[owner], Owner::changes, &db);
                    assert_eq!(changed.expect("updated"), 1);
                    let is_owner = Owner::code.eq(key());
                    assert_eq!(Owner::objects().filter(is_owner).count(&db).expect("a count"), 1);
                    let is_owner = Owner::code.is_in([key()]);
                    assert_eq!(Owner::objects().filter(is_owner).count(&db).expect("a count"), 1);
                    let of_owner = Item::objects().filter(Item::owner_id.eq(key()));
                    assert!(of_owner.exists(&db).expect("a query"));
                    let over = Item::objects().filter(Item::owner().code().eq(key()));
                    assert_eq!(over.count(&db).expect("a count"), of_owner.count(&db).expect("a count"));
                }
            }

            $(keys! { $hashed $Key })?
        }
    )*};
    (hashed $Key:ty) => {
        #[test]
        fn rows_in_bulk_and_of_loaders_are_those_of_a_join() {
            let db = rows();
            let (owners, items) = (owners(&db), Item::objects().order_by([Item::id.asc()]));
            let items = items.all(&db).expect("items");
            let place = |owner: &Owner| owners.iter().position(|other| other.code == owner.code);
            let place = |owner: &Owner| i64::try_from(place(owner).expect("one of all")).expect("few");
            let expected = lists(OWNER_OF_ITEMS, &db);
            let keys: Vec<$Key> = items.iter().map(|item| item.owner.key().clone()).collect();
            let found = Owner::objects().in_bulk(keys.clone(), &db).expect("owners");
            let loader = DataLoader::by_key(Owner::objects().prefetch_related(Owner::items()), &db);
            let loaded = loader.load_many(keys.clone()).get().expect("owners");
            for (index, key) in keys.iter().enumerate() {
                assert_eq!([place(&found[key])], *expected[index]);
                let loaded = loaded[index].as_deref().expect("an owner");
                assert_eq!([place(loaded)], *expected[index]);
                loaded.items.get().expect("loaded");
            }
            let of_owner = DataLoader::by_column(Item::objects(), Item::owner_id, &db);
            let codes = owners.iter().map(|owner| owner.code.clone());
            let lists_of = of_owner.load_many(codes).get().expect("items");
            let ids = lists_of.iter().map(|items| sorted(items.iter().map(|item| item.id)));
            assert_eq!(ids.collect::<Vec<_>>(), lists(ITEMS_OF_OWNERS, &db));
            let over = DataLoader::by_column(Item::objects(), Item::owner().code(), &db);
            let lists_over = over.load_many(keys).get().expect("items");
            assert!(lists_over.iter().all(|items| !items.is_empty()));
        }
    };
}

mod texts {
    use super::*;

    #[derive(Model, Debug)]
    #[model(table = "people")]
    struct Person {
        #[model(key)]
        id: i64,
        #[model(citext, unique)]
        email: String,
        name: String,
        #[model(through = Tie(person, label))]
        labels: ManyToMany<Label>,
    }

    #[derive(Model, Debug)]
    #[model(table = "labels")]
    struct Label {
        #[model(key, citext)]
        text: String,
    }

    #[derive(Model, Debug)]
    #[model(table = "ties", unique(person, label))]
    struct Tie {
        #[model(key, auto)]
        id: i64,
        person: ForeignKey<Person>,
        label: ForeignKey<Label>,
        #[model(soft_delete)]
        removed_at: Option<Timestamp>,
    }

    fn people() -> Db {
        let db = database(&[Person::META, Label::META, Tie::META]);
        for sql in [
            "INSERT INTO people VALUES (1, 'Ann@x.org', 'ann@X.org'), (2, 'bob@x.org', 'Bob')",
            "INSERT INTO labels VALUES ('Red'), ('blue')",
        ] {
            db.execute(sql, &[]).expect(sql);
        }
        db
    }

    #[test]
    fn a_citext_is_compared_without_case_with_whatever_it_is() {
        let db = people();
        let found = |condition: Q<Person>| {
            let ids = Person::objects().filter(condition).values(Person::id);
            ids.order_by([Person::id.asc()]).all(&db).expect("ids")
        };
        assert_eq!(found(Person::email.eq("ANN@x.org")), [1]);
        assert_eq!(found(Person::email.ne("ANN@x.org")), [2]);
        assert_eq!(found(!Person::email.eq("ANN@x.org")), [2]);
        assert_eq!(
            found(Person::email.is_in(["ann@x.org", "BOB@x.org"])),
            [1, 2]
        );
        assert_eq!(found(Person::email.between("B", "BZ")), [2]);
        assert_eq!(found(Person::email.lt("B")), [1]);
        assert_eq!(found(Person::email.eq(Person::name)), [1]);
        assert_eq!(found(Person::name.eq(Person::email)), [1]);
        assert_eq!(found(Person::email.contains("NN@")), [1]);
        assert_eq!(found(Person::email.starts_with("BOB")), [2]);
        let (person, is_new) = Person::objects()
            .filter(Person::email.eq("BOB@X.ORG"))
            .get_or_create(
                create!(Person {
                    id: 3,
                    email: "BOB@X.ORG",
                    name: ""
                }),
                &db,
            )
            .expect("found");
        assert_eq!((person.id, is_new), (2, false));
    }

    #[test]
    fn ties_that_come_back_are_one_for_keys_that_are_equal() {
        let db = people();
        let ann = Person::objects()
            .filter(Person::id.eq(1))
            .get(&db)
            .expect("Ann");
        assert_eq!(ann.labels.add(["red", "BLUE"], &db).expect("adds"), 2);
        assert_eq!(ann.labels.remove(["RED", "Blue"], &db).expect("removes"), 2);
        assert_eq!(
            ann.labels
                .add(["rEd", "ReD", "blue"], &db)
                .expect("restores"),
            2
        );
        ann.labels.set(["reD"], &db).expect("sets");
        let loaded = Person::objects()
            .prefetch_related(Person::labels())
            .all(&db);
        let labels: Vec<_> = loaded
            .expect("people")
            .iter()
            .map(|person| {
                person
                    .labels
                    .get()
                    .expect("loaded")
                    .iter()
                    .map(|label| label.text.clone())
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(labels, [vec!["Red".to_owned()], vec![]]);
    }
}

keys! {
    numeric: Decimal, ["1.50", "2", "0.0", "-7.10"] <- ["1.5", "1.500", "2.00", "2", "0", "-7.1"] hashed;
    real: f32, ["0", "1.5"] <- ["-0", "0", "1.5"];
    double: f64, ["-0", "1.5", "NaN"] <- ["0", "-0", "1.5", "NaN"];
    interval: Interval, ["1 day", "2 months", "1 hour"] <- ["24 hours", "60 days", "60 minutes"] hashed;
    document: serde_json::Value, ["1.0", "{\"a\": [1.10]}"] <- ["1", "{\"a\": [1.1]}", "1.00"];
    decimals: Vec<Decimal>, ["{1.50,2}", "{}", "{0}"] <- ["{1.5,2.0}", "{}", "{0.00}"] hashed;
    gaps: Vec<Option<i64>>, ["{1,NULL}", "{NULL}", "{}"] <- ["{1,NULL}", "{}", "{NULL}"] hashed;
    span: Range<i32>, ["[1,3)", "empty", "(,5)"] <- ["[1,2]", "(0,3)", "(3,3)", "(,4]"] hashed;
    amounts: Range<Decimal>, ["[1.50,3)", "empty"] <- ["[1.5,3.0)", "[2,2)"] hashed;
    time_span: Range<Timestamp>, ["[2020-01-01 00:00Z,)"] <- ["[2020-01-01 01:00+01,)"] hashed;
    citext: String where (citext), ["Ann", "bob", "É"] <- ["ann", "ANN", "bob", "Bob", "é"] hashed;
    collated: String where (collation = "any_case"), ["Ann", "bob"] <- ["ann", "ANN", "bob"] hashed;
    choice: Mood, ["happy", "so-so"] <- ["happy", "so-so", "happy"] hashed;
    composite: Price, ["(1.50,EUR)", "(2,USD)"] <- ["(1.5,EUR)", "(2.00,USD)"];
    small: i16, ["1", "-2"] <- ["1", "-2"] hashed;
    integer: i32, ["1", "-2"] <- ["1", "-2"] hashed;
    big: i64, ["1", "2", "-3"] <- ["1", "1", "2"] hashed;
    yes: bool, ["true", "false"] <- ["t", "yes", "f"] hashed;
    text: String, ["a", "A", "a ", "é"] <- ["a", "A", "é", "a "] hashed;
    bytes: Vec<u8>, ["\\x00ff", ""] <- ["\\x00FF", ""] hashed;
    uuid: Uuid, ["00000000-0000-0000-0000-00000000000a"] <- ["0000000000000000000000000000000A"] hashed;
    instant: Timestamp, ["2020-01-01 00:00Z"] <- ["2020-01-01 01:00+01"] hashed;
    local: DateTime, ["2020-01-01 00:00"] <- ["2020-01-01"] hashed;
    date: Date, ["2020-01-01", "0001-01-01"] <- ["2020-1-1", "0001-01-01"] hashed;
    time: Time, ["12:00", "00:00"] <- ["12:00:00.0", "0:00"] hashed;
    time_zoned: TimeTz, ["12:00+01", "11:00+00"] <- ["12:00+01", "11:00+00"] hashed;
    inet: Inet, ["10.0.0.1", "10.0.0.1/8", "::1"] <- ["10.0.0.1/32", "10.0.0.1/8", "0::1/128"] hashed;
    address: std::net::IpAddr, ["10.0.0.1", "::1"] <- ["10.0.0.1/32", "0::1"] hashed;
    cidr: Cidr, ["10.0.0.0/8", "::/0"] <- ["10", "0::0/0"] hashed;
    mac: MacAddr, ["08:00:2b:01:02:03"] <- ["08002b:010203"] hashed;
    bits: BitString, ["101", "1010", ""] <- ["101", "1010", ""] hashed;
    money: Money, ["1.5", "-2"] <- ["1.50", "-2.00"] hashed;
    position: PgLsn, ["16/B374D848"] <- ["16/b374d848"] hashed;
}
