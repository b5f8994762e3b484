//! A plan as `psql` shows it.

use std::fmt;
use std::time::Duration;

use super::{Plan, PlanNode};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.write(2, f)?;
        for (name, time) in [
            ("Planning", self.planning_time),
            ("Execution", self.execution_time),
        ] {
            if let Some(time) = time {
                write!(f, "\n{name} Time: {:.3} ms", milliseconds(time))?;
            }
        }
        Ok(())
    }
}

/// The step and those below it.
impl fmt::Display for PlanNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(2, f)
    }
}

/// What stands in the line of a step or says nothing to a reader.
const NOT_BELOW: &[&str] = &[
    "Async Capable",
    "CTE Name",
    "Command",
    "Function Name",
    "Inner Unique",
    "Join Type",
    "Operation",
    "Parallel Aware",
    "Parent Relationship",
    "Partial Mode",
    "Scan Direction",
    "Strategy",
    "Subplan Name",
];

impl PlanNode {
    /// What is told of it and below it is indented so far.
    fn write(&self, indent: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_name(f)?;
        write!(
            f,
            "  (cost={:.2}..{:.2} rows={} width={})",
            self.startup_cost, self.total_cost, self.plan_rows, self.plan_width
        )?;
        self.write_actual(f)?;
        for (name, value) in self.details.iter().filter(is_told) {
            write!(f, "\n{:indent$}{name}: {value}", "")?;
        }
        self.write_buffers(indent, f)?;
        for child in &self.children {
            let mut indent = indent;
            if let Some(name) = child.detail("Subplan Name") {
                write!(f, "\n{:indent$}{name}", "")?;
                indent += 2;
            }
            write!(f, "\n{:indent$}->  ", "")?;
            child.write(indent + 6, f)?;
        }
        Ok(())
    }

    /// What it does and with which table.
    fn write_name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail("Parallel Aware") == Some("true") {
            f.write_str("Parallel ")?;
        }
        self.write_type(f)?;
        if self.detail("Scan Direction") == Some("Backward") {
            f.write_str(" Backward")?;
        }
        let is_bitmap = self.node_type == "Bitmap Index Scan";
        if let Some(index) = &self.index_name {
            let word = if is_bitmap { "on" } else { "using" };
            write!(f, " {word} {index}")?;
        }
        let names = [
            self.relation(),
            self.detail("CTE Name"),
            self.detail("Function Name"),
        ];
        let name = names.into_iter().flatten().next();
        match (name, self.alias()) {
            (Some(name), Some(alias)) if name != alias => write!(f, " on {name} {alias}"),
            (Some(name), _) | (None, Some(name)) => write!(f, " on {name}"),
            (None, None) => Ok(()),
        }
    }

    fn write_type(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(mode @ ("Partial" | "Finalize")) = self.detail("Partial Mode") {
            write!(f, "{mode} ")?;
        }
        match &*self.node_type {
            "ModifyTable" => f.write_str(self.detail("Operation").unwrap_or("ModifyTable")),
            "Aggregate" => f.write_str(match self.detail("Strategy") {
                Some("Sorted") => "GroupAggregate",
                Some("Hashed") => "HashAggregate",
                Some("Mixed") => "MixedAggregate",
                _ => "Aggregate",
            }),
            "SetOp" => {
                let is_hashed = self.detail("Strategy") == Some("Hashed");
                f.write_str(if is_hashed { "HashSetOp" } else { "SetOp" })?;
                let command = self.detail("Command");
                command.map_or(Ok(()), |command| write!(f, " {command}"))
            }
            other => match self.detail("Join Type") {
                Some("Inner") | None => f.write_str(other),
                // Hash Left Join, but Nested Loop Left Join.
                Some(kind) => write!(f, "{} {kind} Join", other.trim_end_matches(" Join")),
            },
        }
    }

    fn write_actual(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(rows) = self.actual_rows else {
            return Ok(());
        };
        let loops = self.loops.unwrap_or(1);
        if loops == 0 {
            return f.write_str(" (never executed)");
        }
        f.write_str(" (actual ")?;
        if let (Some(first), Some(last)) = (self.actual_startup_time, self.actual_total_time) {
            write!(
                f,
                "time={:.3}..{:.3} ",
                milliseconds(first),
                milliseconds(last)
            )?;
        }
        write!(f, "rows={rows} loops={loops})")
    }

    fn write_buffers(&self, indent: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blocks = [
            ("hit", self.shared_hit_blocks),
            ("read", self.shared_read_blocks),
        ];
        let is_some = |blocks: &Option<u64>| blocks.is_some_and(|blocks| blocks > 0);
        if !blocks.iter().any(|(_, blocks)| is_some(blocks)) {
            return Ok(());
        }
        write!(f, "\n{:indent$}Buffers: shared", "")?;
        for (name, blocks) in blocks {
            if let Some(blocks) = blocks.filter(|blocks| *blocks > 0) {
                write!(f, " {name}={blocks}")?;
            }
        }
        Ok(())
    }
}

/// Whether something is worth a line: counters of what did not happen are not.
fn is_told((name, value): &&(String, String)) -> bool {
    let is_counter = name.ends_with(" Blocks")
        || name.ends_with(" Time")
        || name.starts_with("Rows Removed")
        || name.starts_with("WAL ")
        || matches!(
            &**name,
            "Disk Usage" | "Planned Partitions" | "Subplans Removed"
        );
    !(NOT_BELOW.contains(&&**name) || value == "false" || is_counter && is_zero(value))
}

fn is_zero(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
