//! Reading `EXPLAIN (FORMAT JSON)`.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use super::{Plan, PlanNode};

/// The plan of one statement.
#[derive(serde::Deserialize)]
struct Explained {
    #[serde(rename = "Plan")]
    plan: PlanNode,
    #[serde(rename = "Planning Time")]
    planning_time: Option<f64>,
    #[serde(rename = "Execution Time")]
    execution_time: Option<f64>,
}

impl Plan {
    /// The first of the plans that Postgres tells: a rule can make several
    /// statements of one.
    ///
    /// # Errors
    ///
    /// Why it is no plan. Steps deeper in each other than serde goes are one
    /// reason: more than sixty.
    pub(in crate::database) fn read(json: &[u8]) -> Result<Self, String> {
        let json = std::str::from_utf8(json).map_err(|error| error.to_string())?;
        let plans: Vec<Explained> =
            serde_json::from_str(json).map_err(|error| error.to_string())?;
        let first = plans.into_iter().next();
        let explained = first.ok_or("the statement has no plan")?;
        Ok(Self {
            root: explained.plan,
            planning_time: duration(explained.planning_time)?,
            execution_time: duration(explained.execution_time)?,
            json: json.to_owned(),
        })
    }
}

/// A time that Postgres tells in milliseconds.
fn duration(milliseconds: Option<f64>) -> Result<Option<Duration>, String> {
    let duration = milliseconds.map(|time| Duration::try_from_secs_f64(time / 1000.0));
    duration.transpose().map_err(|error| error.to_string())
}

impl<'de> Deserialize<'de> for PlanNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NodeVisitor)
    }
}

/// By hand, because derived code for what it does not know would lose the order
/// of it.
struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = PlanNode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step of a plan")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PlanNode, A::Error> {
        let mut node = PlanNode::default();
        while let Some(key) = map.next_key::<String>()? {
            match &*key {
                "Node Type" => node.node_type = map.next_value()?,
                "Relation Name" => node.relation = map.next_value()?,
                "Alias" => node.alias = map.next_value()?,
                "Index Name" => node.index_name = map.next_value()?,
                "Startup Cost" => node.startup_cost = number(&mut map)?.unwrap_or_default(),
                "Total Cost" => node.total_cost = number(&mut map)?.unwrap_or_default(),
                "Plan Rows" => node.plan_rows = number(&mut map)?.unwrap_or_default(),
                "Plan Width" => node.plan_width = map.next_value()?,
                "Actual Startup Time" => node.actual_startup_time = time(&mut map)?,
                "Actual Total Time" => node.actual_total_time = time(&mut map)?,
                "Actual Rows" => node.actual_rows = number(&mut map)?,
                "Actual Loops" => node.loops = map.next_value()?,
                "Shared Hit Blocks" => node.shared_hit_blocks = map.next_value()?,
                "Shared Read Blocks" => node.shared_read_blocks = map.next_value()?,
                "Plans" => node.children = map.next_value::<Option<_>>()?.unwrap_or_default(),
                _ => {
                    let value = detail(map.next_value()?);
                    node.details.extend(value.map(|value| (key, value)));
                }
            }
        }
        if node.node_type.is_empty() {
            return Err(Error::missing_field("Node Type"));
        }
        Ok(node)
    }
}

fn number<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<f64>, A::Error> {
    map.next_value()
}

fn time<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Duration>, A::Error> {
    duration(map.next_value()?).map_err(Error::custom)
}

/// A value as text. What has parts of its own, such as what each worker did, is
/// left to the JSON.
fn detail(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_so) => Some(is_so.to_string()),
        Value::Array(values) if !values.is_empty() => {
            let texts = values.iter().map(Value::as_str);
            texts
                .collect::<Option<Vec<_>>>()
                .map(|texts| texts.join(", "))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
