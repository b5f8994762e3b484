//! Methods that can't be what they say together, refused by their names.

use super::{Deleted, Lock, Select};
use crate::orm::meta::ModelMeta;
use crate::{Error, Result};

/// What to do where nothing is loaded for the rows.
const WITHOUT_RELATED: &str =
    "its rows come without what belongs to them; read whole rows with `all`";

impl Select {
    /// Remembers a mistake until the query is compiled, the first of several.
    pub(crate) fn refuse_when_run(
        &mut self,
        method: &'static str,
        before: &'static str,
        remedy: &str,
    ) {
        if self.mistake.is_none() {
            let mistake = text(self.model, method, before, remedy);
            self.mistake = Some(mistake.into_boxed_str());
        }
    }

    /// Remembers that a method, whose rows come without, stands behind
    /// prefetches, if it does.
    pub(crate) fn behind_prefetches(&mut self, method: &'static str) {
        if !self.prefetches.is_empty() {
            self.refuse_when_run(method, "prefetch_related", WITHOUT_RELATED);
        }
    }

    /// # Errors
    ///
    /// The first mistake in it.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.mistake {
            Some(mistake) => Err(Error::invalid_query(&**mistake)),
            None => Ok(()),
        }
    }

    /// # Errors
    ///
    /// When the rows are a slice, or the first that agree in something, for a
    /// method that would be of all rows.
    pub(crate) fn refuse_slice(&self, method: &'static str) -> Result<()> {
        let slice = match self {
            Self { limit: Some(_), .. } => "limit",
            Self {
                offset: Some(_), ..
            } => "offset",
            Self { distinct_on, .. } if !distinct_on.is_empty() => "distinct_on",
            _ => return Ok(()),
        };
        self.refuse(method, slice, "filter by the keys of its rows")
    }

    /// # Errors
    ///
    /// When rows are to be locked, for a method that locks none.
    pub(crate) fn refuse_lock(&self, method: &'static str, remedy: &str) -> Result<()> {
        match self.lock {
            Some(lock) => self.refuse(method, lock.method(), remedy),
            None => Ok(()),
        }
    }

    /// # Errors
    ///
    /// When rows that are locked are not to be waited for, for a change, which
    /// waits.
    pub(crate) fn refuse_impatience(&self, method: &'static str) -> Result<()> {
        match self.lock {
            Some(Lock::NoWait | Lock::SkipLocked) => self.refuse_lock(
                method,
                "a change waits for locked rows; lock them first with `all`, \
                 and change those by their keys",
            ),
            Some(Lock::Wait) | None => Ok(()),
        }
    }

    /// # Errors
    ///
    /// When rows are to be prefetched, for a method whose rows come without.
    pub(crate) fn refuse_prefetches(&self, method: &'static str) -> Result<()> {
        match self.prefetches.is_empty() {
            true => Ok(()),
            false => self.refuse(method, "prefetch_related", WITHOUT_RELATED),
        }
    }

    /// # Errors
    ///
    /// When anything is to be loaded with the rows, for a method that loads
    /// nothing.
    pub(crate) fn refuse_related(&self, method: &'static str) -> Result<()> {
        match self.loads.is_empty() {
            true => self.refuse_prefetches(method),
            false => self.refuse(method, "select_related", WITHOUT_RELATED),
        }
    }

    /// # Errors
    ///
    /// When it is narrowed in any way, for an insert, which looks at no rows
    /// that are there.
    pub(crate) fn refuse_narrowing(&self, method: &'static str) -> Result<()> {
        self.check()?;
        match self.narrowing() {
            Some(narrowing) => self.refuse(
                method,
                narrowing,
                "an insert looks at no rows that are there; call it on `objects()` itself",
            ),
            None => Ok(()),
        }
    }

    /// The name of something that narrows it, orders it or loads more.
    fn narrowing(&self) -> Option<&'static str> {
        let deleted = match self.deleted {
            Deleted::Hidden | Deleted::NoTies => None,
            Deleted::Included => Some("with_deleted"),
            Deleted::Only => Some("only_deleted"),
        };
        let narrowings = [
            (!self.ctes.is_empty()).then_some("with"),
            (!self.distinct_on.is_empty()).then_some("distinct_on"),
            self.limit.map(|_| "limit"),
            self.offset.map(|_| "offset"),
            self.is_distinct.then_some("distinct"),
            (!self.order.is_empty()).then_some("order_by"),
            (!self.conditions.is_empty()).then_some("filter"),
            (!self.loads.is_empty()).then_some("select_related"),
            (!self.prefetches.is_empty()).then_some("prefetch_related"),
            self.lock.map(Lock::method),
            deleted,
        ];
        narrowings.into_iter().flatten().next()
    }

    fn refuse(&self, method: &'static str, before: &'static str, remedy: &str) -> Result<()> {
        let text = text(self.model, method, before, remedy);
        Err(Error::invalid_query(text))
    }
}

impl Lock {
    /// The method that asks for it.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Wait => "for_update",
            Self::NoWait => "nowait",
            Self::SkipLocked => "skip_locked",
        }
    }
}

/// That two methods do not go together.
pub(crate) fn text(model: &ModelMeta, method: &str, before: &str, remedy: &str) -> String {
    let table = model.table;
    format!("`{method}` on `{table}` cannot stand behind `{before}`: {remedy}")
}
