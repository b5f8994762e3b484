//! `plinth new`: a plugin that builds and serves at once.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Makes a new plugin that builds and serves at once.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder to make; its last part is the name of the plugin.
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// The folder of the SDK's crate, instead of the one this program was built
    /// beside or, where that is gone, the published one.
    #[arg(long, value_name = "FOLDER")]
    sdk: Option<PathBuf>,
}

/// The files of a new plugin; `{name}`, `{file}` and `{sdk}` are filled in.
const FILES: [(&str, &str); 4] = [
    ("Cargo.toml", include_str!("new/Cargo.toml.template")),
    ("plinth.toml", include_str!("new/plinth.toml.template")),
    (".gitignore", include_str!("new/gitignore.template")),
    ("src/lib.rs", include_str!("new/lib.rs.template")),
];

pub(super) fn run(args: &Args) -> Result<()> {
    let name = args
        .folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    check_name(name)?;
    if args.folder.exists() {
        bail!(
            "{} exists already; choose another name or remove it",
            args.folder.display()
        );
    }
    let sdk = sdk(args.sdk.as_deref())?;
    // What cargo calls the file that it builds.
    let file = name.replace('-', "_");
    for (path, template) in FILES {
        let text = template
            .replace("{name}", name)
            .replace("{file}", &file)
            .replace("{sdk}", &sdk);
        write(&args.folder.join(path), &text)?;
    }
    let folder = args.folder.display();
    println!(
        "Made {folder}. Serve it with\n\n    {} dev {folder}\n",
        program()
    );
    Ok(())
}

/// How the person who typed this command runs the program.
fn program() -> &'static str {
    // Cargo tells its name to what it runs.
    if std::env::var_os("CARGO").is_some() {
        "cargo run --"
    } else {
        "plinth"
    }
}

/// A package name that is also a database's and a plugin's.
fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(plain) {
        bail!(
            "{name:?} can't be a plugin's name: use lower-case letters, digits, - and _, a letter first"
        );
    }
    if name.len() > 60 {
        bail!("{name:?} is too long for a plugin's name: 60 letters at most");
    }
    Ok(())
}

/// How the new plugin's Cargo.toml refers to the SDK.
fn sdk(given: Option<&Path>) -> Result<String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk");
    let folder = match given {
        Some(folder) if !folder.join("Cargo.toml").is_file() => {
            bail!(
                "{} is not the folder of the SDK: it has no Cargo.toml",
                folder.display()
            )
        }
        Some(folder) => folder,
        None if beside.join("Cargo.toml").is_file() => &beside,
        None => return Ok(format!("version = {:?}", env!("CARGO_PKG_VERSION"))),
    };
    Ok(format!(
        "path = {:?}",
        folder.canonicalize()?.display().to_string()
    ))
}

fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for name in ["blog", "my-blog2", "a_b"] {
            check_name(name).expect("a good name");
        }
        for name in [
            "",
            "Blog",
            "2blog",
            "my blog",
            "blög",
            "-a",
            &"x".repeat(61),
        ] {
            check_name(name).expect_err("a bad name");
        }
    }
}
