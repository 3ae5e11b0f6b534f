//! Whether the journals are as they were written.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::audit::{Anchor, Break};

/// What an audit of one or all journals found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AuditView {
    /// Whether nothing was edited, removed, inserted or cut off.
    pub intact: bool,
    pub incidents: Vec<AuditedJournal>,
    /// Incidents whose journal was removed as a whole.
    pub missing: Vec<String>,
}

/// What an audit of one journal found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AuditedJournal {
    /// The key of the incident.
    pub incident: String,
    pub breaks: Vec<Break>,
    /// The heads recorded outside the database that it was compared with.
    pub anchors: Vec<Anchor>,
}

impl AuditView {
    pub fn of(incidents: Vec<AuditedJournal>, missing: Vec<String>) -> AuditView {
        let intact = missing.is_empty() && incidents.iter().all(|journal| journal.breaks.is_empty());
        AuditView { intact, incidents, missing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::Tampering;

    #[test]
    fn what_is_broken_or_missing_is_not_intact() {
        let journal = |breaks: &[Break]| AuditedJournal {
            incident: "001".to_owned(),
            breaks: breaks.to_vec(),
            anchors: Vec::new(),
        };
        let edited = Break { seq: 2, what: Tampering::Edited };
        for (journals, missing, intact) in [
            (vec![], vec![], true),
            (vec![journal(&[])], vec![], true),
            (vec![journal(&[]), journal(&[edited])], vec![], false),
            (vec![journal(&[])], vec!["002".to_owned()], false),
        ] {
            assert_eq!(AuditView::of(journals, missing).intact, intact);
        }
    }
}
