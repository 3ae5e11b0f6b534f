use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The verdict of a watch about a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// The limits are shown to hold.
    Verified,
    /// A limit is shown to be exceeded, and the release is to blame.
    Bad,
    /// There were no readings: neither a pass nor a reason to roll back.
    Blind,
    /// Too few readings to decide, or the failure has another cause than the release.
    Unproven,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Verified => "VERIFIED",
            Verdict::Bad => "BAD",
            Verdict::Blind => "BLIND",
            Verdict::Unproven => "UNPROVEN",
        })
    }
}

/// One test behind a verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Test {
    /// What it would show, such as `more errors than before`.
    pub shows: String,
    /// How strong the evidence is: 1 is none, and if the claim is false an e-value of E has a chance of at
    /// most 1/E.
    pub e_value: f64,
    /// The e-value from which on it is shown.
    pub needs: f64,
}

/// What the proof still needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Forecast {
    /// More requests, if they are like the ones before.
    pub requests: u64,
    /// How long they take at the traffic so far, in seconds; `None` without traffic.
    pub seconds: Option<u64>,
}
