//! Saves at random, in transactions and savepoints of which some are undone,
//! beside a model of the row in Rust.

use std::collections::BTreeSet;

use plinth::orm::Edit;
use plinth::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Note, database, give_up};

#[derive(Clone, Debug)]
enum Step {
    Title(u8),
    Body(Option<u8>),
    Save,
    Refresh,
    /// Somebody else changes the row in the same transaction.
    Other(u8),
    Marks(BTreeSet<i64>),
    /// A transaction, or a savepoint in one.
    Nested(Vec<Step>, Ending),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    Commit,
    GiveUp,
    /// A statement that Postgres refuses.
    Refused,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let mark = proptest::collection::btree_set(1..=3_i64, 0..3);
    let step = prop_oneof![
        3 => (0..4_u8).prop_map(Step::Title),
        2 => proptest::option::of(0..4_u8).prop_map(Step::Body),
        4 => Just(Step::Save),
        1 => Just(Step::Refresh),
        1 => (0..4_u8).prop_map(Step::Other),
        1 => mark.prop_map(Step::Marks),
    ];
    let ending = prop_oneof![
        Just(Ending::Commit),
        Just(Ending::GiveUp),
        Just(Ending::Refused)
    ];
    let step = step.prop_recursive(3, 24, 6, move |inner| {
        (vec(inner, 1..6), ending.clone()).prop_map(|(steps, ending)| Step::Nested(steps, ending))
    });
    vec(step, 1..10)
}

/// What is true at a point of the program, and comes back when what follows is
/// undone.
#[derive(Clone, Debug)]
struct Facts {
    title: String,
    body: Option<String>,
    version: i32,
    marks: BTreeSet<i64>,
    /// The version that the next save expects.
    expected: i32,
}

struct Program {
    edit: Edit<Note>,
    facts: Facts,
    /// What the author has set and not read again.
    title: Option<String>,
    body: Option<Option<String>>,
}

impl Program {
    fn run(&mut self, steps: &[Step], db: &mut Db) -> Result<()> {
        steps.iter().try_for_each(|step| self.step(step, db))
    }

    fn step(&mut self, step: &Step, db: &mut Db) -> Result<()> {
        match step {
            Step::Title(n) => {
                let title = format!("title {n}");
                self.edit.title.clone_from(&title);
                self.title = Some(title);
            }
            Step::Body(n) => {
                let body = n.map(|n| format!("body {n}"));
                self.edit.body.clone_from(&body);
                self.body = Some(body);
            }
            Step::Save => self.save(db),
            Step::Refresh => {
                self.edit.refresh(db).unwrap();
                (self.title, self.body) = (None, None);
                self.facts.expected = self.facts.version;
                self.compare(db);
            }
            Step::Other(n) => {
                let body = format!("other {n}");
                let all = Note::objects();
                all.update([Note::body.set(body.clone())]).execute(db)?;
                self.facts.body = Some(body);
                self.facts.version += 1;
            }
            Step::Marks(marks) => {
                self.edit.marks.set(marks.iter().copied(), db)?;
                self.facts.marks.clone_from(marks);
            }
            Step::Nested(steps, ending) => self.nested(steps, *ending, db),
        }
        Ok(())
    }

    fn save(&mut self, db: &Db) {
        let is_changed = !self.edit.changed().is_empty();
        let saved = self.edit.save(db);
        match is_changed && self.facts.expected != self.facts.version {
            true => assert!(saved.unwrap_err().is_stale()),
            false => saved.unwrap(),
        }
        if is_changed && self.facts.expected == self.facts.version {
            self.facts.version += 1;
            self.facts.expected = self.facts.version;
            self.facts.title.clone_from(&self.edit.title);
            self.facts.body.clone_from(&self.edit.body);
            self.compare(db);
        }
    }

    /// The row shown is the row in the table, and has what the author set.
    fn compare(&self, db: &Db) {
        let row = Note::objects().get(db).unwrap();
        let shown = (&self.edit.title, &self.edit.body, self.edit.version);
        assert_eq!((&row.title, &row.body, row.version), shown);
        assert_eq!(row.version, self.facts.version);
        if let Some(title) = &self.title {
            assert_eq!(&row.title, title);
        }
        if let Some(body) = &self.body {
            assert_eq!(&row.body, body);
        }
    }

    fn nested(&mut self, steps: &[Step], ending: Ending, db: &mut Db) {
        let before = self.facts.clone();
        let ended = db.transaction(|tx| {
            self.run(steps, tx)?;
            match ending {
                Ending::Commit => Ok(()),
                Ending::GiveUp => give_up(),
                Ending::Refused => tx.execute("SELECT 1 / 0", &[]).map(drop),
            }
        });
        assert_eq!(ended.is_ok(), ending == Ending::Commit, "{ended:?}");
        if ending != Ending::Commit {
            self.facts = before;
        }
    }

    fn finish(&mut self, db: &Db) {
        let marks = self.edit.marks.objects().unwrap().all(db).unwrap();
        let marks: BTreeSet<i64> = marks.into_iter().map(|mark| mark.id).collect();
        assert_eq!(marks, self.facts.marks);
        let row = Note::objects().get(db).unwrap();
        assert_eq!(
            (&row.title, &row.body),
            (&self.facts.title, &self.facts.body)
        );
        self.save(db);
    }
}

#[test]
fn a_row_is_what_its_transactions_left_of_it() {
    let _database = database();
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 500,
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&steps(), |steps| {
        let mut db = Db::named("default");
        reset(&db);
        let edit = Note::objects().get(&db).unwrap().edit();
        let facts = Facts {
            title: "a".into(),
            body: None,
            version: 1,
            marks: BTreeSet::new(),
            expected: 1,
        };
        let (title, body) = (None, None);
        let mut program = Program {
            edit,
            facts,
            title,
            body,
        };
        program.run(&steps, &mut db).unwrap();
        program.finish(&db);
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
}

fn reset(db: &Db) {
    for sql in [
        // A case that failed may have left its transaction open.
        "ROLLBACK",
        "DELETE FROM notes_marks",
        "UPDATE notes SET title = 'a', body = NULL, version = 1",
    ] {
        db.execute(sql, &[]).unwrap();
    }
}
