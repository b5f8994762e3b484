//! As whom a plugin connects to a database.

use crate::config::Secret;

/// As whom a plugin connects to a database, and in which schema its names are.
#[derive(Clone, Debug)]
pub enum Login {
    /// As the role in the database's URL, which all plugins share: no isolation.
    Shared,
    /// As a role of the plugin's own, in a schema of its own.
    Own {
        /// The role.
        role: String,
        /// Its password, where the server asks for one.
        password: Option<Secret>,
        /// The schema that holds the plugin's tables.
        schema: String,
    },
}

/// Where the extensions are that plugins may use.
pub const EXTENSIONS_SCHEMA: &str = "extensions";

impl Login {
    /// Makes a connection be this login's. Of what the URL says, the server and
    /// the database stay; its role and password do not.
    pub(crate) fn apply(&self, config: &mut tokio_postgres::Config) {
        let Self::Own {
            role,
            password,
            schema,
        } = self
        else {
            return;
        };
        // A URL that names no database means the one named as its role.
        if let (None, Some(user)) = (config.get_dbname(), config.get_user()) {
            let user = user.to_owned();
            config.dbname(user);
        }
        config.user(role);
        // There is no way to take a password away, and an empty one is none.
        config.password(password.as_ref().map_or("", Secret::expose));
        let path = search_path(schema);
        prepend_options(config, &setting("search_path", &path));
    }

    /// What a new session is asked to do first, because where its names are
    /// looked up is not this login's to say.
    pub(crate) fn first_words(&self, config: &tokio_postgres::Config) -> Option<&'static str> {
        let is_given = |options: &str| options.contains("search_path");
        let is_others = matches!(self, Self::Shared) || config.get_options().is_some_and(is_given);
        is_others.then_some(TEMPORARY_LAST)
    }
}

/// The schemas in which a plugin's unqualified names are looked up. Temporary
/// tables come last, so that one that was left in the session hides nothing;
/// Postgres looks there first where the path does not say.
pub(crate) fn search_path(schema: &str) -> String {
    format!("{}, {EXTENSIONS_SCHEMA}, pg_temp", quote_identifier(schema))
}

/// As [`search_path`] has it, where the path is the role's or the operator's.
const TEMPORARY_LAST: &str = r"SELECT set_config('search_path',
    concat_ws(', ', nullif(current_setting('search_path'), ''), 'pg_temp'), false)
    WHERE current_setting('search_path') !~ '\mpg_temp\M'";

/// A name as SQL has it.
pub(crate) fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A setting for the whole session, as a connection's options say it.
pub(crate) fn setting(name: &str, value: &str) -> String {
    let mut option = format!("-c {name}=");
    for letter in value.chars() {
        // Options are split at spaces.
        if letter.is_whitespace() || letter == '\\' {
            option.push('\\');
        }
        option.push(letter);
    }
    option
}

/// Adds options before those of the URL, so that the operator's win.
pub(crate) fn prepend_options(config: &mut tokio_postgres::Config, options: &str) {
    let given = config
        .get_options()
        .map(|given| format!("{options} {given}"));
    config.options(given.unwrap_or_else(|| options.to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(login: &Login, url: &str) -> tokio_postgres::Config {
        let mut config = url.parse().expect("a URL");
        login.apply(&mut config);
        config
    }

    #[test]
    fn the_urls_role_and_password_do_not_pass_to_a_plugin() {
        let login = Login::Own {
            role: "plinth_shop".into(),
            password: None,
            schema: "shop".into(),
        };
        let config = applied(&login, "postgres://admin:hunter2@db:7/shop");
        assert_eq!(config.get_user(), Some("plinth_shop"));
        assert_eq!(config.get_password(), Some(&b""[..]));
        assert_eq!(config.get_dbname(), Some("shop"));
        assert_eq!(config.get_ports(), [7]);
        let url = "postgres://admin:hunter2@db:7/shop".parse().expect("a URL");
        assert_eq!(login.first_words(&url), None);
    }

    #[test]
    fn a_schema_of_any_name_is_one_option() {
        let login = Login::Own {
            role: "r".into(),
            password: Some(Secret::new("p")),
            schema: r#"my "odd\ schema"#.into(),
        };
        let config = applied(&login, "host=x options='-c geqo=off'");
        assert_eq!(config.get_password(), Some(&b"p"[..]));
        assert_eq!(
            config.get_options(),
            Some(r#"-c search_path="my\ ""odd\\\ schema",\ extensions,\ pg_temp -c geqo=off"#)
        );
        assert_eq!(login.first_words(&config), Some(TEMPORARY_LAST));
    }

    #[test]
    fn the_shared_role_is_the_urls() {
        let config = applied(&Login::Shared, "postgres://admin:hunter2@db/shop");
        assert_eq!(config.get_user(), Some("admin"));
        assert_eq!(config.get_options(), None);
        assert_eq!(Login::Shared.first_words(&config), Some(TEMPORARY_LAST));
    }
}
