//! A sandbox to try hotfix in: a real remote, a real service with a real bug, and customers.
//!
//! What is in it comes from demo/ at the top of this repository.

pub mod customers;
pub mod error;
pub mod files;
pub mod fix;
mod history;
mod production;
pub mod sandbox;
