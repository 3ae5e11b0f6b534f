use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the readings of a watch say about a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// The limits are shown to hold.
    Verified,
    /// A limit is shown not to hold, and the release is to blame.
    Bad,
    /// There were no readings: neither a pass nor a reason to roll back.
    Blind,
    /// Too few readings to tell, or what fails is not the release.
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

/// One test that a verdict rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Test {
    /// What it would show, such as `more errors than before`.
    pub shows: String,
    /// How much the readings speak for it: 1 is nothing, and an e-value of E turns up with a chance
    /// of at most 1/E where it is not so.
    pub e_value: f64,
    /// It is shown from this e-value on.
    pub needs: f64,
}

/// What it takes until the proof is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Forecast {
    /// More requests, if they go as the ones before.
    pub requests: u64,
    /// How long they take at the traffic so far, in seconds; `None` without traffic.
    pub seconds: Option<u64>,
}
