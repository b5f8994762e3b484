/// A type of values, and what it is where they can be NULL.
///
/// Implemented for every type that a column can hold, and for `Option` of
/// them. A [`ColumnType`](crate::database::ColumnType) of one's own needs
/// three lines:
///
/// ```
/// struct Inet(std::net::IpAddr);
///
/// impl plinth::orm::MaybeNull for Inet {
///     type Some = Self;
///     type Optional = Option<Self>;
///     type Like<U> = U;
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not one value of a column's type",
    note = "give one column or expression; a type of one's own implements `plinth::orm::MaybeNull`"
)]
pub trait MaybeNull {
    /// It without NULL.
    type Some;

    /// It with NULL: an `Option`, and of an `Option` itself.
    type Optional;

    /// Another type, with NULL where this has it.
    type Like<U>;
}

impl<T> MaybeNull for Option<T> {
    type Some = T;
    type Optional = Option<T>;
    type Like<U> = Option<U>;
}

impl<T> MaybeNull for Vec<T> {
    type Some = Self;
    type Optional = Option<Self>;
    type Like<U> = U;
}
