//! A container, as the engine describes it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A container, as the engine's `inspect` shows it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Container {
    pub id: String,
    pub created: Option<jiff::Timestamp>,
    /// The identifier of its image.
    pub image: String,
    pub restart_count: i64,
    pub state: State,
    pub config: Settings,
    pub host_config: HostSettings,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct State {
    pub status: String,
    pub exit_code: i64,
    pub error: String,
    pub started_at: Option<jiff::Timestamp>,
    pub health: Option<Health>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Health {
    pub status: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Settings {
    /// The image as it was asked for.
    pub image: String,
    pub labels: Option<BTreeMap<String, String>>,
    /// `NAME=value`, secrets among them.
    pub env: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HostSettings {
    pub restart_policy: RestartPolicy,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RestartPolicy {
    pub name: String,
}

impl Container {
    pub fn label(&self, name: &str) -> Option<&str> {
        self.config.labels.as_ref()?.get(name).map(String::as_str)
    }

    pub fn service(&self) -> &str {
        self.label("com.docker.compose.service").unwrap_or_default()
    }
}
