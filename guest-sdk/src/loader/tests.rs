//! When what is loaded; loaders of rows are tested with the ORM.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::*;
use crate::http::Problem;

fn db() -> Db {
    Db::named("default")
}

/// The batches that were loaded.
#[derive(Default)]
struct Log(RefCell<Vec<Vec<i64>>>);

impl Log {
    /// A batch function that gives the tenfold of each key.
    fn tenfold<'a>(&'a self, db: &'a Db) -> DataLoader<'a, i64, i64> {
        DataLoader::new(db, |keys, _| {
            self.0.borrow_mut().push(keys.to_vec());
            Ok(keys.iter().map(|key| key * 10).collect())
        })
    }

    fn take(&self) -> Vec<Vec<i64>> {
        self.0.take()
    }
}

#[test]
fn what_was_asked_for_is_loaded_at_once_in_the_order_asked() {
    let (db, log) = (db(), Log::default());
    let loader = log.tenfold(&db);
    let [three, one, again, two] = [3, 1, 3, 2].map(|key| loader.load(key));
    assert!(log.take().is_empty());
    assert_eq!(two.get().unwrap(), 20);
    assert_eq!(
        [&three, &one, &again].map(|each| each.get().unwrap()),
        [30, 10, 30]
    );
    assert_eq!(log.take(), [[3, 1, 2]]);
}

#[test]
fn a_value_is_kept_and_only_new_keys_are_loaded() {
    let (db, log) = (db(), Log::default());
    let loader = log.tenfold(&db);
    assert_eq!(loader.load_many([1, 2]).get().unwrap(), [10, 20]);
    assert_eq!(loader.load_many([2, 3, 1]).get().unwrap(), [20, 30, 10]);
    assert_eq!(log.take(), [vec![1, 2], vec![3]]);
}

#[test]
fn without_a_cache_a_key_is_loaded_once_a_batch() {
    let (db, log) = (db(), Log::default());
    let loader = log.tenfold(&db).without_cache();
    let first = loader.load_many([1, 1, 2]);
    assert_eq!(first.get().unwrap(), [10, 10, 20]);
    assert_eq!(first.get().unwrap(), [10, 10, 20]);
    assert_eq!(loader.load(1).get().unwrap(), 10);
    assert_eq!(log.take(), [vec![1, 2], vec![1]]);
}

#[test]
fn no_keys_load_nothing() {
    let (db, log) = (db(), Log::default());
    let loader = log.tenfold(&db);
    assert!(loader.load_many([]).get().unwrap().is_empty());
    assert!(log.take().is_empty());
}

#[test]
fn more_keys_than_a_batch_takes_are_several_batches() {
    let (db, log) = (db(), Log::default());
    let sizes = || log.take().iter().map(Vec::len).collect::<Vec<_>>();
    let values = log.tenfold(&db).load_many(0..250).get().unwrap();
    assert_eq!(values, (0..250).map(|key| key * 10).collect::<Vec<_>>());
    assert_eq!(sizes(), [100, 100, 50]);
    let loader = log.tenfold(&db).max_batch_size(2);
    loader.load_many(0..5).get().unwrap();
    assert_eq!(sizes(), [2, 2, 1]);
    // No keys at all would be no progress.
    let loader = log.tenfold(&db).max_batch_size(0);
    loader.load_many(0..2).get().unwrap();
    assert_eq!(sizes(), [1, 1]);
}

#[test]
fn an_error_reaches_all_of_its_batch_and_no_other() {
    let db = db();
    let calls = Cell::new(0);
    let loader = DataLoader::new(&db, |keys: &[i64], _| {
        calls.set(calls.get() + 1);
        match keys.contains(&3) && calls.get() < 3 {
            true => Err(Problem::conflict("Three is taken.").into()),
            false => Ok(keys.to_vec()),
        }
    })
    .max_batch_size(2);
    let each = [1, 2, 3, 4].map(|key| loader.load(key));
    assert_eq!(each[0].get().unwrap(), 1);
    for failed in &each[2..] {
        let problem = failed.get().unwrap_err().into_problem().unwrap();
        assert_eq!(problem.detail(), "Three is taken.");
    }
    assert_eq!(calls.get(), 2);
    // It is not kept: who asks anew may be luckier.
    assert_eq!(loader.load(3).get().unwrap(), 3);
    each[2].get().unwrap_err();
}

#[test]
fn a_list_of_another_length_is_everybodys_error() {
    let db = db();
    for length in [0, 2, 4] {
        let loader = DataLoader::new(&db, |_: &[i64], _| Ok(vec!["a"; length]));
        let each = [1, 2, 3].map(|key| loader.load(key));
        for one in each {
            assert_eq!(
                one.get().unwrap_err().to_string(),
                format!(
                    "the batch function of a `DataLoader` returned {length} values for 3 keys; \
                     it has to return one for each, in the order of the keys"
                )
            );
        }
    }
}

