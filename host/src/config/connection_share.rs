//! How the plugins on one database divide its connections.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::Config;

impl Config {
    /// The connections that each plugin given a database may have open to it.
    ///
    /// A plugin that names `limits.connections_max` has so many; the others
    /// divide what is left evenly, and where that leaves some over, the first by
    /// name have one more.
    ///
    /// # Errors
    ///
    /// When there are not enough for each plugin to have one.
    pub fn connection_shares(&self, database: &str) -> Result<BTreeMap<&str, usize>> {
        let Some(settings) = self.databases.get(database) else {
            return Ok(BTreeMap::new());
        };
        let total = settings.limits.connections_max;
        let plugins = self.plugins.iter().filter(|(_, plugin)| {
            let mut names = plugin.databases.iter();
            names.any(|name| name == database)
        });
        let (named, others): (Vec<_>, Vec<_>) = plugins
            .map(|(name, plugin)| (name.as_str(), plugin.limits.connections_max))
            .partition(|(_, share)| share.is_some());
        let named: BTreeMap<&str, usize> = named
            .into_iter()
            .filter_map(|(name, share)| Some((name, share?)))
            .collect();
        let taken = named
            .values()
            .fold(0_usize, |sum, share| sum.saturating_add(*share));
        let left = total
            .checked_sub(taken)
            .filter(|left| *left >= others.len());
        let Some(left) = left else {
            bail!(
                "databases.{database}.limits.connections_max = {total} is not enough: the plugins that name a \
                 limits.connections_max ({}) take {taken} of it, and {} more plugins ({}) need at least 1 each",
                list(named.keys().copied()),
                others.len(),
                list(others.iter().map(|(name, _)| *name)),
            );
        };
        let mut shares = named;
        for (index, (name, _)) in others.iter().enumerate() {
            let one_more = usize::from(index < left % others.len());
            shares.insert(name, left / others.len() + one_more);
        }
        Ok(shares)
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return "none".into();
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(total: usize, plugins: &[(&str, Option<usize>)]) -> String {
        let mut text = format!("[databases.d]\nurl = 'host=x'\nlimits.connections_max = {total}\n");
        for (name, share) in plugins {
            text += &format!("[plugins.{name}]\ncomponent = 'a'\ndatabases = ['d']\n");
            if let Some(share) = share {
                text += &format!("limits.connections_max = {share}\n");
            }
        }
        text
    }

    fn shares(total: usize, plugins: &[(&str, Option<usize>)]) -> Vec<usize> {
        let config = Config::parse(&config(total, plugins)).expect("valid");
        let shares = config.connection_shares("d").expect("enough");
        shares.into_values().collect()
    }

    fn refusal(total: usize, plugins: &[(&str, Option<usize>)]) -> String {
        let refused = Config::parse(&config(total, plugins)).expect_err("not enough");
        format!("{refused:#}")
    }

    #[test]
    fn plugins_that_name_no_share_divide_the_rest() {
        assert_eq!(shares(16, &[("a", None)]), [16]);
        assert_eq!(
            shares(16, &[("a", None), ("b", None), ("c", None)]),
            [6, 5, 5]
        );
        assert_eq!(
            shares(16, &[("a", Some(2)), ("b", None), ("c", None)]),
            [2, 7, 7]
        );
        assert_eq!(shares(4, &[("a", Some(1)), ("b", Some(2))]), [1, 2]);
        assert_eq!(shares(2, &[("a", None), ("b", None)]), [1, 1]);
    }

    #[test]
    fn a_plugin_without_the_database_has_no_share() {
        let text = config(3, &[("a", None)]) + "[plugins.b]\ncomponent = 'b'";
        let config = Config::parse(&text).expect("valid");
        assert_eq!(
            config.connection_shares("d").expect("enough"),
            [("a", 3)].into()
        );
        assert!(config.connection_shares("e").expect("nobody").is_empty());
    }

    #[test]
    fn an_impossible_division_names_the_numbers() {
        let text = refusal(4, &[("a", Some(3)), ("b", None), ("c", None)]);
        for part in ["connections_max = 4", "(a) take 3", "2 more plugins (b, c)"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        refusal(1, &[("a", None), ("b", None)]);
        refusal(4, &[("a", Some(3)), ("b", Some(2))]);
        refusal(
            4,
            &[("a", Some(usize::MAX >> 1)), ("b", Some(usize::MAX >> 1))],
        );
        let text = refusal(4, &[("a", Some(0))]);
        assert!(text.contains("at least 1"), "{text}");
    }
}
