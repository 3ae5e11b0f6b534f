//! Who looks on while the engine works.

use crate::domain::incident::Incident;
use crate::domain::step_name::StepName;

/// Who looks on while the engine works. Nothing of it is kept.
pub trait Progress: Send + Sync {
    fn started(&self, incident: &Incident, step: StepName);
    /// What the step is at right now, on one line.
    fn update(&self, text: &str);
    /// `incident` is the state after the step's outcome was recorded.
    fn ended(&self, incident: &Incident, step: StepName);
}
