//! Arrays, and what is asked of them.

use super::condition::{as_value, is_null};
use super::writer::Writer;
use crate::Result;
use crate::database::SqlType;
use crate::orm::node::{ArrayTest, Node, Op};
use crate::orm::value::Value;

impl ArrayTest {
    fn operator(self) -> &'static str {
        match self {
            Self::HasAll => " @> ",
            Self::HasAny => " && ",
            Self::IsWithin => " <@ ",
        }
    }
}

/// Whether `b` is within `a`, NULL being an element like others.
const HAS_ALL: [&str; 3] = [
    "(SELECT a @> ARRAY_REMOVE(b, NULL) AND \
     (ARRAY_POSITION(b, NULL) IS NULL OR ARRAY_POSITION(a, NULL) IS NOT NULL) FROM (VALUES (",
    ", ",
    ")) AS e(a, b))",
];
/// The same of `b` and `a`.
const IS_WITHIN: [&str; 3] = [
    "(SELECT ARRAY_REMOVE(a, NULL) <@ b AND \
     (ARRAY_POSITION(a, NULL) IS NULL OR ARRAY_POSITION(b, NULL) IS NOT NULL) FROM (VALUES (",
    ", ",
    ")) AS e(a, b))",
];
const HAS_ANY: [&str; 3] = [
    "(SELECT a && b OR \
     ARRAY_POSITION(a, NULL) IS NOT NULL AND ARRAY_POSITION(b, NULL) IS NOT NULL FROM (VALUES (",
    ", ",
    ")) AS e(a, b))",
];
const HAS: [&str; 3] = ["ARRAY_POSITION(", ", ", ") IS NOT NULL"];

impl Writer {
    /// An array as one parameter, where all its elements are known here.
    pub(super) fn array_of(&mut self, elements: &[Node], element: SqlType) -> Result<()> {
        let values: Option<Vec<&Value>> = elements.iter().map(as_value).collect();
        if let Some(values) = values.filter(|_| element.array_oid != 0) {
            return self.array_of_values(&values, element.oid, element.array_oid);
        }
        self.push("CAST(ARRAY[");
        self.list(&elements.iter().collect::<Vec<_>>())?;
        self.push("] AS ");
        self.push(element.name);
        self.push("[])");
        Ok(())
    }

    /// Whether NULL is, or can be, among the elements of a list.
    pub(super) fn lists_null(&self, node: &Node) -> Result<bool> {
        match node {
            Node::Op(Op::Array(_), elements) => self.is_any_nullable(elements),
            _ => Ok(false),
        }
    }

    /// Postgres' own operators take no NULL for equal to another, and a GIN
    /// index serves them alone: so they stay wherever there is no NULL on the
    /// right.
    pub(super) fn array_test(
        &mut self,
        test: ArrayTest,
        nullable: bool,
        array: &Node,
        other: &Node,
    ) -> Result<()> {
        let list = match other {
            Node::Op(Op::Array(element), elements) => Some((*element, &elements[..])),
            _ => None,
        };
        if !nullable || (list.is_some() && !self.lists_null(other)?) {
            return self.infix(array, test.operator(), other);
        }
        match (list, array) {
            (Some((_, [one])), _) if test != ArrayTest::IsWithin => self.between(HAS, array, one),
            (Some((element, elements)), Node::Column(_)) if is_known(element, elements) => {
                self.test_of_values(test, element, array, elements)
            }
            _ => {
                let pieces = match test {
                    ArrayTest::HasAll => HAS_ALL,
                    ArrayTest::HasAny => HAS_ANY,
                    ArrayTest::IsWithin => IS_WITHIN,
                };
                self.between(pieces, array, other)
            }
        }
    }

    fn between(&mut self, pieces: [&str; 3], left: &Node, right: &Node) -> Result<()> {
        self.push(pieces[0]);
        self.infix(left, pieces[1], right)?;
        self.push(pieces[2]);
        Ok(())
    }

    /// The test of values that have NULL among them.
    fn test_of_values(
        &mut self,
        test: ArrayTest,
        element: SqlType,
        array: &Node,
        elements: &[Node],
    ) -> Result<()> {
        let values = elements.iter().filter(|node| !is_null(node));
        let values: Vec<&Value> = values.filter_map(as_value).collect();
        let (before, between, behind) = match test {
            ArrayTest::HasAll => ("(", " @> ", " AND ARRAY_POSITION("),
            ArrayTest::HasAny => ("(", " && ", " OR ARRAY_POSITION("),
            ArrayTest::IsWithin => ("ARRAY_REMOVE(", ", NULL) <@ ", ""),
        };
        self.push(before);
        self.infix_values(array, between, &values, element)?;
        self.push(behind);
        if test == ArrayTest::IsWithin {
            return Ok(());
        }
        self.postfix(array, ", NULL) IS NOT NULL)")
    }

    fn infix_values(
        &mut self,
        array: &Node,
        operator: &str,
        values: &[&Value],
        element: SqlType,
    ) -> Result<()> {
        self.postfix(array, operator)?;
        self.array_of_values(values, element.oid, element.array_oid)
    }
}

/// Whether all elements are values, in one parameter.
fn is_known(element: SqlType, elements: &[Node]) -> bool {
    element.array_oid != 0 && elements.iter().all(|node| as_value(node).is_some())
}
