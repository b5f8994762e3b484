use plinth::prelude::*;

#[derive(Model)]
#[model(table = "books")]
pub struct Book {
    #[model(key, auto)]
    pub id: i64,
    #[model(soft_delete)]
    pub deleted: bool,
    #[model(soft_delete)]
    pub deleted_at: Timestamp,
    #[model(soft_delete, auto_now)]
    pub gone_at: Option<Timestamp>,
}

fn main() {}
