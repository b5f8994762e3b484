use super::model::Model;
use crate::database::Parameter;

/// A row that is about to be inserted; [`create!`](crate::create!) makes one.
///
/// Its type is derived with the model's. A field that was not given is left to
/// the table: its default, its number, or NULL.
pub trait Draft: DraftValues + Default {
    /// The model whose row it becomes.
    type Model: Model<New = Self>;

    /// The fields that must be given, each with the message that says so.
    const REQUIRED: &'static [(&'static str, &'static str)];
}

/// The values of a draft, without its type.
pub trait DraftValues {
    /// The value for a column, by its position; `None` leaves it to the table.
    fn value(&self, column: usize) -> Option<&dyn Parameter>;
}

/// The first of the `required` fields that is not among the `given` ones, as
/// the message that says so.
#[doc(hidden)]
#[must_use]
pub const fn missing_field(
    required: &'static [(&'static str, &'static str)],
    given: &[&str],
) -> Option<&'static str> {
    let mut index = 0;
    while index < required.len() {
        if !has(given, required[index].0) {
            return Some(required[index].1);
        }
        index += 1;
    }
    None
}

const fn has(names: &[&str], name: &str) -> bool {
    let mut index = 0;
    while index < names.len() {
        if is_same(names[index].as_bytes(), name.as_bytes()) {
            return true;
        }
        index += 1;
    }
    false
}

pub(super) const fn is_same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}
