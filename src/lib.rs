//! From the alert to the fix running everywhere. Start with ARCHITECTURE.md.

pub mod domain;
pub mod git;
pub mod redact;
pub mod workflow;
