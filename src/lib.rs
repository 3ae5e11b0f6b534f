//! From the alert to the fix running everywhere. Start with ARCHITECTURE.md.

#![forbid(unsafe_code)]

pub mod affected;
pub mod app;
pub mod check;
pub mod cli;
pub mod config;
pub mod crash;
pub mod demo;
pub mod deploy;
pub mod domain;
pub mod gate;
pub mod git;
pub mod guard;
pub mod http;
pub mod investigate;
pub mod notify;
pub mod people;
pub mod policy;
mod private;
pub mod probe;
pub mod process;
pub mod proof;
pub mod redact;
pub mod report;
pub mod sign;
pub mod steps;
pub mod store;
pub mod value;
pub mod verdict;
pub mod watch;
pub mod workflow;
pub mod xml;
