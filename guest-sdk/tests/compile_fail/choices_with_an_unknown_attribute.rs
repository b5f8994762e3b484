use plinth::prelude::*;

#[derive(Choices)]
#[choices(type = "mood")]
enum Mood {
    Happy,
}

#[derive(Choices)]
#[choices(sql_type = "")]
enum Colour {
    #[choices(sql_type = "red")]
    Red,
}

fn main() {}
