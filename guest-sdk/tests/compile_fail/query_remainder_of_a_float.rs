use plinth::prelude::*;

#[derive(Model)]
#[model(table = "players")]
pub struct Player {
    #[model(key, auto)]
    pub id: i64,
    pub form: f64,
}

fn players() -> QuerySet<Player> {
    Player::objects().filter((Player::form % 2.0).gt(1.0))
}

fn main() {}
