//! What a book's fields must be, when it is added and when it is changed.

use plinth::Decimal;

pub const TITLE: &str = "must not be empty";
pub const ISBN: &str = "must be an ISBN of thirteen digits";
pub const PRICE: &str = "must not be negative";
pub const PAGES: &str = "must be at least 1";

pub fn is_title(title: &str) -> bool {
    !title.trim().is_empty()
}

pub fn is_price(price: &Decimal) -> bool {
    *price >= Decimal::ZERO
}
