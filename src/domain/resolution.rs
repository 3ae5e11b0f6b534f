//! The documents as they were committed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::evidence::Detail;
use super::step_name::StepName;

/// The documents as they were committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Close {
    pub ticket: Option<String>,
    pub commit: Option<String>,
}

impl Detail for Close {
    const STEP: StepName = StepName::Close;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostMortem {
    pub path: String,
    pub commit: Option<String>,
    pub due: Timestamp,
}

impl Detail for PostMortem {
    const STEP: StepName = StepName::PostMortem;
}
