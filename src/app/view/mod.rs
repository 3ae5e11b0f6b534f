//! What every face shows to machines: typed, and the only source of what `--json` prints.
//!
//! A view is made from the domain's types by a pure function, and knows no face. Its fields are added to,
//! never renamed or removed: docs/json.md promises that, and docs/schema/ holds what each command prints.

pub mod action;
pub mod audit;
pub mod backport;
pub mod case;
pub mod check;
pub mod checklist;
pub mod demo;
pub mod diff;
pub mod document;
pub mod due;
pub mod error;
pub mod help;
pub mod inbox;
pub mod incident;
pub mod init;
pub mod investigation;
pub mod lease;
pub mod list;
pub mod next;
pub mod notify;
pub mod order;
pub mod people;
pub mod plan;
pub mod release;
pub mod schema;
pub mod status;
pub mod step;
pub mod store;
pub mod take_over;
pub mod timeline;
pub mod triage;
pub mod watch;
