//! How an emergency is handled: the journal, the plan of steps, the engine. Knows no adapter.

mod announcement;
pub mod courier;
pub mod derived;
pub mod engine;
pub mod journal;
pub mod kept;
pub mod plan;
pub mod progress;
pub mod step;
