//! What the engine reports while it works.

use crate::domain::incident::Incident;
use crate::domain::step_name::StepName;

/// Gets reports while the engine works. Nothing of it is kept.
pub trait Progress: Send + Sync {
    fn started(&self, incident: &Incident, step: StepName);
    /// What the step does at the moment, on one line.
    fn update(&self, text: &str);
    /// Something that people should know besides.
    fn told(&self, _text: &str) {}
    /// What the run waits for, on one line; again if that has changed.
    fn waiting(&self, _text: &str) {}
    /// `incident` is the state after the step's outcome was recorded.
    fn ended(&self, incident: &Incident, step: StepName);
}
