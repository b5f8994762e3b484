//! How values of types are written that a database has of its own: domains,
//! enums, arrays of them, those of extensions.
//!
//! The driver would ask for each of them and for all that it is made of, one
//! level in another, as deep as they go. Here they are asked for with one
//! statement, so many levels deep and no deeper, and only where values are
//! written.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::TryStreamExt;
use lru::LruCache;
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::json::Form;

/// Types in types that are looked into: an array of a domain over a domain has
/// three.
const DEPTH_MAX: usize = 8;

/// Types remembered for each pool.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1024).expect("more than none");

/// The rows that tell of some types, and of those that they are made of.
const LOOKUP: &str = "\
WITH RECURSIVE found (oid, depth) AS (
    SELECT oid, 1 FROM pg_catalog.unnest($1) AS asked (oid)
  UNION ALL
    SELECT CASE t.typtype
             WHEN 'd' THEN t.typbasetype
             WHEN 'r' THEN r.rngsubtype
             ELSE t.typelem
           END, f.depth + 1
    FROM found f
    JOIN pg_catalog.pg_type t ON t.oid = f.oid
    LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
    WHERE f.depth < $2 AND (t.typtype IN ('d', 'r') OR t.typelem <> 0 AND t.typlen = -1)
)
SELECT DISTINCT t.oid, t.typname::pg_catalog.text, t.typtype,
       CASE t.typtype
         WHEN 'd' THEN t.typbasetype
         WHEN 'r' THEN r.rngsubtype
         ELSE CASE WHEN t.typlen = -1 THEN t.typelem ELSE 0::pg_catalog.oid END
       END
FROM found f
JOIN pg_catalog.pg_type t ON t.oid = f.oid
LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid";

/// A type's form, or the name of one that is not written.
pub(super) type Known = Result<Form, String>;

/// The types of one database, as far as somebody asked.
pub(super) struct Types(Mutex<LruCache<u32, Known>>);

impl Default for Types {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Types {
    /// The forms of some types, in their order.
    ///
    /// # Errors
    ///
    /// When the server has to be asked and does not say.
    pub(super) async fn forms(
        &self,
        client: &Client,
        types: &[u32],
    ) -> Result<Vec<Known>, tokio_postgres::Error> {
        if let Some(forms) = types.iter().map(|oid| self.form(*oid)).collect() {
            return Ok(forms);
        }
        let mut asked: Vec<u32> = types.to_vec();
        asked.retain(|oid| self.form(*oid).is_none());
        asked.sort_unstable();
        asked.dedup();
        let found = look_up(client, &asked).await?;
        let mut answers: HashMap<u32, Known> = HashMap::new();
        for oid in asked {
            let form = form_of(oid, &found);
            self.remembered().put(oid, form.clone());
            answers.insert(oid, form);
        }
        let form = |oid: &u32| self.form(*oid).or_else(|| answers.get(oid).cloned());
        let forms = types
            .iter()
            .map(|oid| form(oid).unwrap_or_else(|| unknown(*oid)));
        Ok(forms.collect())
    }

    fn form(&self, oid: u32) -> Option<Known> {
        match Type::from_oid(oid) {
            Some(ty) => Some(Form::of(&ty).ok_or_else(|| ty.to_string())),
            None => self.remembered().get(&oid).cloned(),
        }
    }

