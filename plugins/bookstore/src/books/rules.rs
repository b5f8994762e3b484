//! What a book's fields must be, when it is added and when it is changed.

use plinth::Decimal;

pub(super) const TITLE: &str = "must not be empty";
pub(super) const ISBN: &str = "must be an ISBN of thirteen digits";
pub(super) const PRICE: &str = "must not be negative";
pub(super) const PAGES: &str = "must be at least 1";

pub(super) fn is_title(title: &str) -> bool {
    !title.trim().is_empty()
}

pub(super) fn is_price(price: &Decimal) -> bool {
    *price >= Decimal::ZERO
}
