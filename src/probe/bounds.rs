//! The bounds that a measured value has to keep.

use serde::Deserialize;

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Bounds {
    /// The value has to be less.
    #[serde(default)]
    pub below: Option<f64>,
    /// The value has to be more.
    #[serde(default)]
    pub above: Option<f64>,
}

impl Bounds {
    /// Fails, saying by how much on one line, where `value` keeps them not.
    pub fn check(&self, value: f64) -> Result<(), String> {
        match (self.below, self.above) {
            (Some(below), _) if value >= below => Err(format!("{value} is not below {below}")),
            (_, Some(above)) if value <= above => Err(format!("{value} is not above {above}")),
            _ => Ok(()),
        }
    }
}
