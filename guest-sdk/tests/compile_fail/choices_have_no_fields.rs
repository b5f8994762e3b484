use plinth::prelude::*;

#[derive(Choices)]
pub enum Status {
    Draft,
    Sold(i32),
    #[choices(text = "draft")]
    Other,
    #[choices(name = "x")]
    Named,
}

#[derive(Choices)]
pub struct Colour;

#[derive(Choices)]
pub enum Nothing {}

fn main() {}