#[test]
fn a_key_that_a_map_does_not_have_is_none() {
    let db = db();
    let loader = DataLoader::from_map(&db, |keys: &[&str], _| {
        let known = keys.iter().filter(|key| key.starts_with('a'));
        Ok(known.map(|key| (*key, key.len())).collect())
    });
    let lengths = loader.load_many(["abc", "b", "a", "b"]).get().unwrap();
    assert_eq!(lengths, [Some(3), None, Some(1), None]);
}

#[test]
fn a_primed_key_is_not_loaded() {
    let (db, log) = (db(), Log::default());
    let loader = log.tenfold(&db);
    let waiting = loader.load(1);
    loader.prime(1, 1);
    loader.prime(2, 2);
    loader.prime(2, 3);
    assert_eq!(waiting.get().unwrap(), 1);
    assert_eq!(loader.load_many([1, 2]).get().unwrap(), [1, 2]);
    assert!(log.take().is_empty());
    let loader = log.tenfold(&db).without_cache();
    let waiting = loader.load(1);
    loader.prime(1, 1);
    loader.prime(2, 2);
    assert_eq!(waiting.get().unwrap(), 1);
    assert_eq!(loader.load_many([1, 2]).get().unwrap(), [10, 20]);
    assert_eq!(log.take(), [[1, 2]]);
}

#[test]
fn what_is_cleared_is_loaded_again() {
    let (db, log) = (db(), Log::default());
    let loader = log.tenfold(&db);
    let before = loader.load_many([1, 2, 3]);
    before.get().unwrap();
    loader.clear(&1);
    loader.clear(&7);
    let waiting = loader.load(4);
    loader.clear(&4);
    assert_eq!(loader.load_many([1, 2]).get().unwrap(), [10, 20]);
    assert_eq!(waiting.get().unwrap(), 40);
    loader.clear_all();
    loader.prime(3, 0);
    assert_eq!(loader.load_many([2, 3, 4]).get().unwrap(), [20, 0, 40]);
    assert_eq!(before.get().unwrap(), [10, 20, 30]);
    assert_eq!(log.take(), [vec![1, 2, 3], vec![4, 1], vec![2, 4]]);
}

#[test]
fn a_batch_function_may_ask_another_loader() {
    let (db, log) = (db(), Log::default());
    let inner = log.tenfold(&db);
    let outer = DataLoader::new(&db, |keys: &[i64], _| {
        let halves = inner.load_many(keys.iter().map(|key| key / 2)).get()?;
        Ok(halves.into_iter().map(|half| half + 1).collect())
    });
    assert_eq!(outer.load_many([2, 3, 8]).get().unwrap(), [11, 11, 41]);
    assert_eq!(log.take(), [[1, 4]]);
}

/// A loader whose batch function asks that loader itself.
fn recursive<'a>(
    db: &'a Db,
    batch_size_max: usize,
    batch: impl Fn(&DataLoader<'_, i64, i64>, &[i64]) -> Result<Vec<i64>> + 'a,
) -> Rc<DataLoader<'a, i64, i64>> {
    Rc::new_cyclic(|own: &Weak<DataLoader<'a, i64, i64>>| {
        let own = own.clone();
        DataLoader::new(db, move |keys: &[i64], _| {
            batch(&own.upgrade().expect("it is in use"), keys)
        })
        .max_batch_size(batch_size_max)
    })
}

#[test]
fn a_batch_function_may_ask_its_own_loader() {
    let (db, log) = (db(), Log::default());
    let depths = recursive(&db, 100, |loader, keys| {
        log.0.borrow_mut().push(keys.to_vec());
        let parents = keys.iter().filter(|key| **key > 0);
        let parents = loader.load_many(parents.map(|key| key / 2)).get()?;
        let mut parents = parents.into_iter();
        let mut depth = |key: &i64| (*key > 0).then(|| parents.next()).flatten();
        Ok(keys
            .iter()
            .map(|key| depth(key).map_or(0, |depth| depth + 1))
            .collect())
    });
    assert_eq!(depths.load_many([8, 12]).get().unwrap(), [4, 4]);
    assert_eq!(
        log.take(),
        [vec![8, 12], vec![4, 6], vec![2, 3], vec![1], vec![0]]
    );
}

#[test]
fn a_batch_that_waits_for_itself_is_an_error() {
    let db = db();
    let loader = recursive(&db, 100, |loader, keys| {
        loader.load_many(keys.to_vec()).get()
    });
    assert_eq!(
        loader.load(1).get().unwrap_err().to_string(),
        "the batch function of a `DataLoader` waits for a key of the batch that it loads"
    );
}

#[test]
fn a_batch_function_may_load_what_a_later_batch_would() {
    let (db, log) = (db(), Log::default());
    let loader = recursive(&db, 1, |loader, keys| {
        log.0.borrow_mut().push(keys.to_vec());
        match keys {
            [1] => Ok(vec![loader.load(3).get()? + 1]),
            keys => Ok(keys.to_vec()),
        }
    });
    assert_eq!(loader.load_many([1, 2, 3, 4]).get().unwrap(), [4, 2, 3, 4]);
    assert_eq!(log.take(), [[1], [2], [3], [4]]);
}
