use plinth::prelude::*;

#[derive(Model)]
#[model(table = "books")]
#[model(index(title, using = btee))]
#[model(index(where = "title <> ''"))]
#[model(index())]
#[model(index(title down))]
#[model(index(titel desc))]
#[model(index(title, whre = "x"))]
#[model(index(title, where = " "))]
#[model(index(title, name = "By Title"))]
#[model(unique(title, using = gin))]
#[model(index(title desc, using = gin))]
#[model(index(title, pages, using = hash))]
#[model(index(title, pages))]
#[model(index(title, pages))]
#[model(check = "")]
#[model(check(name = "positive"))]
#[model(check(nmae = "positive", condition = "pages > 0"))]
#[model(index(title, nulls_not_distinct))]
#[model(partial)]
pub struct Book {
    #[model(key, auto)]
    pub id: i64,
    pub title: String,
    pub pages: i32,
}

#[derive(Model)]
#[model(table = "pages")]
pub struct Page {
    #[model(key, default = db())]
    pub id: Uuid,
    #[model(index = gni)]
    pub title: String,
    #[model(default = sql("1 + 1"))]
    pub number: i32,
    #[model(default = db(3))]
    pub words: i32,
    #[model(unique = nulls_distinct)]
    pub chapter: Option<i32>,
}

#[derive(Model)]
#[model(table = "chapters", managed = false, unlogged)]
pub struct Chapter {
    #[model(key, auto)]
    pub id: i64,
    #[model(unique = nulls_not_distinct)]
    pub number: i32,
}

#[derive(Model)]
#[model(table = "books", parent = Book, variant = "long", managed = false)]
pub struct LongBook {
    #[model(key, auto)]
    pub id: i64,
}

fn main() {}
