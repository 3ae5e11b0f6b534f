//! What a probe sees when it looks once.

use std::time::Duration;

/// One answer, or its absence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The service answered as it should.
    Good { latency: Duration },
    /// It answered wrongly, or not in time; why, on one line.
    Error { latency: Duration, why: String },
    /// The probe itself could not look: says nothing about the service.
    None { why: String },
}
