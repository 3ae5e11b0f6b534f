//! The backport engine against the git program.

mod pick;
mod sandbox;
