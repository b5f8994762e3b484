use plinth::prelude::*;

#[derive(Model)]
#[model(table = "users")]
pub struct User {
    #[model(key, auto)]
    pub id: i64,
}

#[derive(Model)]
#[model(table = "entries", append_only)]
pub struct Entry {
    #[model(key, auto)]
    pub id: i64,
    #[model(auto_now)]
    pub updated_at: Timestamp,
    #[model(version)]
    pub version: i32,
    #[model(soft_delete)]
    pub deleted_at: Option<Timestamp>,
    #[model(on_delete = cascade)]
    pub user: ForeignKey<User>,
    #[model(on_delete = restrict)]
    pub by: OneToOne<User>,
}

fn main() {}
