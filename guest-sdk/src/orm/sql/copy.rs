//! Rows as a stream: COPY.

use super::select::Ask;
use super::writer::Writer;
use crate::database::{Statement, exact_literals};
use crate::orm::meta::{ModelMeta, VariantMeta};
use crate::orm::select::Select;
use crate::{Error, Result};

/// The COPY that loads columns of a model in the binary format, the
/// discriminator of a variant behind them.
pub(crate) struct Load {
    pub(crate) sql: String,
    /// Reads no row, but the columns' types; and behind them those of the model
    /// that are not built into Postgres, in order.
    pub(crate) types: Statement,
}

pub(crate) fn copy_in(model: &'static ModelMeta, columns: &[usize]) -> Load {
    let mut copy = Writer::new(model);
    copy.push("COPY ");
    copy.name(model.table);
    copy.names(model, columns);
    copy.push(" FROM STDIN (FORMAT binary)");
    let mut types = Writer::new(model);
    let discriminator = model.variant.and_then(VariantMeta::column);
    let copied = || {
        let columns = columns.iter().map(|column| &model.columns[*column]);
        columns.chain(discriminator)
    };
    let mut word = "SELECT ";
    for column in copied() {
        types.push(word);
        types.name(column.name);
        word = ", ";
    }
    for column in copied().filter(|column| column.sql.oid == 0) {
        types.push(", NULL::");
        types.push(&column.sql.to_string());
    }
    types.push(" FROM ");
    types.name(model.table);
    types.push(" LIMIT 0");
    Load {
        sql: copy.text().to_owned(),
        types: types.finish(),
    }
}

/// The query of a COPY, which takes no parameters: they stand in the text.
///
/// The text is put together here and not found by reading it again, so a value
/// stands where its parameter was written and nowhere else; and only values of
/// types whose literals are exactly the same are put there.
pub(crate) fn copy_out(select: &Select) -> Result<String> {
    let mut writer = Writer::new(select.model);
    writer.places = Some(Vec::new());
    writer.select(select, Ask::All)?;
    let places = writer.places.take().unwrap_or_default();
    let query = writer.finish();
    let literals = exact_literals(query.parameter_types(), query.parameters());
    let literals = literals.map_err(|e| not_exact(select.model, &e.to_string()))?;
    let (mut text, mut rest, mut start) = (String::new(), query.sql(), 0);
    for (place, number) in places {
        let (before, parameter) = rest.split_at(place - start);
        let digits = parameter[1..].bytes().take_while(u8::is_ascii_digit);
        let length = 1 + digits.count();
        text.push_str(before);
        text.push_str(&literals[number - 1]);
        (rest, start) = (&parameter[length..], place + length);
    }
    text.push_str(rest);
    Ok(text)
}

fn not_exact(model: &ModelMeta, reason: &str) -> Error {
    Error::invalid_query(format!(
        "a COPY of `{}` takes no parameters, and {reason}; read the rows with `iterator`",
        model.table
    ))
}
