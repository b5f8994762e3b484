//! The macros of the Plinth guest SDK, which exports and documents them.

use proc_macro::TokenStream;

mod choices;
mod create;
mod errors;
mod json_row;
mod model;
mod names;
mod partial;
mod route;

use route::Method;

/// Serves GET requests for a path with the function below.
///
/// HEAD requests are served with it too; the host leaves the body out.
///
/// ```
/// use plinth::http::{Json, Query};
///
/// #[derive(serde::Deserialize)]
/// struct Page {
///     limit: Option<u8>,
/// }
///
/// /// List the chapters of a book.
/// #[plinth::get("/books/{book}/chapters")]
/// fn list_chapters(book: i64, Query(page): Query<Page>) -> Json<Vec<String>> {
///     let chapter = |n| format!("Chapter {n} of {book}");
///     Json((1..=page.limit.unwrap_or(10)).map(chapter).collect())
/// }
/// ```
///
/// In the path, `{name}` is one segment and `{*name}`, at its end, all that are
/// left. Each is given to the argument of that name; every other argument is
/// found by its type. The first paragraph of the documentation becomes the
/// route's summary.
///
/// The function stays what it is. Beside it stands a type of the same name, by
/// which `plugin!` finds the route.
#[proc_macro_attribute]
pub fn get(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Get, path.into(), &item.into()).into()
}

/// Serves POST requests for a path, as [`macro@get`] does GET requests.
///
/// ```
/// use plinth::http::{Created, Json};
///
/// /// Add a tag.
/// #[plinth::post("/tags")]
/// fn add_tag(Json(tag): Json<String>) -> Created<String> {
///     Created::at(format!("/tags/{tag}"), tag)
/// }
/// ```
#[proc_macro_attribute]
pub fn post(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Post, path.into(), &item.into()).into()
}

/// Serves PUT requests for a path, as [`macro@get`] does GET requests.
///
/// ```
/// use plinth::http::{Json, NoContent};
///
/// /// Set the shop's motto.
/// #[plinth::put("/motto")]
/// fn set_motto(Json(_motto): Json<String>) -> NoContent {
///     NoContent
/// }
/// ```
#[proc_macro_attribute]
pub fn put(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Put, path.into(), &item.into()).into()
}

/// Serves PATCH requests for a path, as [`macro@get`] does GET requests.
///
/// ```
/// use plinth::http::{Json, NoContent};
///
/// /// Change a line of an order.
/// #[plinth::patch("/orders/{order}/lines/{line}")]
/// fn change_line(order: i64, line: i32, Json(_count): Json<u16>) -> NoContent {
///     NoContent
/// }
/// ```
#[proc_macro_attribute]
pub fn patch(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Patch, path.into(), &item.into()).into()
}

/// Serves DELETE requests for a path, as [`macro@get`] does GET requests.
///
/// ```
/// use plinth::http::NoContent;
///
/// /// Delete a file.
/// #[plinth::delete("/files/{*path}")]
/// fn delete_file(path: String) -> NoContent {
///     NoContent
/// }
/// ```
#[proc_macro_attribute]
pub fn delete(path: TokenStream, item: TokenStream) -> TokenStream {
    route::expand(Method::Delete, path.into(), &item.into()).into()
}

