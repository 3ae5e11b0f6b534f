//! What a journal is about.

use jiff::Timestamp;
use serde::Serialize;

use super::event::Declaration;
use super::order::{Kind, Order};
use super::severity::Severity;

/// An incident as it was declared, or a change of production that was ordered without one. The same
/// engine runs both, with the same steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    Incident(Declaration),
    Order(Order),
}

impl Case {
    /// What it is, as lists have it: `incident`, `deploy` or `rollback`.
    pub fn kind(&self) -> &'static str {
        match self {
            Case::Incident(_) => "incident",
            Case::Order(order) => order.kind.as_str(),
        }
    }

    pub fn title(&self) -> String {
        match self {
            Case::Incident(declaration) => declaration.title.clone(),
            Case::Order(order) => order.title(),
        }
    }

    pub fn profile(&self) -> &str {
        match self {
            Case::Incident(declaration) => &declaration.profile,
            Case::Order(order) => &order.profile,
        }
    }

    /// The version of the workflow that the journal's steps belong to.
    pub fn workflow(&self) -> u32 {
        match self {
            Case::Incident(declaration) => declaration.workflow,
            Case::Order(order) => order.workflow,
        }
    }

    pub fn environment(&self) -> &str {
        match self {
            Case::Incident(declaration) => &declaration.environment,
            Case::Order(order) => &order.environment,
        }
    }

    /// The severity at the declaration; an order has none.
    pub fn severity(&self) -> Option<Severity> {
        self.declaration().map(|declaration| declaration.severity)
    }

    /// When the problem was first seen; an order has none.
    pub fn detected(&self) -> Option<Timestamp> {
        self.declaration().map(|declaration| declaration.detected)
    }

    pub fn declaration(&self) -> Option<&Declaration> {
        match self {
            Case::Incident(declaration) => Some(declaration),
            Case::Order(_) => None,
        }
    }

    pub fn order(&self) -> Option<&Order> {
        match self {
            Case::Incident(_) => None,
            Case::Order(order) => Some(order),
        }
    }

    /// Whether it is a deploy that was ordered.
    pub fn is_deploy(&self) -> bool {
        self.order().is_some_and(|order| order.kind == Kind::Deploy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rung::Rung;

    fn order(kind: Kind) -> Case {
        let text = |text: &str| text.to_owned();
        Case::Order(Order {
            kind,
            environment: text("staging"),
            release: text("v2"),
            commit: String::new(),
            previous: text("v1"),
            reason: String::new(),
            rung: Rung::Undo,
            profile: text("service"),
            workflow: 1,
        })
    }

    fn incident() -> Case {
        Case::Incident(Declaration {
            title: "Payment API returns 500".to_owned(),
            severity: Severity::P0,
            chosen_by: String::new(),
            detected: "2026-11-20T14:20:00Z".parse().unwrap(),
            impact: String::new(),
            symptoms: Vec::new(),
            services: Vec::new(),
            environment: "production".to_owned(),
            region: String::new(),
            users: String::new(),
            assessment: String::new(),
            ticket: None,
            cause: None,
            policy: None,
            lowered: None,
            broken_by: None,
            embargo: false,
            profile: "incident".to_owned(),
            workflow: 1,
        })
    }

    #[test]
    fn each_case_tells_what_it_is() {
        for (case, kind, title, environment, profile, severity) in [
            (incident(), "incident", "Payment API returns 500", "production", "incident", Some(Severity::P0)),
            (order(Kind::Deploy), "deploy", "deploy v2 to staging", "staging", "service", None),
            (order(Kind::Rollback), "rollback", "roll back staging to v2", "staging", "service", None),
        ] {
            assert_eq!((case.kind(), case.title().as_str()), (kind, title));
            assert_eq!((case.environment(), case.profile(), case.workflow()), (environment, profile, 1));
            assert_eq!((case.severity(), case.detected().is_some()), (severity, severity.is_some()));
            assert_eq!(case.declaration().is_some(), case.order().is_none(), "{kind}");
            assert_eq!(case.is_deploy(), kind == "deploy");
        }
    }
}
