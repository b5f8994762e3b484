//! How the rows of a statement become text: a plan, made once of a projection
//! and the types of the columns.

use super::json::{self, Form, Out, Written};
use super::types::Known;
use super::{Outcome, error};
use crate::bindings::exports::plinth::host::handler::Projection;
use crate::bindings::plinth::host::database::Error;

/// Many times what the longest row of a model needs; plans are kept.
const TEMPLATE_BYTES_MAX: usize = 64 << 10;

/// A step costs more memory than the mark that it is made of.
const MARKS_MAX: usize = 2_048;

/// The marks in a template, which `wit/handler.wit` tells of.
const VALUE: u8 = 0;
const OPEN: u8 = 1;
const CLOSE: u8 = 2;

/// What is done for each row, one step after the other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Of what it was made, to know it again.
    template: String,
    columns: Vec<u16>,
    steps: Vec<Step>,
    end: Box<[u8]>,
}

/// Some text, and what stands behind it.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    before: Box<[u8]>,
    column: usize,
    act: Act,
}

#[derive(Debug, PartialEq, Eq)]
enum Act {
    Value(Form),
    /// The steps that follow are one value, which is null where the column is.
    Open {
        steps: usize,
    },
    Close,
}

impl Plan {
    /// Makes the plan.
    ///
    /// # Errors
    ///
    /// When a column is not there or of a type that cannot be written, or the
    /// marks make no sense.
    pub(super) fn new(projection: &Projection, columns: &[(&str, &Known)]) -> Outcome<Self> {
        let longest = projection.template.len().max(projection.columns.len());
        if longest > TEMPLATE_BYTES_MAX {
            return Err(error::invalid(format!(
                "the template of a row may have {TEMPLATE_BYTES_MAX} bytes"
            )));
        }
        let mut plan = Self {
            template: projection.template.clone(),
            columns: projection.columns.clone(),
            steps: Vec::new(),
            end: Box::default(),
        };
        plan.parse(columns)?;
        Ok(plan)
    }

    /// About what it takes in memory, in bytes.
    pub(super) fn weight_bytes(&self) -> usize {
        2 * self.template.len() + 2 * self.columns.len() + self.steps.len() * size_of::<Step>()
    }

    /// Whether it is the plan of a projection.
    pub(super) fn is_of(&self, projection: &Projection) -> bool {
        self.template == projection.template && self.columns == projection.columns
    }

    fn parse(&mut self, known: &[(&str, &Known)]) -> Outcome<()> {
        let mut columns = self.columns.iter().map(|column| usize::from(*column));
        let mut open = Vec::new();
        let mut rest = self.template.as_bytes();
        while let Some(at) = rest.iter().position(|byte| *byte <= CLOSE) {
            if self.steps.len() == MARKS_MAX {
                return Err(error::invalid(format!(
                    "the template of a row may have {MARKS_MAX} marks"
                )));
            }
            let before = rest[..at].into();
            let mut next = || columns.next().and_then(|at| Some((at, *known.get(at)?)));
            let (column, act) = match rest[at] {
                VALUE => {
                    let (column, (name, form)) = next().ok_or_else(no_column)?;
                    let form = form.as_ref().map_err(|ty| not_writable(name, ty))?;
                    (column, Act::Value(form.clone()))
                }
                OPEN => {
                    open.push(self.steps.len());
                    (next().ok_or_else(no_column)?.0, Act::Open { steps: 0 })
                }
                _ => {
                    let begin = open.pop().ok_or_else(unbalanced)?;
                    self.steps[begin].act = Act::Open {
                        steps: self.steps.len() - begin,
                    };
                    (0, Act::Close)
                }
            };
            self.steps.push(Step {
                before,
                column,
                act,
            });
            rest = &rest[at + 1..];
        }
        self.end = rest.into();
        match (open.is_empty(), columns.next()) {
            (true, None) => Ok(()),
            (false, _) => Err(unbalanced()),
            (true, Some(_)) => Err(error::invalid(
                "the projection has more columns than its template has marks for them",
            )),
        }
    }