    fn remembered(&self) -> MutexGuard<'_, LruCache<u32, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What Postgres says of a type.
#[derive(Debug)]
struct Described {
    name: String,
    kind: Kind,
    /// What it is made of, or 0.
    inner: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Base,
    Domain,
    Enum,
    Range,
    Other,
}

async fn look_up(
    client: &Client,
    types: &[u32],
) -> Result<HashMap<u32, Described>, tokio_postgres::Error> {
    let depth = i32::try_from(DEPTH_MAX).unwrap_or(i32::MAX);
    let parameters: [(&(dyn ToSql + Sync), Type); 2] =
        [(&types, Type::OID_ARRAY), (&depth, Type::INT4)];
    let mut rows = pin!(client.query_typed_raw(LOOKUP, parameters).await?);
    let mut found = HashMap::new();
    while let Some(row) = rows.try_next().await? {
        let kind = match row.try_get::<_, i8>(2)?.cast_unsigned() {
            b'b' => Kind::Base,
            b'd' => Kind::Domain,
            b'e' => Kind::Enum,
            b'r' => Kind::Range,
            _ => Kind::Other,
        };
        let described = Described {
            name: row.try_get(1)?,
            kind,
            inner: row.try_get(3)?,
        };
        found.insert(row.try_get(0)?, described);
    }
    Ok(found)
}

/// How the values of a type are written, by what was found of it.
///
/// Not recursive: how deep types are nested is a plugin's to choose.
fn form_of(oid: u32, found: &HashMap<u32, Described>) -> Known {
    let refused = || match found.get(&oid) {
        Some(described) => Err(described.name.clone()),
        None => unknown(oid),
    };
    let mut around: Vec<fn(Form) -> Form> = Vec::new();
    let mut at = oid;
    for _ in 0..=DEPTH_MAX {
        let form = match (Type::from_oid(at), found.get(&at)) {
            (Some(ty), _) => Form::of(&ty),
            (None, None) => None,
            (None, Some(described)) => match (described.kind, described.inner) {
                (Kind::Enum, _) => Some(Form::Text),
                (Kind::Base, 0) => Form::of_extension(&described.name),
                (Kind::Domain, inner) => {
                    at = inner;
                    continue;
                }
                (Kind::Base, inner) => {
                    around.push(|element| Form::Array(Box::new(element)));
                    at = inner;
                    continue;
                }
                (Kind::Range, inner) => {
                    around.push(|element| Form::Range(Box::new(element)));
                    at = inner;
                    continue;
                }
                (Kind::Other, _) => None,
            },
        };
        let Some(form) = form else {
            return refused();
        };
        let outermost = around.iter().rev().fold(form, |form, around| around(form));
        return Ok(outermost);
    }
    refused()
}

fn unknown(oid: u32) -> Known {
    Err(format!("with the number {oid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: u32 = 100_000;

    fn described(kind: Kind, inner: u32) -> Described {
        Described {
            name: "mine".into(),
            kind,
            inner,
        }
    }

    /// A type that is made of the next, and so on, and at last of `text`.
    fn nested(kinds: &[Kind]) -> HashMap<u32, Described> {
        let last = kinds.len() - 1;
        let number = |at: usize| FIRST + u32::try_from(at).expect("few");
        let inner = |at: usize| {
            if at == last {
                Type::TEXT.oid()
            } else {
                number(at + 1)
            }
        };
        let types = kinds.iter().enumerate();
        types
            .map(|(at, kind)| (number(at), described(*kind, inner(at))))
            .collect()
    }

    #[test]
    fn a_type_is_written_as_what_it_is_made_of() {
        let array = |form| Form::Array(Box::new(form));
        for (kinds, expected) in [
            (&[Kind::Domain][..], Form::Text),
            (&[Kind::Domain, Kind::Domain], Form::Text),
            (&[Kind::Base], array(Form::Text)),
            (&[Kind::Domain, Kind::Base, Kind::Domain], array(Form::Text)),
            (
                &[Kind::Base, Kind::Range],
                array(Form::Range(Box::new(Form::Text))),
            ),
            (&[Kind::Enum], Form::Text),
        ] {
            assert_eq!(form_of(FIRST, &nested(kinds)), Ok(expected), "{kinds:?}");
        }
    }

    #[test]
    fn what_is_not_written_is_named() {
        for kinds in [&[Kind::Other][..], &[Kind::Domain, Kind::Other]] {
            assert_eq!(form_of(FIRST, &nested(kinds)), Err("mine".into()));
        }
        let gone = form_of(FIRST, &HashMap::new());
        assert_eq!(gone, Err("with the number 100000".into()));
    }

    #[test]
    fn types_have_a_depth() {
        for kind in [Kind::Domain, Kind::Base, Kind::Range] {
            assert!(form_of(FIRST, &nested(&[kind; DEPTH_MAX])).is_ok());
            let deep = nested(&[kind; DEPTH_MAX + 1]);
            assert_eq!(form_of(FIRST, &deep), Err("mine".into()));
            let endless = HashMap::from([(FIRST, described(kind, FIRST))]);
            assert_eq!(form_of(FIRST, &endless), Err("mine".into()));
        }
    }
}
