//! Trees: rows that refer to rows of their own table.

use super::model::Model;
use super::node::{ColumnRef, Node, Op};
use super::path::Relation;
use super::query_set::QuerySet;

impl<M: Model> QuerySet<M> {
    /// The rows with all that refer to them over a foreign key to the model
    /// itself, and all that refer to those, and so on: a recursive query.
    ///
    /// ```
    /// # use plinth::prelude::*;
    /// # #[derive(Model)]
    /// # #[model(table = "comments")]
    /// # pub struct Comment {
    /// #     #[model(key, auto)] pub id: i64, pub parent: Option<ForeignKey<Comment>>
    /// # }
    /// let thread = Comment::objects()
    ///     .filter(Comment::id.eq(7))
    ///     .with_descendants(Comment::parent())
    ///     .order_by([Comment::id.asc()]);
    /// assert_eq!(
    ///     thread.to_sql()?.sql(),
    ///     "SELECT t0.\"id\", t0.\"parent_id\" FROM \"comments\" AS t0 WHERE t0.\"id\" IN (\
    ///      WITH RECURSIVE \"Tree\" (key) AS (\
    ///      (SELECT t1.\"id\" FROM \"comments\" AS t1 WHERE t1.\"id\" = $1) UNION \
    ///      SELECT node.\"id\" FROM \"comments\" AS node \
    ///      JOIN \"Tree\" ON node.\"parent_id\" = \"Tree\".key) \
    ///      SELECT key FROM \"Tree\") ORDER BY t0.\"id\" ASC"
    /// );
    /// # Ok::<(), plinth::Error>(())
    /// ```
    ///
    /// Each row comes once, also where rows refer to each other in a circle.
    /// What is filtered afterwards is filtered from them all.
    pub fn with_descendants(self, parent: M::Path<M>) -> Self {
        self.tree(parent, false)
    }

    /// The rows with all that they refer to over a foreign key to the model
    /// itself, and all that those refer to, and so on; see
    /// [`with_descendants`](Self::with_descendants).
    pub fn with_ancestors(self, parent: M::Path<M>) -> Self {
        self.tree(parent, true)
    }

    fn tree(self, parent: M::Path<M>, is_up: bool) -> Self {
        let path = parent.path();
        let start = self.as_select().keys();
        let key = Node::Column(ColumnRef::key(M::META));
        let operands = vec![key, Node::Query(Box::new(start))];
        self.with_conditions(vec![Node::op(Op::InTree { path, is_up }, operands)])
    }
}
