//! The bounds of a measured value.

#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The value has to be less.
    pub below: Option<f64>,
    /// The value has to be more.
    pub above: Option<f64>,
}

impl Bounds {
    /// Returns the bounds; `None` if there are none.
    pub fn new(below: Option<f64>, above: Option<f64>) -> Option<Bounds> {
        (below.is_some() || above.is_some()).then_some(Bounds { below, above })
    }

    /// Fails with one line if `value` is out of bounds.
    pub fn check(&self, value: f64) -> Result<(), String> {
        match (self.below, self.above) {
            (Some(below), _) if value >= below => Err(format!("{value} is not below {below}")),
            (_, Some(above)) if value <= above => Err(format!("{value} is not above {above}")),
            _ => Ok(()),
        }
    }
}
