//! From the alert to the fix running everywhere. Start with ARCHITECTURE.md.

pub mod git;
pub mod redact;
