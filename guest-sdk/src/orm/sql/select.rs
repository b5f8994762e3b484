use super::cache::cached;
use super::equality::check_equality;
use super::shape::{Shape, address, rows_parameter};
use super::writer::Writer;
use crate::database::Statement;
use crate::orm::meta::ModelMeta;
use crate::orm::node::{LEVELS_MAX, Node};
use crate::orm::path::RelationPath;
use crate::orm::query_set::LOCK_ROWS;
use crate::orm::select::{Lock, Select};
use crate::{Error, Result};

/// What is wanted of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// All of them.
    All,
    /// The first, by the key when no ordering is given.
    First,
    /// Two at most, to see whether there is exactly one.
    Two,
    /// Whether there are any.
    Exists,
    /// How many there are.
    Count,
    /// Any of them, in a query inside another.
    Any,
}

/// The statement that answers `ask`.
pub(crate) fn select(select: &Select, ask: Ask) -> Result<Statement> {
    cached(Shape::of_select(select, ask), || {
        let mut writer = Writer::new(select.model);
        writer.select(select, ask)?;
        Ok(writer)
    })
}

/// The statement that reads nothing but aggregates.
pub(crate) fn aggregate(aggregates: &Select) -> Result<Statement> {
    let mut values = aggregates.values.iter();
    if values.any(|value| !value.node.has_aggregate()) {
        return Err(Error::invalid_query(format!(
            "`aggregate` on `{}` selects what is no aggregate; `values` takes columns too",
            aggregates.model.table
        )));
    }
    select(aggregates, Ask::All)
}

impl Ask {
    /// # Errors
    ///
    /// When rows are to be locked and none are read.
    fn refuse_lock(self, select: &Select) -> Result<()> {
        let method = match self {
            Self::All | Self::First | Self::Two => return Ok(()),
            Self::Exists | Self::Any => "exists",
            Self::Count => "count",
        };
        select.refuse_lock(method, LOCK_ROWS)
    }

    fn is_rows(self) -> bool {
        matches!(self, Self::All | Self::First | Self::Two)
    }

    pub(super) fn limit(self, select: &Select) -> Option<u64> {
        let most = match self {
            Self::All | Self::Count | Self::Any => return select.limit,
            Self::First | Self::Exists => 1,
            Self::Two => 2,
        };
        Some(select.limit.map_or(most, |limit| limit.min(most)))
    }

    /// An ordering decides which rows are in a slice, but neither whether there
    /// are any nor how many.
    fn needs_order(self, select: &Select) -> bool {
        self.is_rows() && !select.order.is_empty()
    }

    /// Whether the columns are read, because they are asked for, or because
    /// they decide which rows there are.
    fn needs_columns(self, select: &Select) -> bool {
        self.is_rows() || select.is_unique() || select.is_grouped()
    }

    /// Whether rows are counted that the query makes of the table's.
    fn counts_result(self, select: &Select) -> bool {
        let is_other = select.is_slice() || select.is_unique() || select.is_grouped();
        self == Self::Count && is_other
    }
}

impl Writer {
    pub(super) fn select(&mut self, select: &Select, ask: Ask) -> Result<()> {
        ask.refuse_lock(select)?;
        check_equality(select)?;
        self.scope.about = select.moved.map_or(RelationPath::ROOT, |rows| rows.path);
        self.join(select, ask)?;
        self.repeat_groups(select);
        if ask.counts_result(select) {
            self.push("SELECT COUNT(*) FROM (");
        }
        self.ctes(&select.ctes)?;
        self.push("SELECT ");
        self.distinct(select)?;
        match ask {
            _ if ask.needs_columns(select) => self.selected(select)?,
            Ask::Count if !ask.counts_result(select) => self.push("COUNT(*)"),
            _ => self.push("1"),
        }
        self.from()?;
        self.asked(select.asked.as_deref())?;
        self.filter(select)?;
        self.group_by(select)?;
        if ask == Ask::First && select.order.is_empty() {
            self.order_by_least(select);
        } else if ask.needs_order(select) {
            self.order(select)?;
        }
        self.rows(" LIMIT ", ask.limit(select), address(&select.limit))?;
        self.rows(" OFFSET ", select.offset, address(&select.offset))?;
        if let Some(lock) = select.lock {
            self.lock(select, lock)?;
        }
        if ask.counts_result(select) {
            self.push(") AS slice");
        }
        Ok(())
    }

    fn distinct(&mut self, select: &Select) -> Result<()> {
        if select.distinct_on.is_empty() {
            let is_distinct = select.drops_duplicates();
            self.push(if is_distinct { "DISTINCT " } else { "" });
            return Ok(());
        }
        let on = &select.distinct_on;
        let ordered = select.order.iter().take(on.len());
        if select.is_grouped() {
            return Err(first_of_groups(select.model));
        }
        for term in ordered {
            if !on.iter().any(|node| node.is_same(&term.node)) {
                return Err(not_ordered_by(select.model));
            }
        }
        self.push("DISTINCT ON (");
        self.list(&on.iter().collect::<Vec<_>>())?;
        self.push(") ");
        Ok(())
    }

    /// A query inside the one that is being written.
    pub(super) fn query(&mut self, select: &Select, ask: Ask) -> Result<()> {
        self.push("(");
        self.inside(select.model, |writer| writer.select(select, ask))?;
        self.push(")");
        Ok(())
    }

