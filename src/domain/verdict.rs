use std::fmt;

use serde::{Deserialize, Serialize};

/// What the readings of a watch say about a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// The limits are shown to hold.
    Verified,
    /// A limit is shown not to hold.
    Bad,
    /// There were no readings: neither a pass nor a reason to roll back.
    Blind,
    /// Too few readings to tell.
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
