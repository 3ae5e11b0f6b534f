//! What every face shows to machines: typed, and the only source of what `--json` prints.
//!
//! A view is made of the domain's types by a pure function, and knows no face. Its fields are added to,
//! never renamed or removed: docs/json.md promises that, and docs/schema/ holds what each command prints.

pub mod action;
pub mod audit;
pub mod backport;
pub mod checklist;
pub mod document;
pub mod error;
pub mod help;
pub mod init;
pub mod list;
pub mod release;
pub mod timeline;
pub mod triage;
pub mod watch;
