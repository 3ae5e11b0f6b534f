//! What the engine reports while it works.

use crate::domain::incident::Incident;
use crate::domain::step_name::StepName;

/// Gets reports while the engine works. Nothing of it is kept.
pub trait Progress: Send + Sync {
    fn started(&self, incident: &Incident, step: StepName);
    /// What the step does at the moment, on one line.
    fn update(&self, text: &str);
    /// `incident` is the state after the step's outcome was recorded.
    fn ended(&self, incident: &Incident, step: StepName);
}
