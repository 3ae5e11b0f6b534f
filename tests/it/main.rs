//! The program as its users meet it, and the rules that its source keeps.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod abort;
mod alone;
mod app;
mod audit;
mod backport;
mod bad_input;
mod bad_store;
mod check;
mod circles;
mod clock;
mod crash;
mod database;
mod demo;
mod deploy_command;
mod engine;
mod env;
mod fuzz;
mod going_out;
mod help;
mod identifiers;
mod image;
mod interrupt;
mod ladder;
mod ladder_on_kubernetes;
mod maven;
mod notices;
mod on_compose;
mod on_kubernetes;
mod on_pipeline;
mod outage;
mod profiles;
mod prometheus;
mod proven;
mod rollback;
mod sandbox;
mod sarif;
mod schema;
mod services;
mod store;
mod strays;
mod tidy;
mod until;
mod watch;
