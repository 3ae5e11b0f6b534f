//! What a step leaves in the journal when it is done, and how later steps read it.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::step_name::StepName;

/// The result of a finished step: a line for people, and details for later steps and reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    pub summary: String,
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub detail: serde_json::Value,
}

impl Evidence {
    pub fn new(summary: impl Into<String>) -> Evidence {
        Evidence { summary: summary.into(), detail: serde_json::Value::Null }
    }

    pub fn with(summary: impl Into<String>, detail: &impl Detail) -> Evidence {
        let detail = serde_json::to_value(detail).expect("a detail has only string keys and finite numbers");
        Evidence { summary: summary.into(), detail }
    }
}

/// The detail of one step's evidence, found by the step's name.
pub trait Detail: Serialize + DeserializeOwned {
    const STEP: StepName;
}
