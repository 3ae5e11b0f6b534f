//! What an emergency is: pure types and functions, no input or output, no clock.

pub mod allowance;
pub mod audit;
pub mod case;
pub mod change;
pub mod decision;
pub mod elapsed;
pub mod event;
pub mod evidence;
pub mod identifier;
pub mod image;
pub mod incident;
pub mod kpi;
pub mod name;
pub mod next;
pub mod order;
pub mod proof;
pub mod reading;
pub mod rung;
pub mod severity;
pub mod step;
pub mod step_name;
pub mod strategy;
pub mod triage;
pub mod verdict;
pub mod version;
