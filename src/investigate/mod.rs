//! What the machine can find out in the first minutes.

pub mod logs;
