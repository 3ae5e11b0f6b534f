//! The backport engine against the git program.

mod pick;
mod property;
mod random;
mod refused;
mod resolve;
mod sandbox;
mod special;
