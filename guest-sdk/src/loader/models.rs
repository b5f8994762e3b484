//! Loaders of a model's rows.

use std::hash::Hash;
use std::rc::Rc;

use super::DataLoader;
use crate::database::ColumnType;
use crate::orm::{Column, QuerySet};
use crate::{Db, Model};

impl<'a, M: Model> DataLoader<'a, M::Key, Option<Rc<M>>>
where
    M::Key: Eq + Hash,
{
    /// A loader of the rows of a query by their primary keys, `None` where there
    /// is none.
    ///
    /// What the query narrows and loads beside its rows holds for every batch:
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "authors")]
    /// # pub struct Author { #[model(key, auto)] pub id: i64, pub name: String }
    /// # #[derive(Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book {
    /// #     #[model(key, auto)] pub id: i64, pub title: String, pub author: ForeignKey<Author>
    /// # }
    /// # fn f(db: &Db, wanted: Vec<i64>) -> Result<()> {
    /// let books = DataLoader::by_key(Book::objects().select_related(Book::author()), db);
    /// for book in books.load_many(wanted).get()?.into_iter().flatten() {
    ///     log::info!("{} by {}", book.title, book.author.get()?.name);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// A batch is one [`in_bulk`](QuerySet::in_bulk), so a query with a limit is
    /// refused when it is run.
    pub fn by_key(query: QuerySet<M>, db: &'a Db) -> Self {
        Self::new(db, move |keys, db| {
            let mut rows = query.in_bulk(keys.iter().cloned(), db)?;
            let rows = keys.iter().map(|key| rows.remove(key).map(Rc::new));
            Ok(rows.collect())
        })
    }
}

impl<'a, M: Model, T: ColumnType + Eq + Hash + Clone> DataLoader<'a, T, Rc<[M]>> {
    /// A loader of the rows of a query that have a value in a column, such as the
    /// books of an author; they come in the query's order.
    ///
    /// ```no_run
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "books")]
    /// # pub struct Book { #[model(key, auto)] pub id: i64, pub title: String, pub author_id: i64 }
    /// # fn f(db: &Db) -> Result<()> {
    /// let by_title = Book::objects().order_by([Book::title.asc()]);
    /// let books_of = DataLoader::by_column(by_title, Book::author_id, db);
    /// let [ursula, octavia] = [7, 9].map(|author| books_of.load(author));
    /// assert!(ursula.get()?.len() >= octavia.get()?.len());
    /// # Ok(()) }
    /// ```
    ///
    /// A column over a relation, `Book::author().country()`, is one too. The keys
    /// of a column that can be NULL are `Option`s. A query with a limit is
    /// refused when it is run, because the limit would be one for all keys.
    pub fn by_column(query: QuerySet<M>, column: Column<M, T>, db: &'a Db) -> Self
    where
        M: 'a,
    {
        Self::new(db, move |keys, db| {
            let rows = query.by_column(column, keys, db)?.into_iter();
            Ok(rows.map(Rc::from).collect())
        })
    }
}
