use plinth::prelude::*;

#[derive(Model, Debug, Clone)]
#[model(table = "countries")]
pub struct Country {
    #[model(key)]
    pub code: String,
    pub name: String,
}

#[derive(Model, Debug, Clone)]
#[model(table = "authors")]
pub struct Author {
    #[model(key, auto)]
    pub id: i64,
    pub name: String,
    pub born: Option<Date>,
    #[model(default = false)]
    pub banned: bool,
    pub country: Option<ForeignKey<Country>>,
}

#[derive(Choices, Debug, Clone, Copy, PartialEq)]
pub enum Status {
    Draft,
    OnSale,
    #[choices(text = "out of print")]
    OutOfPrint,
}

#[derive(Model, Debug, Clone)]
#[model(table = "books", index(status, created_at), unique(author, title))]
pub struct Book {
    #[model(key, auto)]
    pub id: i64,
    pub title: String,
    #[model(unique)]
    pub isbn: String,
    #[model(range = 0..)]
    pub price: Decimal,
    pub pages: Option<i32>,
    #[model(default = 0)]
    pub stock: i32,
    #[model(default = false)]
    pub featured: bool,
    #[model(default = Draft)]
    pub status: Status,
    #[model(on_delete = cascade)]
    pub author: ForeignKey<Author>,
    #[model(on_delete = set_null)]
    pub sequel_of: Option<ForeignKey<Book>>,
    #[model(default = [])]
    pub tags: Vec<String>,
    pub extra: Option<serde_json::Value>,
    #[model(default = now)]
    pub created_at: Timestamp,
    #[model(auto_now)]
    pub updated_at: Timestamp,
}

#[derive(Model, Debug, Clone)]
#[model(table = "reviews")]
pub struct Review {
    #[model(key, auto)]
    pub id: i64,
    pub book: ForeignKey<Book>,
    #[model(range = 1..=5)]
    pub rating: i16,
    #[model(default = "it's fine")]
    pub body: String,
}

/// A table of one column, all of whose rows are defaults.
#[derive(Model, Debug, Clone)]
#[model(table = "tickets")]
pub struct Ticket {
    #[model(key, auto)]
    pub id: i64,
}

/// Two tables that refer to each other.
#[derive(Model, Debug, Clone)]
#[model(table = "teams")]
pub struct Team {
    #[model(key, auto)]
    pub id: i64,
    pub captain: Option<ForeignKey<Player>>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "players")]
pub struct Player {
    #[model(key, auto)]
    pub id: i64,
    pub team: ForeignKey<Team>,
    #[model(column = "type")]
    pub position: String,
    #[model(default = -1.5)]
    pub form: f64,
}