    /// Writes a row, of which `cell` gives the values.
    ///
    /// # Errors
    ///
    /// When there is no room for it, or a value is none of its type.
    pub(super) fn write<'r>(
        &self,
        cell: impl Fn(usize) -> Option<&'r [u8]>,
        out: &mut Out<'_>,
    ) -> Written {
        let mut at = 0;
        while let Some(step) = self.steps.get(at) {
            out.put(&step.before)?;
            at += 1;
            match &step.act {
                Act::Value(form) => match cell(step.column) {
                    Some(raw) => form.write(raw, out)?,
                    None => json::null(out)?,
                },
                Act::Open { steps } => {
                    if cell(step.column).is_none() {
                        json::null(out)?;
                        at += steps;
                    }
                }
                Act::Close => {}
            }
        }
        out.put(&self.end)
    }
}

fn no_column() -> Error {
    error::invalid("the projection names a column that the statement does not return")
}

fn unbalanced() -> Error {
    error::invalid("the parts of the template that can be null do not begin and end in pairs")
}

fn not_writable(name: &str, ty: &str) -> Error {
    error::invalid(format!(
        "the host does not write the type {ty} of the column {name:?} as JSON; cast it in the \
         SQL, or read the rows and answer with bytes"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::plinth::host::handler::Cardinality;
    use crate::capability::database::json::Unwritten;

    fn plan(template: &str, columns: &[u16]) -> Result<Plan, String> {
        let projection = Projection {
            rows: Cardinality::Many,
            before: String::new(),
            separator: String::new(),
            after: String::new(),
            template: template.into(),
            columns: columns.into(),
        };
        let columns = [
            ("id", &Ok(Form::Int2)),
            ("name", &Ok(Form::Text)),
            ("at", &Err("point".into())),
        ];
        Plan::new(&projection, &columns).map_err(|error| error.message)
    }

    fn written(template: &str, columns: &[u16], row: [Option<&'static [u8]>; 2]) -> String {
        let mut out = Vec::new();
        let plan = plan(template, columns).expect("a plan");
        plan.write(|at| row[at], &mut Out::new(&mut out, 1_000))
            .expect("well formed");
        String::from_utf8(out).expect("UTF-8")
    }

    const ROW: [Option<&[u8]>; 2] = [Some(&[0, 7]), Some(b"Ann")];

    #[test]
    fn marks_become_values() {
        let object = "{\"name\":\0,\"id\":\0}\n";
        let expected = "{\"name\":\"Ann\",\"id\":7}\n";
        assert_eq!(written(object, &[1, 0], ROW), expected);
        assert_eq!(
            written(object, &[1, 0], [None; 2]),
            "{\"name\":null,\"id\":null}\n"
        );
        assert_eq!(written("[]", &[], ROW), "[]");
    }

    #[test]
    fn a_part_is_null_where_its_column_is() {
        let nested = "[\0,\u{1}{\"a\":\u{1}[\0]\u{2}}\u{2}]";
        let columns = [1, 0, 1, 0];
        assert_eq!(written(nested, &columns, ROW), "[\"Ann\",{\"a\":[7]}]");
        assert_eq!(written(nested, &columns, [None, ROW[1]]), "[\"Ann\",null]");
        let inner = [Some(&[0, 7][..]), None];
        assert_eq!(written(nested, &columns, inner), "[null,{\"a\":null}]");
    }

    #[test]
    fn a_value_that_is_named_a_thousand_times_ends_at_the_limit() {
        let plan = plan(&"\0".repeat(1_000), &[1; 1_000]).expect("a plan");
        let (row, mut out) = ([None, Some(&[b'x'; 100][..])], Vec::new());
        let refused = plan.write(|at| row[at], &mut Out::new(&mut out, 1_000));
        assert_eq!(refused, Err(Unwritten::Full));
        assert!(out.len() <= 1_000, "{}", out.len());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (template, columns, said) in [
            ("\0", &[][..], "does not return"),
            ("\0", &[3], "does not return"),
            ("x", &[0], "more columns"),
            ("\u{1}\0", &[0, 0], "in pairs"),
            ("\u{2}", &[], "in pairs"),
            ("\0", &[2], "type point of the column \"at\""),
            (&"x".repeat(TEMPLATE_BYTES_MAX + 1), &[], "bytes"),
            (
                &"\0".repeat(MARKS_MAX + 1),
                &[0; MARKS_MAX + 1],
                "2048 marks",
            ),
        ] {
            let message = plan(template, columns).expect_err("refused");
            assert!(message.contains(said), "{message}");
        }
    }
}
