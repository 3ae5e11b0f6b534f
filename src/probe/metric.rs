//! A figure of a Prometheus, such as CPU, memory or connections, and its bounds.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Deserialize;

use super::bounds::Bounds;
use super::prometheus_api::{Api, Vector};
use super::{Look, Subject};
use crate::domain::reading::Reading;
use crate::value::{Length, Secret};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub url: Secret,
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// Any query; each of its values has to be within the bounds. `{release}` and `{previous}` stand
    /// for the releases.
    pub query: String,
    #[serde(default)]
    pub below: Option<f64>,
    #[serde(default)]
    pub above: Option<f64>,
    #[serde(default = "super::timeout")]
    pub timeout: Length,
}

pub struct Metric {
    api: Api,
    query: String,
    bounds: Bounds,
}

impl Metric {
    pub fn new(config: &Config, subject: &Subject) -> Result<Metric, String> {
        let bounds = Bounds::new(config.below, config.above).ok_or("it has neither `below` nor `above`")?;
        let api = Api::new(&config.url, &config.headers, config.timeout.0)?;
        Ok(Metric { api, query: subject.fill(&config.query), bounds })
    }
}

#[async_trait]
impl Look for Metric {
    async fn look(&self) -> Reading {
        let results = match self.api.ask::<Vector>("query", &[("query", self.query.clone())]).await {
            Ok(results) => results,
            Err(why) => return Reading::None { why },
        };
        let values: Vec<f64> = results.iter().filter_map(|result| result.value.1.parse().ok()).collect();
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return Reading::None { why: "the query has no number".to_owned() };
        }
        match values.into_iter().try_for_each(|value| self.bounds.check(value)) {
            Ok(()) => Reading::Good { latency: None },
            Err(why) => Reading::Error { latency: None, why },
        }
    }
}