/// Makes a struct a table: each field is a column.
///
/// ```
/// use plinth::prelude::*;
///
/// #[derive(Model)]
/// #[model(table = "authors")]
/// pub struct Author {
///     #[model(key, auto)]
///     pub id: i64,
///     pub name: String,
/// }
///
/// #[derive(Model)]
/// #[model(table = "books", index(author, created_at), unique(author, title))]
/// pub struct Book {
///     #[model(key, auto)]
///     pub id: i64,
///     pub title: String,
///     #[model(unique)]
///     pub isbn: String,
///     #[model(range = 0..)]
///     pub price: Decimal,
///     /// An `Option` is a column that can be NULL.
///     pub pages: Option<i32>,
///     #[model(default = Draft)]
///     pub status: Status,
///     #[model(default = [])]
///     pub tags: Vec<String>,
///     /// A foreign key is the column `author_id`.
///     #[model(on_delete = cascade)]
///     pub author: ForeignKey<Author>,
///     #[model(on_delete = set_null)]
///     pub sequel_of: Option<ForeignKey<Book>>,
///     #[model(default = now)]
///     pub created_at: Timestamp,
///     #[model(auto_now)]
///     pub updated_at: Timestamp,
/// }
///
/// #[derive(Choices)]
/// pub enum Status {
///     Draft,
///     OnSale,
/// }
///
/// let cheap = Book::price.lt(10) & Book::author().name().starts_with("Ursula");
/// let books = Book::objects().filter(cheap).order_by([Book::title.asc()]);
/// ```
///
/// # The table
///
/// | `#[model(…)]` on the struct | |
/// |---|---|
/// | `table = "books"` | its name; the only attribute that must be there |
/// | `database = "archive"` | the database it is in, as `plinth.toml` calls it; without it a [router](../plinth/orm/trait.DatabaseRouter.html) chooses, or it is `default` |
/// | `index(author, created_at)` | an index of several columns, by the fields' names |
/// | `unique(author, title)` | a unique constraint of several columns |
/// | `unique(room, left_at, nulls_not_distinct)` | the same, and two NULLs are equal: `UNIQUE NULLS NOT DISTINCT`, of Postgres 15 |
/// | `index(author, created_at desc)` | the same, `created_at` from its greatest value |
/// | `index(expression = "lower(title)")` | an index of an expression in SQL |
/// | `unique(slug, where = "deleted_at IS NULL")` | an index, here a unique one, of the rows of which the condition is true |
/// | `index(title, using = gin, opclass = "gin_trgm_ops")` | an index by another of Postgres' methods, `btree`, `hash`, `gin`, `gist` or `brin`, and another class of operators |
/// | `index(author, title, name = "by_author")` | an index with a name of its own |
/// | `check = "opens < closes"` | a CHECK of each row; `check(name = "…", condition = "…")` names it |
/// | `append_only` | rows are inserted, and neither changed nor deleted: there is no `edit` and no `delete`, and a trigger refuses it |
/// | `unlogged` | `CREATE UNLOGGED TABLE`: faster to write, and empty after a crash of Postgres |
/// | `managed = false` | no table is made: it is a view, a partitioned table or another that is made by other means |
/// | `discriminator = kind` | variants share the table, and the field says of which one a row is |
/// | `parent = Vehicle, variant = "car"` | the model is a variant: see below |
///
/// SQL in attributes is the author's own and goes into `CREATE` as it is; values
/// of requests never do. A field that stands in two `index(…)` or two `unique(…)`
/// is no mistake, though clippy's `duplicated_attributes` takes it for one; with
/// `asc` behind a field it does not.
///
/// # The columns
///
/// | `#[model(…)]` on a field | |
/// |---|---|
/// | `key` | the primary key; each model has one |
/// | `auto` | Postgres numbers the rows: `bigint GENERATED BY DEFAULT AS IDENTITY` |
/// | `default = 0` | what an insert that leaves it out gets: a literal, `now`, a variant of its choices, or `[]` |
/// | `default = db("gen_random_uuid()")` | what Postgres computes for an insert that leaves it out; the row has it after `insert`, a key too |
/// | `generated = "price * stock"` | what Postgres computes from other columns of the row and keeps: read like any column, and set by nothing |
/// | `auto_now` | the time of the last insert or update through the ORM |
/// | `version` | an `i32` or `i64` that counts the updates, so that [`Edit::save`] overwrites nobody's change |
/// | `soft_delete` | an `Option<Timestamp>`: deletion sets it, and queries leave out the rows that have it; see [`SoftDelete`] |
/// | `unique` | no two rows have the same value; with `unique = nulls_not_distinct` one row at most has NULL |
/// | `index` | an index of its own; a foreign key has one without saying so |
/// | `index = gin` | one by another method, for arrays and JSON |
/// | `range = 1..=5` | a CHECK that the number is in the range |
/// | `on_delete = cascade` | what happens when the row a foreign key points to is deleted: `cascade`, `restrict` or `set_null`; without it the deletion is refused |
/// | `deferrable` | a foreign key that is checked when the transaction commits: `DEFERRABLE INITIALLY DEFERRED`; with `deferrable = immediate` where the transaction says `SET CONSTRAINTS` |
/// | `column = "type"` | the column's name, when it is not the field's |
///
/// The types of columns are those that implement
/// [`ColumnType`](../plinth/database/trait.ColumnType.html).
///
/// # Rows that belong to a row
///
/// Fields of two types are no columns:
///
/// | type | `#[model(…)]` on the field | |
/// |---|---|---|
/// | `Many<Book>` | `reverse = author` | the rows whose foreign key points to this one, by that field of theirs |
/// | `ManyToMany<Tag>` | `table = "books_tags"` | the rows tied to this one by a table between; without the attribute it is called after the table and the field |
/// | | `through = BookTag(book, tag)` | the same with a model as the table between, and its foreign keys to both |
///
/// A type that is one to one with another, Django's `OneToOneField`, is written
/// [`OneToOne<T>`]. What mixins are in Django are attributes of fields:
/// `TimestampMixin` is `default = now` and `auto_now`, soft deletion is
/// `soft_delete`, and a version is `version`.
///
/// # Variants
///
/// Single-table inheritance: models whose rows are in one table, told apart by
/// the discriminator.
///
/// ```
/// use plinth::prelude::*;
///
/// #[derive(Model)]
/// #[model(table = "vehicles", discriminator = kind)]
/// pub struct Vehicle {
///     #[model(key, auto)]
///     pub id: i64,
///     pub name: String,
///     pub kind: String,
/// }
///
/// #[derive(Model)]
/// #[model(table = "vehicles", parent = Vehicle, variant = "car")]
/// pub struct Car {
///     #[model(key, auto)]
///     pub id: i64,
///     pub name: String,
///     pub doors: i32,
/// }
///
/// assert_eq!(
///     Car::objects().to_sql()?.sql(),
///     "SELECT \"id\", \"name\", \"doors\" FROM \"vehicles\" WHERE \"kind\" = $1"
/// );
/// # Ok::<(), plinth::Error>(())
/// ```
///
/// A variant repeats the parent's columns, has columns of its own, and has no
/// field for the discriminator, which its inserts fill in. Its queries and
/// changes are for its rows, the parent's for all. A column that is the variant's own can
/// be NULL in the table; a CHECK sees to it that the variant's rows have it. A
/// foreign key to a variant is one to the table: Postgres takes any of its rows.
///
/// # JSON
///
/// A model is a struct, so `#[derive(Serialize)]` is serde's: a foreign key is
/// its key under the field's name, choices are their text, and what is not for
/// clients is `#[serde(skip)]`, Django's `exclude`.
///
/// ```
/// use plinth::prelude::*;
///
/// #[derive(Model, serde::Serialize)]
/// #[model(table = "users")]
/// pub struct User {
///     #[model(key, auto)]
///     pub id: i64,
///     #[serde(skip)]
///     pub password_hash: String,
///     pub invited_by: Option<ForeignKey<User>>,
///     pub joined: Date,
/// }
///
/// let user = User {
///     id: 7,
///     password_hash: "…".into(),
///     invited_by: Some(ForeignKey::new(3)),
///     joined: "2026-03-01".parse().unwrap(),
/// };
/// assert_eq!(
///     serde_json::to_value(&user).unwrap(),
///     serde_json::json!({ "id": 7, "invited_by": 3, "joined": "2026-03-01" })
/// );
/// ```
///
/// # What is made
///
/// For a field `title` the constant `Book::title`, and for a foreign key
/// `author` the constant `Book::author_id` and the function `Book::author()`;
/// for a field `tags` of other rows the function `Book::tags()`;
/// `Book::objects()`, all rows as a query set; the methods `edit`, for a row to
/// change and save, `refresh` and `delete`; and beside the struct two types,
/// `BookDraft` for [`create!`] and `BookPath` for what `Review::book()` returns.
///
/// [`OneToOne<T>`]: ../plinth/orm/type.OneToOne.html
/// [`SoftDelete`]: ../plinth/orm/trait.SoftDelete.html
/// [`Edit::save`]: ../plinth/orm/struct.Edit.html#method.save
#[proc_macro_derive(Model, attributes(model))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    model::expand(input.into()).into()
}

