use super::foreign_key::ForeignKey;
use super::meta::ModelMeta;
use super::model::Model;
use super::path::RelationPath;
use super::row_reader::RowReader;
use super::value::Value;
use crate::Result;

/// The relations that a query loads with its rows, as a tree.
#[derive(Clone, Debug, Default)]
pub struct Related {
    /// Ordered by the relation's index, which is the order of the columns.
    branches: Vec<(usize, Related)>,
}

impl Related {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.branches.is_empty()
    }

    pub(crate) fn of(paths: &[RelationPath]) -> Self {
        let mut tree = Self::default();
        for path in paths {
            path.hops()
                .fold(&mut tree, |tree, hop| tree.branch_mut(hop));
        }
        tree
    }

    /// The relations' paths and models, in the order of the columns.
    pub(crate) fn models(
        &self,
        root: &'static ModelMeta,
    ) -> Vec<(RelationPath, &'static ModelMeta)> {
        let mut models = Vec::new();
        self.collect(RelationPath::ROOT, root, &mut models);
        models
    }

    fn collect(
        &self,
        path: RelationPath,
        model: &'static ModelMeta,
        models: &mut Vec<(RelationPath, &'static ModelMeta)>,
    ) {
        for (relation, nested) in &self.branches {
            let (Some(meta), Ok(hop)) = (model.relations.get(*relation), u8::try_from(*relation))
            else {
                continue;
            };
            let (path, target) = (path.then(hop), (meta.target)());
            models.push((path, target));
            nested.collect(path, target, models);
        }
    }

    fn branch_mut(&mut self, relation: usize) -> &mut Related {
        let found = self
            .branches
            .binary_search_by_key(&relation, |branch| branch.0);
        let at = found.unwrap_or_else(|at| {
            self.branches.insert(at, (relation, Related::default()));
            at
        });
        &mut self.branches[at].1
    }

    fn branch(&self, relation: usize) -> Option<&Related> {
        let branch = self.branches.iter().find(|branch| branch.0 == relation)?;
        Some(&branch.1)
    }

    /// How many columns `model` and the tree below it have.
    fn width_with(&self, model: &'static ModelMeta) -> usize {
        let below = self.models(model);
        let below = below.iter().map(|(_, target)| target.columns.len());
        model.columns.len() + below.sum::<usize>()
    }
}

/// A field that a query can load the row of.
#[doc(hidden)]
pub trait RelatedField {
    /// Tells the field which relation of which model it is, and reads the row
    /// from the columns that follow if the query loads it.
    ///
    /// # Errors
    ///
    /// When a value does not fit its field.
    fn load(
        &mut self,
        model: &'static ModelMeta,
        relation: usize,
        related: &Related,
        row: &mut RowReader<'_>,
    ) -> Result<()>;

    /// Takes over the row that was loaded before, if the key is what it was.
    fn keep(&mut self, before: &mut Self);
}

impl<T: Model> RelatedField for ForeignKey<T> {
    fn load(
        &mut self,
        model: &'static ModelMeta,
        relation: usize,
        related: &Related,
        row: &mut RowReader<'_>,
    ) -> Result<()> {
        self.set_field(&model.relations[relation]);
        let Some(nested) = related.branch(relation) else {
            return Ok(());
        };
        if row.is_null_after(T::META.key)? {
            self.set_missing();
            return row.skip(nested.width_with(T::META));
        }
        self.set_row(T::decode(row, nested)?);
        Ok(())
    }

    fn keep(&mut self, before: &mut Self) {
        // By bytes, whatever the type: of an equal key that is written otherwise
        // the row is loaded anew, which is never the wrong one.
        if Value::new(self.key()).is_same(&Value::new(before.key())) {
            self.take_row(before);
        }
    }
}

impl<T: Model> RelatedField for Option<ForeignKey<T>> {
    fn load(
        &mut self,
        model: &'static ModelMeta,
        relation: usize,
        related: &Related,
        row: &mut RowReader<'_>,
    ) -> Result<()> {
        match (self, related.branch(relation)) {
            (Some(field), _) => field.load(model, relation, related, row),
            (None, Some(nested)) => row.skip(nested.width_with(T::META)),
            (None, None) => Ok(()),
        }
    }

    fn keep(&mut self, before: &mut Self) {
        if let (Some(field), Some(before)) = (self, before) {
            field.keep(before);
        }
    }
}
