//! `wit/config.wit`: the settings an operator gives a plugin.

use std::collections::HashMap;

use crate::bindings::plinth::host::config::Host;
use crate::config::PluginConfig;
use crate::state::State;

/// The settings as the plugin reads them: text as it is, the rest as JSON.
pub(crate) fn settings(plugin: &PluginConfig) -> HashMap<String, String> {
    plugin
        .config
        .iter()
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

fn text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Datetime(datetime) => datetime.to_string(),
        other => serde_json::to_string(other).expect("TOML values are JSON values"),
    }
}

impl Host for State {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.granted.config.get(&key).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_and_the_rest_is_json() {
        let plugin: PluginConfig = toml::from_str(
            "component = 'a'\n[config]\na = 'x'\nb = 5\nc = [1, 2]\nd = { e = true }",
        )
        .expect("valid");
        let settings = settings(&plugin);
        assert_eq!(settings["a"], "x");
        assert_eq!(settings["b"], "5");
        assert_eq!(settings["c"], "[1,2]");
        assert_eq!(settings["d"], r#"{"e":true}"#);
    }
}
