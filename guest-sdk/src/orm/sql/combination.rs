//! Rows of several queries.

use super::equality::check_values;
use super::select::Ask;
use super::writer::Writer;
use crate::database::Statement;
use crate::orm::combined::{Combination, Part, SetOperator};
use crate::orm::order::OrderTerm;
use crate::orm::selection::Selected;
use crate::{Error, Result};

/// The statement that reads the rows.
pub(crate) fn combination(combination: &Combination) -> Result<Statement> {
    around("", combination, "")
}

/// The statement that counts the rows.
pub(crate) fn count_combination(combination: &Combination) -> Result<Statement> {
    around("SELECT COUNT(*) FROM (", combination, ") AS combined")
}

/// The statement that finds out whether there are rows.
pub(crate) fn any_of_combination(combination: &Combination) -> Result<Statement> {
    around("SELECT 1 FROM (", combination, ") AS combined LIMIT 1")
}

fn around(before: &str, combination: &Combination, after: &str) -> Result<Statement> {
    let mut writer = Writer::new(combination.first_select().model);
    writer.push(before);
    writer.combination(combination)?;
    writer.push(after);
    Ok(writer.finish())
}

/// All but `union_all` look for rows that are alike.
fn check_equality(combination: &Combination) -> Result<()> {
    let first = combination.first_select();
    let operators = combination.others.iter().map(|(operator, _)| *operator);
    let mut comparing = operators.filter(|operator| *operator != SetOperator::UnionAll);
    match comparing.next() {
        Some(operator) => check_values(first.model, &first.values, operator.method()),
        None => Ok(()),
    }
}

impl Writer {
    /// The queries from left to right, in parentheses wherever SQL's own
    /// precedence could bind them otherwise.
    fn combination(&mut self, combination: &Combination) -> Result<()> {
        combination.check()?;
        check_equality(combination)?;
        let others = &combination.others;
        for pair in others.windows(2) {
            self.push(if pair[0].0 == pair[1].0 { "" } else { "(" });
        }
        self.part(&combination.first)?;
        for (index, (operator, part)) in others.iter().enumerate() {
            self.push(operator.words());
            self.part(part)?;
            let next = others.get(index + 1);
            self.push(if next.is_some_and(|next| next.0 != *operator) {
                ")"
            } else {
                ""
            });
        }
        self.combination_order(&combination.order, &combination.first_select().values)?;
        self.slice(combination.limit, combination.offset)
    }

    fn part(&mut self, part: &Part) -> Result<()> {
        match part {
            Part::Select(select) => self.query(select, Ask::All),
            Part::Combination(combination) => {
                self.push("(");
                self.combination(combination)?;
                self.push(")");
                Ok(())
            }
        }
    }

    /// Of several queries SQL knows the columns by their places only.
    fn combination_order(&mut self, order: &[OrderTerm], values: &[Selected]) -> Result<()> {
        for (index, term) in order.iter().enumerate() {
            self.push(if index == 0 { " ORDER BY " } else { ", " });
            let place = values
                .iter()
                .position(|value| value.node.is_same(&term.node));
            let place = place.ok_or_else(not_selected)?;
            self.number(place + 1);
            self.direction(term, values[place].nullable);
        }
        Ok(())
    }
}

impl SetOperator {
    fn words(self) -> &'static str {
        match self {
            Self::Union => " UNION ",
            Self::UnionAll => " UNION ALL ",
            Self::Intersect => " INTERSECT ",
            Self::Except => " EXCEPT ",
        }
    }
}

fn not_selected() -> Error {
    Error::invalid_query("a combined query is ordered by what its first query does not select")
}