    /// Finds out which tables the query reads, which decides how its columns
    /// are written.
    fn join(&mut self, select: &Select, ask: Ask) -> Result<()> {
        self.join_conditions(&select.conditions)?;
        self.join_implied(select)?;
        if ask.needs_columns(select) {
            self.join_selected(select)?;
        }
        self.join_all(&select.distinct_on)?;
        self.join_groups(select)?;
        if ask.needs_order(select) {
            let order = &select.order;
            order
                .iter()
                .try_for_each(|term| self.join_node(&term.node))?;
        }
        let has_more = !self.scope.joins.is_empty() || select.nodes().any(Node::has_query);
        self.scope.is_qualified |= has_more || select.asked.is_some();
        Ok(())
    }

    fn join_selected(&mut self, select: &Select) -> Result<()> {
        if !select.values.is_empty() {
            let mut values = select.values.iter();
            return values.try_for_each(|value| self.join_node(&value.node));
        }
        let mut loads = select.loads.iter();
        loads.try_for_each(|path| self.scope.add_path(*path).map(drop))
    }

    /// Conditions on single rows, which know nothing of many.
    pub(super) fn join_conditions(&mut self, conditions: &[Node]) -> Result<()> {
        if conditions.iter().any(Node::has_aggregate) {
            return Err(aggregate_in_filter(self.scope.root));
        }
        if conditions.iter().any(Node::has_window) {
            return Err(window_in_condition(self.scope.root));
        }
        self.join_all(conditions)
    }

    /// What decides which groups there are, before any window is.
    fn join_groups(&mut self, select: &Select) -> Result<()> {
        if select
            .group
            .iter()
            .chain(&select.having)
            .any(Node::has_window)
        {
            return Err(window_in_condition(self.scope.root));
        }
        self.join_all(&select.group)?;
        self.join_all(&select.having)
    }

    fn join_all(&mut self, nodes: &[Node]) -> Result<()> {
        nodes.iter().try_for_each(|node| self.join_node(node))
    }

    pub(super) fn join_node(&mut self, node: &Node) -> Result<()> {
        if node.is_deeper_than(LEVELS_MAX) {
            return Err(too_deep());
        }
        let mut columns = Vec::new();
        node.collect_columns(&mut columns);
        columns
            .into_iter()
            .try_for_each(|column| self.scope.add_column(column))
    }

    /// The values; without any the columns of the model, then those of the
    /// relations to load.
    fn selected(&mut self, select: &Select) -> Result<()> {
        if !select.values.is_empty() {
            return self.values(&select.values);
        }
        self.columns(0, select.model);
        for (path, model) in select.related().models(select.model) {
            let table = self.scope.add_path(path)?;
            self.push(", ");
            self.columns(table, model);
        }
        Ok(())
    }

    pub(super) fn from(&mut self) -> Result<()> {
        self.push(" FROM ");
        self.table(self.scope.root.table, 0);
        (1..=self.scope.joins.len()).try_for_each(|number| self.join_table(number))
    }

    fn join_table(&mut self, number: usize) -> Result<()> {
        let join = &self.scope.joins[number - 1];
        let (model, from, column) = (join.model, join.from, join.column);
        let variant = join.variant;
        self.push(" LEFT JOIN ");
        self.table(model.table, number);
        self.push(" ON ");
        self.column(number, model.key_column());
        self.push(" = ");
        self.column(from, column);
        self.and_variant(number, variant)
    }

    /// Locks the rows of the query's own table, for those joined to it may be
    /// missing.
    fn lock(&mut self, select: &Select, lock: Lock) -> Result<()> {
        if select.is_unique() || select.is_grouped() {
            return Err(not_lockable(select.model, lock));
        }
        self.push(" FOR UPDATE");
        if !self.scope.joins.is_empty() {
            self.push(" OF ");
            self.alias(self.scope.first);
        }
        self.push(match lock {
            Lock::Wait => "",
            Lock::NoWait => " NOWAIT",
            Lock::SkipLocked => " SKIP LOCKED",
        });
        Ok(())
    }

    pub(super) fn slice(&mut self, limit: Option<u64>, offset: Option<u64>) -> Result<()> {
        self.rows(" LIMIT ", limit, 0)?;
        self.rows(" OFFSET ", offset, 0)
    }

    fn rows(&mut self, word: &str, rows: Option<u64>, source: usize) -> Result<()> {
        let Some(rows) = rows else {
            return Ok(());
        };
        self.push(word);
        self.sources.push(source);
        let number = self.parameters.push(&rows_parameter(rows))?;
        self.parameter(number);
        Ok(())
    }
}

pub(super) fn too_deep() -> Error {
    Error::invalid_query(format!(
        "a condition nests more than {LEVELS_MAX} levels; \
         put its parts side by side with `Q::all` or `Q::any`"
    ))
}

fn first_of_groups(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "`distinct_on` on `{}` keeps rows, and these `values` are groups; leave out the \
         aggregates, or compute them with `aggregate`, over the rows that are kept",
        model.table
    ))
}

fn not_ordered_by(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "`distinct_on` on `{}` keeps the first of the rows that agree; \
         order by what they agree in before anything else",
        model.table
    ))
}

fn not_lockable(model: &ModelMeta, lock: Lock) -> Error {
    let (lock, table) = (lock.method(), model.table);
    Error::invalid_query(format!(
        "`{lock}` on `{table}` cannot lock groups or distinct `values`; \
         lock the rows by their keys"
    ))
}

fn aggregate_in_filter(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "a filter of `{}` is on an aggregate, which single rows do not have; \
         use `.values(…).having(…)`",
        model.table
    ))
}

pub(super) fn window_in_condition(model: &ModelMeta) -> Error {
    Error::invalid_query(format!(
        "a condition, a group or a change of `{}` is on a window function, which is computed \
         after the rows are chosen; select it with `.values(…)` in a `Cte`, \
         and filter by what that holds",
        model.table
    ))
}
