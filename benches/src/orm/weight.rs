//! How many bytes a model adds to a plugin's file.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use plinth_host::dev::build::{PluginCrate, Profile};
use plinth_host::progress::Progress;

use crate::plugins;
use crate::report::Table;

/// How many models more the larger of the two plugins has.
const MODELS: u64 = 10;

/// What a model of ten fields may add where its rows are read.
const LIMIT_BYTES: u64 = 6_000;

/// Which of the uses has the limit.
const LISTED: usize = 1;

/// What a model's handler does, each besides what stands above it, and the
/// model's share of a plugin that does so.
const USES: [(&str, &str); 4] = [
    ("only declared", ""),
    ("listed, by a handler of its own", LIST),
    ("and inserted", INSERT),
    ("and saved", SAVE),
];

/// Bytes of a handler that does nothing with its model, and for each of the
/// uses.
pub(super) struct Weight {
    handler: u64,
    uses: Vec<(&'static str, u64)>,
}

pub(super) async fn measure(progress: &Progress) -> Result<Weight> {
    let folder = tempfile::tempdir()?;
    let idle = per_model(folder.path(), IDLE, progress).await?;
    let (mut body, mut uses) = (String::new(), Vec::new());
    for (name, statements) in USES {
        body.push_str(statements);
        uses.push((name, per_model(folder.path(), &body, progress).await?));
    }
    let declared = uses.first().map_or(0, |(_, bytes)| *bytes);
    let handler = idle.saturating_sub(declared);
    Ok(Weight { handler, uses })
}

async fn per_model(folder: &Path, body: &str, progress: &Progress) -> Result<u64> {
    let few = size(folder, 1, body, progress).await?;
    let many = size(folder, 1 + MODELS, body, progress).await?;
    Ok((many - few) / MODELS)
}

/// The size of a plugin with so many models.
async fn size(folder: &Path, models: u64, body: &str, progress: &Progress) -> Result<u64> {
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), manifest()?)?;
    fs::write(folder.join("src/lib.rs"), source(models, body)?)?;
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

fn source(models: u64, body: &str) -> Result<String> {
    let mut source = String::from("#![allow(dead_code)]\nuse plinth::prelude::*;\n");
    let (mut names, mut routes) = (Vec::new(), Vec::new());
    for number in 0..models {
        let handler = HANDLER.replace("BODY", body);
        let text = match body {
            "" => MODEL.to_owned(),
            _ => format!("{MODEL}{handler}"),
        };
        source.push_str(&text.replace("NUMBER", &number.to_string()));
        names.push(format!("Model{number}"));
        routes.push(format!("handler{number}"));
    }
    let (names, routes) = (names.join(", "), routes.join(", "));
    let routes = if body.is_empty() {
        String::new()
    } else {
        format!(", routes: [{routes}]")
    };
    writeln!(source, "plinth::plugin! {{ models: [{names}]{routes} }}")?;
    Ok(source)
}

/// A model of ten fields of as many kinds as a usual one has.
const MODEL: &str = r#"
#[derive(Model)]
#[model(table = "models_NUMBER")]
pub struct ModelNUMBER {
    #[model(key, auto)]
    pub id: i64,
    pub title: String,
    #[model(unique)]
    pub slug: String,
    pub text: Option<String>,
    #[model(default = 0)]
    pub score: i32,
    pub price: Decimal,
    #[model(default = false)]
    pub published: bool,
    pub owner: Option<ForeignKey<ModelNUMBER>>,
    #[model(default = now)]
    pub created_at: Timestamp,
    #[model(auto_now)]
    pub updated_at: Timestamp,
}
"#;

const HANDLER: &str = r#"
#[post("/models-NUMBER/{id}")]
fn handlerNUMBER(id: i64, db: Db) -> Result<NoContent> {
    BODY
    Ok(NoContent)
}
"#;

const IDLE: &str = r#"
    let _ = db;
    log::info!("{id}");"#;

const LIST: &str = "
    let rows = ModelNUMBER::objects().filter(ModelNUMBER::score.gt(1) & ModelNUMBER::id.ne(id));
    log::info!(\"{}\", rows.order_by([ModelNUMBER::title.asc()]).all(&db)?.len());";

const INSERT: &str = "
    let row = create!(ModelNUMBER { title: \"a\", slug: \"b\", price: 1_i64 }).insert(&db)?;
    log::info!(\"{}\", row.id);";

const SAVE: &str = "
    let mut row = row.edit();
    row.score = 7;
    row.save(&db)?;";

impl Weight {
    pub(super) fn print(&self) {
        let mut table = Table::new(&["a model of ten fields", "bytes"]);
        table.row(&["a handler alone".to_owned(), self.handler.to_string()]);
        for (name, bytes) in &self.uses {
            table.row(&[(*name).to_owned(), bytes.to_string()]);
        }
        table.print(&format!(
            "What a model adds to a plugin's file, with its handler: the difference between plugins \
             with 1 and with {} of them, by {MODELS}. Limit: {LIMIT_BYTES} where it is listed, its handler apart.",
            1 + MODELS
        ));
    }

    pub(super) fn check(&self) -> Result<()> {
        let listed = self.uses.get(LISTED).map_or(0, |(_, bytes)| *bytes);
        let model = listed.saturating_sub(self.handler);
        if model > LIMIT_BYTES {
            bail!("a model that is listed adds {model} bytes, the limit is {LIMIT_BYTES}");
        }
        Ok(())
    }
}
