//! The readers of this capability, each as a function of bytes: see
//! [`crate::parsers`].

use bytes::BytesMut;

use super::copy::Direction;
use super::json::{Form, Out};
use super::projection::Plan;
use super::verb::{self, Verb};
use super::{protocol, url as database_url, wire};
use crate::bindings::exports::plinth::host::handler::{Cardinality, Projection};

/// More is never written.
const WRITTEN_BYTES_MAX: usize = 10_000;

pub(crate) fn statement(bytes: &[u8]) {
    let sql = String::from_utf8_lossy(bytes);
    let verb = Verb::of(&sql);
    let direction = Direction::of(&sql);
    // What copies is never sent as a query.
    assert!(
        direction.is_none() || verb == Verb::Copy || verb == Verb::Session,
        "{sql:?}"
    );
    let _ = verb::touches_session(&sql);
}

pub(crate) fn parameters(bytes: &[u8]) {
    let (count, buffer) = bytes.split_first().unwrap_or((&0, &[]));
    let count = usize::from(*count);
    if let Some(values) = wire::parameters(buffer, count) {
        assert_eq!(values.len(), count);
    }
}

pub(crate) fn template(bytes: &[u8]) {
    let (columns, template) = bytes.split_at(bytes.len() / 3);
    let projection = Projection {
        rows: Cardinality::Many,
        before: String::new(),
        separator: String::new(),
        after: String::new(),
        template: String::from_utf8_lossy(template).into_owned(),
        columns: columns
            .iter()
            .map(|column| u16::from(*column % 4))
            .collect(),
    };
    let forms = [Ok(Form::Text), Ok(Form::Numeric), Err("mine".to_owned())];
    let columns: Vec<_> = forms.iter().map(|form| ("a", form)).collect();
    let Ok(plan) = Plan::new(&projection, &columns) else {
        return;
    };
    for row in [[Some(bytes), None], [None, Some(bytes)]] {
        let mut written = Vec::new();
        let cell = |at: usize| row.get(at).copied().flatten();
        let _ = plan.write(cell, &mut Out::new(&mut written, WRITTEN_BYTES_MAX));
        assert!(written.len() <= WRITTEN_BYTES_MAX);
    }
}

pub(crate) fn value(bytes: &[u8]) {
    for form in forms() {
        let mut written = Vec::new();
        let outcome = form.write(bytes, &mut Out::new(&mut written, WRITTEN_BYTES_MAX));
        assert!(written.len() <= WRITTEN_BYTES_MAX, "{form:?}");
        // What Postgres has for JSON is not read again.
        let is_copied = format!("{form:?}").contains("Json");
        if outcome.is_ok() && !is_copied {
            let read: Result<serde_json::Value, _> = serde_json::from_slice(&written);
            assert!(
                read.is_ok(),
                "{form:?}: {}",
                String::from_utf8_lossy(&written)
            );
        }
    }
}

fn forms() -> Vec<Form> {
    let simple = [
        Form::Bool,
        Form::Int2,
        Form::Int4,
        Form::Int8,
        Form::Oid,
        Form::Float4,
        Form::Float8,
        Form::Numeric,
        Form::Text,
        Form::Char,
        Form::Json,
        Form::Jsonb,
        Form::Bytes,
        Form::Uuid,
        Form::Date,
        Form::Time,
        Form::TimeTz,
        Form::Timestamp,
        Form::TimestampTz,
        Form::Interval,
        Form::Inet,
        Form::Cidr,
        Form::MacAddr,
        Form::Bits,
        Form::LogPosition,
        Form::Hstore,
    ];
    let nested = simple.iter().flat_map(|form| {
        let inner = || Box::new(form.clone());
        [Form::Array(inner()), Form::Range(inner())]
    });
    let nested: Vec<_> = nested.collect();
    [&simple[..], &nested].concat()
}

/// Messages are the same, however the bytes of them come.
pub(crate) fn message(bytes: &[u8]) {
    const ROW_BYTES_MAX: usize = 64;
    let read = |piece: usize| {
        let mut filter = protocol::MessageFilter::new(ROW_BYTES_MAX, protocol::Backend::default());
        let mut out = BytesMut::new();
        for piece in bytes.chunks(piece) {
            let plain = filter.plain(piece);
            out.extend_from_slice(&piece[..plain]);
            filter.take(&piece[plain..], &mut out)?;
        }
        Ok::<_, std::io::Error>(out)
    };
    let whole = read(bytes.len().max(1));
    for piece in [1, 3, 7] {
        match (&whole, read(piece)) {
            (Ok(whole), Ok(pieces)) => assert!(*whole == pieces),
            (whole, pieces) => assert_eq!(whole.is_ok(), pieces.is_ok()),
        }
    }
    if let Ok(whole) = whole {
        assert!(whole.len() <= bytes.len() + 64, "nothing is added");
    }
}

pub(crate) fn url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = database_url::parse(&text) {
        let told = format!("{error:#}");
        assert!(text.len() < 12 || !told.contains(&*text), "{told}");
    }
}
