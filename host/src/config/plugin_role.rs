//! The Postgres roles and the schema of a plugin: their names.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use super::{Config, PluginConfig};

/// Postgres cuts longer names off.
const NAME_BYTES_MAX: usize = 63;

/// Schemas that are somebody else's: Postgres', the host's notes', that of the
/// extensions.
const SCHEMAS_TAKEN: [&str; 4] = ["public", "information_schema", "plinth", "extensions"];

/// What Postgres takes for something else than a role.
const ROLES_TAKEN: [&str; 2] = ["public", "none"];

impl PluginConfig {
    /// The role that a plugin of this name connects as: `plinth_` and the name,
    /// unless `database_role` says otherwise.
    pub fn role(&self, name: &str) -> String {
        let given = self.database_role.clone();
        given.unwrap_or_else(|| format!("plinth_{name}"))
    }

    /// The role that owns the plugin's tables, and that the plugin never is.
    pub fn owner_role(&self, name: &str) -> String {
        format!("{}_owner", self.role(name))
    }

    /// The database that the plugin means by a name: one of its list, where
    /// `default` is the first unless one is called that.
    pub fn database_called(&self, name: &str) -> Option<&str> {
        let mut listed = self.databases.iter().map(String::as_str);
        let first = listed.clone().next();
        listed
            .find(|listed| *listed == name)
            .or(first.filter(|_| name == super::DEFAULT_DATABASE))
    }
}

/// Checks that every plugin can have roles and a schema that are its own.
pub(super) fn check(config: &Config) -> Result<()> {
    let mut roles: BTreeMap<String, &str> = BTreeMap::new();
    for (name, plugin) in &config.plugins {
        let has_own = |database: &String| {
            let settings = config.databases.get(database);
            settings.is_some_and(|settings| !settings.shared_role)
        };
        if !plugin.databases.iter().any(has_own) {
            continue;
        }
        check_names(name, plugin).with_context(|| format!("plugins.{name}"))?;
        for role in [plugin.role(name), plugin.owner_role(name)] {
            if let Some(other) = roles.insert(role.clone(), name) {
                bail!(
                    "plugins.{other} and plugins.{name} would both be the role {role:?} in Postgres: \
                     give one of them another database_role"
                );
            }
        }
    }
    Ok(())
}

fn check_names(name: &str, plugin: &PluginConfig) -> Result<()> {
    let (role, owner) = (plugin.role(name), plugin.owner_role(name));
    let is_odd = |name: &str| name.is_empty() || name.contains(char::is_control);
    if name.len() > NAME_BYTES_MAX || is_odd(name) {
        bail!(
            "its name is that of its schema too, which has 1 to {NAME_BYTES_MAX} bytes and no control characters"
        );
    }
    if SCHEMAS_TAKEN.contains(&name) || name.starts_with("pg_") {
        bail!("its name is that of its schema too, and {name:?} is taken: name it otherwise");
    }
    if owner.len() > NAME_BYTES_MAX {
        bail!(
            "the role {owner:?} has {} bytes, and Postgres takes {NAME_BYTES_MAX}: give it a shorter database_role",
            owner.len()
        );
    }
    if is_odd(&role) || ROLES_TAKEN.contains(&role.as_str()) || role.starts_with("pg_") {
        bail!("database_role = {role:?} is no name for a role");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(plugins: &str) -> Result<Config> {
        Config::parse(&format!("[databases.d]\nurl = 'host=x'\n{plugins}"))
    }

    fn plugin(name: &str, more: &str) -> String {
        format!("[plugins.{name:?}]\ncomponent = 'a'\ndatabases = ['d']\n{more}\n")
    }

    fn refusal(plugins: &str) -> String {
        format!("{:#}", parse(plugins).expect_err("must be refused"))
    }

    #[test]
    fn a_plugins_role_is_called_after_it() {
        let plugins = plugin("my shop", "") + &plugin("b", "database_role = 'app_b'");
        let config = parse(&plugins).expect("valid");
        let role = |name: &str| config.plugins[name].role(name);
        assert_eq!([role("my shop"), role("b")], ["plinth_my shop", "app_b"]);
        assert_eq!(config.plugins["b"].owner_role("b"), "app_b_owner");
    }

    #[test]
    fn two_plugins_are_never_one_role() {
        let text = refusal(&(plugin("a", "database_role = 'plinth_b'") + &plugin("b", "")));
        assert!(text.contains("plugins.a and plugins.b"), "{text}");
        // The one's role would own the other's tables.
        let text = refusal(&(plugin("shop", "") + &plugin("shop_owner", "")));
        assert!(text.contains("plinth_shop_owner"), "{text}");
        let shared = "[databases.s]\nurl = 'host=y'\nshared_role = true\n";
        let one = |name| plugin(name, "database_role = 'r'").replace("'d'", "'s'");
        parse(&format!("{shared}{}{}", one("a"), one("b"))).expect("one role on purpose");
    }

    #[test]
    fn names_that_postgres_would_cut_are_refused() {
        let longest = "x".repeat(50);
        parse(&plugin(&longest, "")).expect("fits");
        let text = refusal(&plugin(&(longest.clone() + "y"), ""));
        assert!(
            text.contains("64 bytes") && text.contains("database_role"),
            "{text}"
        );
        parse(&plugin(&(longest + "y"), "database_role = 'short'")).expect("fits");
        refusal(&plugin(&"x".repeat(64), "database_role = 'short'"));
    }

    #[test]
    fn names_of_others_are_refused() {
        for name in [
            "public",
            "pg_catalog",
            "information_schema",
            "plinth",
            "extensions",
            "",
            "a\nb",
        ] {
            refusal(&plugin(name, ""));
        }
        for role in ["public", "none", "pg_read_all_data", ""] {
            refusal(&plugin("a", &format!("database_role = '{role}'")));
        }
    }

    #[test]
    fn the_default_database_is_the_first_unless_one_is_called_that() {
        let called = |databases: &[&str], name| {
            let mut plugin = PluginConfig::new("");
            plugin.databases = databases.iter().map(ToString::to_string).collect();
            plugin.database_called(name).map(str::to_owned)
        };
        assert_eq!(
            called(&["a", "default"], "default").as_deref(),
            Some("default")
        );
        assert_eq!(called(&["a", "b"], "default").as_deref(), Some("a"));
        assert_eq!(called(&["a", "b"], "b").as_deref(), Some("b"));
        assert_eq!(called(&["a"], "b"), None);
        assert_eq!(called(&[], "default"), None);
    }
}