/// Makes a struct a part of a model: some of its columns, and values computed
/// from them.
///
/// ```
/// use plinth::prelude::*;
/// use plinth::Partial;
///
/// #[derive(Model)]
/// #[model(table = "books")]
/// pub struct Book {
///     #[model(key, auto)]
///     pub id: i64,
///     pub title: String,
///     pub text: String,
///     pub stock: i32,
///     pub sold: i32,
/// }
///
/// #[derive(Partial)]
/// #[partial(model = Book)]
/// pub struct BookLine {
///     pub title: String,
///     #[partial(value = Book::stock - Book::sold)]
///     pub left: i32,
/// }
///
/// let query = Book::objects().only::<BookLine>();
/// assert_eq!(
///     query.to_sql()?.sql(),
///     "SELECT \"title\", (\"stock\" - \"sold\") FROM \"books\""
/// );
/// # Ok::<(), plinth::Error>(())
/// ```
///
/// A field is the column of its name, or what `#[partial(value = …)]` says: a
/// column over a relation, an expression or an aggregate of the field's type. A
/// `ForeignKey<T>` is the foreign key of its name, with the key alone.
#[proc_macro_derive(Partial, attributes(partial))]
pub fn derive_partial(input: TokenStream) -> TokenStream {
    partial::expand(input.into()).into()
}

