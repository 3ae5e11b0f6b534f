//! The backport engine against the git program.

mod faults;
mod not_affected;
mod pick;
mod property;
mod random;
mod real;
mod refused;
mod resolve;
mod sandbox;
mod several;
mod special;
