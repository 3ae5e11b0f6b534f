//! Whether the journals are as they were written.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::audit::{Anchor, Break, Retreat};
use crate::workflow::derived::Difference;

/// What an audit of one or all journals found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct AuditView {
    /// Whether nothing was edited, removed, inserted or cut off, here or on the remote, and every signature holds.
    pub intact: bool,
    pub incidents: Vec<AuditedJournal>,
    /// Incidents whose journal this store wrote, and that was removed as a whole.
    pub missing: Vec<String>,
    /// Incidents whose journal another store has.
    pub elsewhere: Vec<Elsewhere>,
    /// Lines of the lists of incidents and releases that the journals contradict.
    pub lists: Vec<Difference>,
    /// Heads on the remote that did not only move forward.
    pub retreats: Vec<Retreat>,
    /// Why the remote could not be asked; null if it was, or if there is none.
    pub unreachable: Option<String>,
}

/// What an audit of one journal found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct AuditedJournal {
    /// The key of the incident.
    pub incident: String,
    pub breaks: Vec<Break>,
    /// The heads recorded outside the database that it was compared with.
    pub anchors: Vec<Anchor>,
    /// How many signatures hold, by the people of the time they were made.
    pub signatures: usize,
    /// The signatures that do not hold, and approvals and waivers that should have one.
    pub unproven: Vec<Unproven>,
    /// Why it can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// A signature that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unproven {
    pub seq: i64,
    /// Who is said to have signed.
    pub by: String,
    pub why: String,
}

/// A journal whose head is on the remote, and that this store never had.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Elsewhere {
    pub id: String,
    /// The store that wrote it last; empty if its anchor is from before stores had names.
    pub store: String,
}

impl AuditView {
    /// The same, with `intact` as the rest says.
    #[must_use]
    pub fn judged(self) -> AuditView {
        let holds = |journal: &AuditedJournal| {
            journal.breaks.is_empty() && journal.unproven.is_empty() && journal.unreadable.is_none()
        };
        let intact = self.missing.is_empty()
            && self.lists.is_empty()
            && self.retreats.is_empty()
            && self.incidents.iter().all(holds);
        AuditView { intact, ..self }
    }

    /// The exit status: 1 if something was tampered with or is not signed by whom it says, 3 if journals are elsewhere.
    pub fn exit(&self) -> u8 {
        match (self.intact, self.elsewhere.is_empty()) {
            (false, _) => 1,
            (true, false) => 3,
            (true, true) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::{Retreated, Tampering};

    #[test]
    fn what_is_broken_or_missing_is_not_intact() {
        let journal = |breaks: &[Break]| AuditedJournal { breaks: breaks.to_vec(), ..AuditedJournal::default() };
        let edited = journal(&[Break { seq: 2, what: Tampering::Edited }]);
        let unreadable = AuditedJournal { unreadable: Some("why".to_owned()), ..journal(&[]) };
        let forged = Unproven { seq: 2, by: "Ada".to_owned(), why: "why".to_owned() };
        let unproven = AuditedJournal { unproven: vec![forged], ..journal(&[]) };
        let none = AuditView::default;
        let line =
            Difference { incident: "1".to_owned(), list: "release", row: "v1".to_owned(), what: Tampering::Edited };
        for (view, exit) in [
            (none(), 0),
            (AuditView { incidents: vec![journal(&[])], unreachable: Some("gone".to_owned()), ..none() }, 0),
            (AuditView { incidents: vec![journal(&[]), edited], ..none() }, 1),
            (AuditView { incidents: vec![unreadable], ..none() }, 1),
            (AuditView { incidents: vec![unproven], ..none() }, 1),
            (AuditView { missing: vec!["2".to_owned()], ..none() }, 1),
            (AuditView { lists: vec![line], ..none() }, 1),
            (AuditView { retreats: vec![Retreat { id: "2".to_owned(), how: Retreated::Removed }], ..none() }, 1),
            (AuditView { elsewhere: vec![Elsewhere { id: "2".to_owned(), store: "s".to_owned() }], ..none() }, 3),
        ] {
            let view = view.judged();
            assert_eq!((view.exit(), view.intact), (exit, exit != 1), "{view:?}");
        }
    }
}