/// Makes an enum without fields a column of text that allows its variants only.
///
/// ```
/// use plinth::prelude::*;
///
/// #[derive(Choices, Clone, Copy, Debug, PartialEq)]
/// pub enum Status {
///     Draft,
///     OnSale,
///     #[choices(text = "out-of-print")]
///     OutOfPrint,
/// }
///
/// assert_eq!(Status::OnSale.text(), "on_sale");
/// assert_eq!("out-of-print".parse(), Ok(Status::OutOfPrint));
/// assert_eq!(
///     "sold".parse::<Status>().unwrap_err().to_string(),
///     "`sold` is not one of: draft, on_sale, out-of-print"
/// );
/// ```
///
/// A variant's text is its name in small letters with `_`, or what
/// `#[choices(text = "…")]` says. It is the same in the database, where a CHECK
/// allows no other, in JSON, where serde reads and writes it, in paths, and in
/// `Display` and `FromStr`.
///
/// `#[choices(sql_type = "mood")]` before the enum makes it a column of a type
/// that the database has from `CREATE TYPE mood AS ENUM (…)`, written as SQL
/// writes its name.
#[proc_macro_derive(Choices, attributes(choices))]
pub fn derive_choices(input: TokenStream) -> TokenStream {
    choices::expand(input.into()).into()
}

/// A row that is about to be inserted, written like the struct it becomes.
///
/// ```
/// use plinth::prelude::*;
///
/// #[derive(Model)]
/// #[model(table = "authors")]
/// pub struct Author {
///     #[model(key, auto)]
///     pub id: i64,
///     pub name: String,
///     pub country: Option<String>,
///     #[model(default = now)]
///     pub created_at: Timestamp,
/// }
///
/// fn add(db: &Db) -> Result<Author> {
///     create!(Author { name: "Ursula", country: "US" }).insert(db)
/// }
/// ```
///
/// Fields with a default, an automatic number, or an `Option` may be left out;
/// a missing other is an error of the compiler that names it.
/// A field takes what becomes its type without loss: a `&str` for text, a value
/// for an `Option`, a key or a reference to a row for a foreign key.
///
/// The draft is inserted with `insert`, or together with others by
/// `Author::objects().bulk_create(drafts, db)`.
#[proc_macro]
pub fn create(input: TokenStream) -> TokenStream {
    create::expand(input.into()).into()
}

/// Lets the host write the JSON of a struct's rows: of a model, or of a
/// [`Partial`] of one.
///
/// It stands beside `#[derive(Serialize)]` and reads what serde is told:
/// `rename`, `rename_all` and `skip`. What makes JSON of a row that its columns
/// alone do not tell, such as `serialize_with`, `flatten` or
/// `skip_serializing_if`, is refused, and so is a column of `Json<T>`, of which
/// serde shows what the `T` has and the host would show what the database does.
///
/// ```
/// use plinth::prelude::*;
/// use serde::Serialize;
///
/// #[derive(Model, Serialize, JsonRow)]
/// #[model(table = "users")]
/// #[serde(rename_all = "camelCase")]
/// pub struct User {
///     #[model(key, auto)]
///     pub id: i64,
///     pub full_name: String,
///     #[serde(skip)]
///     pub password_hash: String,
/// }
///
/// /// `[{"id":7,"fullName":"Ann"},…]`
/// #[get("/users")]
/// fn list_users(db: Db) -> Result<JsonRows> {
///     User::objects().order_by([User::id.asc()]).json(&db)
/// }
/// ```
///
/// A `Serialize` that is written by hand has to give the same: an object of the
/// fields, in their order.
#[proc_macro_derive(JsonRow, attributes(serde))]
pub fn derive_json_row(input: TokenStream) -> TokenStream {
    json_row::expand(input.into()).into()
}
