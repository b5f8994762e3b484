//! The models whose rows one table holds.

use crate::orm::meta::{ColumnMeta, ModelMeta, VariantMeta};

/// A table: its model, and the variants that share it.
pub(super) struct SharedTable {
    pub(super) base: &'static ModelMeta,
    pub(super) variants: Vec<&'static ModelMeta>,
}

/// Adds the models that variants are variants of.
pub(super) fn add_parents(models: &mut Vec<&'static ModelMeta>) {
    let parents = models.iter().filter_map(|model| model.variant);
    for VariantMeta { parent, .. } in parents.collect::<Vec<_>>() {
        if models.iter().all(|model| model.model != parent.model) {
            models.push(parent);
        }
    }
}

impl SharedTable {
    /// The table of a name; none of its models is there twice.
    pub(super) fn of(table: &str, models: &[&'static ModelMeta]) -> Option<Self> {
        let models = models.iter().filter(|model| model.table == table);
        let (variants, others): (Vec<_>, Vec<_>) =
            models.copied().partition(|model| model.variant.is_some());
        let mut shared = Self {
            base: others.first()?,
            variants: Vec::new(),
        };
        for variant in variants {
            let mut known = shared.variants.iter();
            if known.all(|other| other.model != variant.model) {
                shared.variants.push(variant);
            }
        }
        Some(shared)
    }

    pub(super) fn models(&self) -> impl Iterator<Item = &'static ModelMeta> {
        [self.base].into_iter().chain(self.variants.iter().copied())
    }

    /// The columns, each once. Those of variants can be NULL, because the rows
    /// of others have none.
    pub(super) fn columns(&self) -> Vec<ColumnMeta> {
        let mut columns: Vec<_> = columns_of(self.base).collect();
        for variant in &self.variants {
            for column in columns_of(variant) {
                if columns.iter().all(|known| known.name != column.name) {
                    columns.push(ColumnMeta {
                        nullable: true,
                        ..column
                    });
                }
            }
        }
        columns
    }

    /// The columns that rows of a variant must have and others have not.
    pub(super) fn required_of_variants(
        &self,
    ) -> impl Iterator<Item = (VariantMeta, &'static ColumnMeta)> {
        self.variants.iter().flat_map(|model| {
            let own = model.columns.iter().filter(|column| {
                let mut shared = self.base.columns.iter();
                !column.nullable && shared.all(|other| other.name != column.name)
            });
            own.filter_map(|column| Some((model.variant?, column)))
        })
    }
}

/// A model's columns, foreign keys with what the keys they point to have.
fn columns_of(model: &'static ModelMeta) -> impl Iterator<Item = ColumnMeta> {
    let columns = model.columns.iter().enumerate();
    columns.map(|(index, column)| ColumnMeta {
        text_equality: model.text_equality(index),
        ..*column
    })
}
