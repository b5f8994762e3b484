//! How many bytes a model adds to a plugin's file.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use plinth_host::dev::build::{PluginCrate, Profile};
use plinth_host::progress::Progress;

use crate::plugins;
use crate::report::Table;

/// How many handlers both plugins have.
const HANDLERS: u64 = 11;

/// What a model of ten fields may add, whatever is done with it.
const LIMIT_BYTES: u64 = 6_000;

/// What is done with a model, each besides what stands above it.
const USES: [(&str, &str); 4] = [
    ("only declared", ""),
    ("its rows read", LIST),
    ("and inserted", INSERT),
    ("and saved", SAVE),
];

/// Bytes for each of the uses.
pub(super) struct Weight(Vec<(&'static str, u64)>);

pub(super) async fn measure(progress: &Progress) -> Result<Weight> {
    let folder = tempfile::tempdir()?;
    let (mut body, mut uses) = (String::new(), Vec::new());
    for (name, statements) in USES {
        body.push_str(statements);
        uses.push((name, per_model(folder.path(), &body, progress).await?));
    }
    Ok(Weight(uses))
}

/// Between handlers that all use one model and as many that use one each: what
/// is left is the models, and not the handlers.
async fn per_model(folder: &Path, body: &str, progress: &Progress) -> Result<u64> {
    let few = size(folder, 1, body, progress).await?;
    let many = size(folder, HANDLERS, body, progress).await?;
    Ok(many.saturating_sub(few) / (HANDLERS - 1))
}

/// The size of a plugin with so many models.
async fn size(folder: &Path, models: u64, body: &str, progress: &Progress) -> Result<u64> {
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), manifest()?)?;
    fs::write(folder.join("src/lib.rs"), source(models, body))?;
    let plugin = PluginCrate::open(folder).await?;
    let built = plugin.build(Profile::Release, progress).await?;
    Ok(fs::metadata(built.component)?.len())
}

fn manifest() -> Result<String> {
    let sdk = plugins::workspace().join("guest-sdk").canonicalize()?;
    Ok(format!(
        "[package]\nname = \"weight\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [lib]\ncrate-type = [\"cdylib\"]\n\n\
         [dependencies]\nplinth-sdk = {{ path = {sdk:?} }}\n\n[workspace]\n"
    ))
}

fn source(models: u64, body: &str) -> String {
    let mut source = String::from("#![allow(dead_code)]\nuse plinth::prelude::*;\n");
    let (mut names, mut routes) = (Vec::new(), Vec::new());
    for number in 0..models {
        source.push_str(&model(number));
        names.push(format!("Model{number}"));
    }
    for number in 0..HANDLERS {
        let handler = HANDLER.replace("BODY", body);
        let handler = handler.replace(
            "MODEL",
            &names[usize::try_from(number % models).unwrap_or(0)],
        );
        source.push_str(&handler.replace("NUMBER", &number.to_string()));
        routes.push(format!("handler{number}"));
    }
    let (names, routes) = (names.join(", "), routes.join(", "));
    source.push_str(&format!(
        "plinth::plugin! {{ models: [{names}], routes: [{routes}] }}\n"
    ));
    source
}

/// Ten fields, of as many kinds as a usual model has.
const FIELDS: [&str; 10] = [
    "#[model(key, auto)] pub id: i64,",
    "pub title: String,",
    "#[model(unique)] pub slug: String,",
    "pub text: Option<String>,",
    "#[model(default = 0)] pub score: i32,",
    "pub price: Decimal,",
    "#[model(default = false)] pub published: bool,",
    "pub owner: Option<ForeignKey<ModelNUMBER>>,",
    "#[model(default = now)] pub created_at: Timestamp,",
    "#[model(auto_now)] pub updated_at: Timestamp,",
];

/// A model with the fields in another order than the one before, so that the
/// linker does not make one function of those of two.
fn model(number: u64) -> String {
    let mut fields = FIELDS;
    fields.rotate_left(usize::try_from(number).unwrap_or(0) % FIELDS.len());
    let fields = fields.join("\n    ");
    let model = format!(
        "#[derive(Model)]\n#[model(table = \"models_NUMBER\")]\n\
         pub struct ModelNUMBER {{\n    {fields}\n}}\n"
    );
    model.replace("NUMBER", &number.to_string())
}

/// A handler whose code is not that of another.
const HANDLER: &str = r#"
#[post("/handlers-NUMBER/{id}")]
fn handlerNUMBER(id: i64, db: Db) -> Result<NoContent> {
    log::info!("NUMBER: {id} in {}", db.name());
    BODY
    Ok(NoContent)
}
"#;

const LIST: &str = "
    let rows = MODEL::objects().filter(MODEL::score.gt(NUMBER) & MODEL::id.ne(id));
    log::info!(\"{}\", rows.order_by([MODEL::title.asc()]).all(&db)?.len());";

const INSERT: &str = "
    let row = create!(MODEL { title: \"NUMBER\", slug: \"b\", price: 1_i64 }).insert(&db)?;
    log::info!(\"{}\", row.id);";

const SAVE: &str = "
    let mut row = row.edit();
    row.score = NUMBER;
    row.save(&db)?;";

impl Weight {
    pub(super) fn print(&self) {
        let mut table = Table::new(&["a model of ten fields", "bytes", "limit"]);
        for (name, bytes) in &self.0 {
            table.row(&[
                (*name).to_owned(),
                bytes.to_string(),
                LIMIT_BYTES.to_string(),
            ]);
        }
        table.print(&format!(
            "What a model adds to a plugin's file: the difference between {HANDLERS} handlers that use \
             one model and as many that use one each, divided by the models more."
        ));
    }

    pub(super) fn check(&self) -> Result<()> {
        match self.0.iter().find(|(_, bytes)| *bytes > LIMIT_BYTES) {
            Some((name, bytes)) => {
                bail!("a model, {name}, adds {bytes} bytes, the limit is {LIMIT_BYTES}")
            }
            None => Ok(()),
        }
    }
}
