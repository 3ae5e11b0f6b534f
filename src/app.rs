//! The operations that every face calls. A face reads a request, calls one method and shows what comes
//! back; the rules of the job are here and below.
//!
//! [`service::Service`] is one repository; reading is done by it. [`session::Session`] is the service
//! used by one actor; every write is a method of it.

pub mod action;
pub mod approve;
pub mod audit;
mod author;
pub mod backport;
pub mod check;
mod checklist;
pub mod decide;
pub mod declare;
mod diff;
pub mod error;
mod find;
pub mod import;
pub mod inbox;
pub mod init;
mod known;
mod lease;
mod may;
pub mod mirror;
mod next;
mod note;
mod notify;
pub mod order;
mod outage;
mod people;
pub mod roll_back;
mod say;
pub mod service;
pub mod session;
mod signatures;
pub mod supervise;
pub mod take_over;
pub mod view;
mod wait;
mod waive;
pub mod watch;
