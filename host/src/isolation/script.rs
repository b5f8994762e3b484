//! The statements as text, for an administrator who gives nobody the rights to
//! run them.

use super::PluginSchema;
use super::step::{Step, unused_tag};
use super::steps;
use crate::capability::database::{quote_identifier, search_path};

/// Everything that plugins need in one database, as a script for `psql` that
/// may run any number of times: each plugin with the statements that create
/// its tables.
pub fn script(database: &str, plugins: &[(PluginSchema, Vec<String>)]) -> String {
    let mut text = format!(
        "-- Roles, schemas, rights and tables of Plinth's plugins in database {}.\n\
         -- For a superuser, connected to that database: psql --single-transaction -v ON_ERROR_STOP=1 -f FILE\n",
        one_line(database)
    );
    append(&mut text, &steps::of_database(database));
    for (plugin, ddl) in plugins {
        text += &format!("\n-- Plugin {}.\n", one_line(&plugin.plugin));
        append(&mut text, &steps::of_plugin(database, plugin));
        if plugin.password.is_some() {
            text += &format!(
                "-- Then set its password: \\password {}\n",
                one_line(&quote_identifier(&plugin.role))
            );
        }
        append_tables(&mut text, plugin, ddl);
    }
    text
}

fn append(text: &mut String, steps: &[Step]) {
    for step in steps {
        *text += &step.repeatable();
        *text += ";\n";
    }
}

fn append_tables(text: &mut String, plugin: &PluginSchema, ddl: &[String]) {
    let (owner, path) = (quote_identifier(&plugin.owner), search_path(&plugin.schema));
    *text += &format!("SET ROLE {owner};\nSET search_path = {path};\n");
    append(text, &steps::of_tables_to_come(plugin));
    if !ddl.is_empty() {
        *text += "-- The plugin's own statements. SET ROLE holds nobody who wants out: read them first.\n";
    }
    for sql in ddl {
        // In quotes, because psql would run a command that begins a line of them.
        let tag = unused_tag(sql);
        *text += &format!("DO {tag} BEGIN\n{sql};\nEND {tag};\n");
    }
    *text += "RESET search_path;\nRESET ROLE;\n";
}

/// For a comment, which ends with its line.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{PluginConfig, Secret};

    fn of(name: &str, ddl: &str) -> String {
        let mut config = PluginConfig::new("");
        config.database_password = Some(Secret::new("hunter2"));
        script(
            "shop",
            &[(PluginSchema::new(name, &config), vec![ddl.to_owned()])],
        )
    }

    #[test]
    fn a_password_is_not_in_it() {
        let text = of("blog", "CREATE TABLE notes ()");
        assert!(
            !text.contains("hunter2") && !text.contains("SCRAM"),
            "{text}"
        );
        assert!(text.contains(r#"\password "plinth_blog""#), "{text}");
    }

    #[test]
    fn no_statement_of_a_plugin_begins_a_line_for_psql() {
        let text = of("blog", "x\n\\! echo gone\n$migrate$;\n\\! echo gone");
        let mut quoted = None::<String>;
        for line in text.lines() {
            let tag = line
                .strip_prefix("DO ")
                .and_then(|rest| rest.split(' ').next());
            match (&quoted, tag) {
                (None, Some(tag)) => quoted = Some(tag.to_owned()),
                (Some(tag), _) if line == format!("END {tag};") => quoted = None,
                (Some(_), _) => {}
                (None, None) => assert!(!line.starts_with('\\'), "{line}: {text}"),
            }
        }
        assert_eq!(quoted, None);
    }
}
