//! Names of tables and columns at random, and what is generated of them.

use std::collections::{BTreeMap, BTreeSet};

use plinth::orm::{ColumnMeta, IndexMeta, IndexTerm, ModelMeta, schema};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{Tried, check};

/// A table's columns, each with whether it is indexed, unique or in a range, and
/// pairs of them that have an index together.
#[derive(Clone, Debug)]
struct Shape {
    columns: BTreeMap<String, u8>,
    pairs: Vec<(prop::sample::Index, prop::sample::Index, bool)>,
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => "[ab](_[ab]){0,4}",
        1 => "[ab]{50,55}(_[ab]){0,4}",
    ]
}

fn database() -> impl Strategy<Value = BTreeMap<String, Shape>> {
    let index = || any::<prop::sample::Index>();
    let shape = (
        btree_map(name(), 0..8_u8, 1..6),
        vec((index(), index(), any::<bool>()), 0..4),
    );
    let shape = shape.prop_map(|(columns, pairs)| Shape { columns, pairs });
    btree_map(name(), shape, 1..6)
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn model(table: &str, shape: &Shape) -> &'static ModelMeta {
    let columns = shape.columns.iter().map(|(name, bits)| ColumnMeta {
        index: bits & 1 != 0,
        unique: bits & 2 != 0,
        check: (bits & 4 != 0).then_some("TRUE"),
        ..ColumnMeta::of::<i64>(leaked(name))
    });
    let columns: Vec<_> = columns.collect();
    let (mut indexes, mut seen) = (Vec::new(), BTreeSet::new());
    for (one, other, unique) in &shape.pairs {
        let (one, other) = (one.index(columns.len()), other.index(columns.len()));
        if one == other || !seen.insert((one, other, unique)) {
            continue;
        }
        let terms = vec![IndexTerm::Column(one), IndexTerm::Column(other)];
        indexes.push(IndexMeta {
            unique: *unique,
            ..IndexMeta::of(terms.leak())
        });
    }
    Box::leak(Box::new(ModelMeta {
        indexes: indexes.leak(),
        ..ModelMeta::new(leaked(table), columns.leak())
    }))
}

/// What a statement makes: its kind, its name and its columns.
type Made = (&'static str, String, String);

/// What the tables have, each with its table.
fn made(models: &[&'static ModelMeta]) -> BTreeSet<(String, Made)> {
    let mut made = BTreeSet::new();
    for table in schema::tables(models) {
        let own = ("table", table.name.clone(), String::new());
        made.insert((table.name.clone(), own));
        for line in table
            .ddl
            .iter()
            .filter(|sql| !sql.starts_with("DO"))
            .flat_map(|sql| sql.lines())
        {
            made.extend(of_line(line).map(|made| (table.name.clone(), made)));
        }
    }
    made
}

fn of_line(line: &str) -> Option<Made> {
    let kinds = ["PRIMARY KEY", "UNIQUE", "CHECK", "INDEX"];
    let line = line.trim();
    let is_part = line.starts_with("CONSTRAINT") || line.contains(" INDEX ");
    let kind = kinds
        .into_iter()
        .find(|kind| is_part && line.contains(kind))?;
    let columns = line.rsplit_once('(')?.1.trim_end_matches([')', ',']);
    Some((
        kind,
        line.split('"').nth(1)?.to_owned(),
        columns.replace('"', ""),
    ))
}

fn suffix(kind: &str) -> &'static str {
    match kind {
        "PRIMARY KEY" => "pkey",
        "UNIQUE" => "key",
        "CHECK" => "check",
        _ => "idx",
    }
}

/// The rule for a name that is no other's.
fn plain(table: &str, (kind, name, columns): &Made) -> String {
    let columns = match *kind {
        "PRIMARY KEY" => String::new(),
        // Its definition does not say of which column it is.
        "CHECK" => return name.clone(),
        _ => format!("_{}", columns.replace(", ", "_")),
    };
    format!("{table}{columns}_{}", suffix(kind))
}

fn names_are_apart(database: &BTreeMap<String, Shape>) -> Tried {
    let models: Vec<_> = database
        .iter()
        .map(|(table, shape)| model(table, shape))
        .collect();
    let made = made(&models);
    let (mut relations, mut constraints) = (BTreeSet::new(), BTreeSet::new());
    for (table, (kind, name, columns)) in made.iter() {
        prop_assert!(name.len() <= 63, "{name}");
        if *kind != "CHECK" {
            prop_assert!(relations.insert(name.clone()), "{name} twice: {made:?}");
        }
        if !["table", "INDEX"].contains(kind) {
            let constraint = (table.clone(), name.clone());
            prop_assert!(constraints.insert(constraint), "{name} twice: {columns}");
        }
    }
    prop_assert_eq!(made.len(), expected(database), "{:?}", made);
    let others: Vec<_> = models.iter().rev().copied().collect();
    prop_assert_eq!(&made, &self::made(&others), "their order does not matter");
    names_are_plain(&made)
}

/// How many things the tables have.
fn expected(database: &BTreeMap<String, Shape>) -> usize {
    let of = |table: &String, shape: &Shape| {
        let made = made(&[model(table, shape)]);
        made.len()
    };
    database.iter().map(|(table, shape)| of(table, shape)).sum()
}

/// Those that no other would have are as they always were.
fn names_are_plain(made: &BTreeSet<(String, Made)>) -> Tried {
    let mut wanted = BTreeMap::<String, usize>::new();
    for (table, part) in made.iter().filter(|(_, part)| part.0 != "CHECK") {
        let name = match part.0 {
            "table" => table.clone(),
            _ => plain(table, part),
        };
        *wanted.entry(name).or_default() += 1;
    }
    for (table, part) in made
        .iter()
        .filter(|(_, part)| !["CHECK", "table"].contains(&part.0))
    {
        let plain = plain(table, part);
        if plain.len() > 63 {
            continue;
        }
        if wanted[&plain] == 1 {
            prop_assert_eq!(&part.1, &plain);
        } else {
            prop_assert_ne!(&part.1, &plain, "each of them has a hash");
        }
    }
    Ok(())
}

#[test]
fn generated_names_are_apart_and_plain_where_they_can_be() {
    check(database(), names_are_apart);
}
