//! Incidents made by hand, event by event, for the tests.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::actor::Actor;
use crate::domain::allowance::Allowance;
use crate::domain::event::{Declaration, Event, Fact, digest};
use crate::domain::evidence::{Detail, Evidence};
use crate::domain::incident::Incident;
use crate::domain::severity::Severity;
use crate::domain::step_name::StepName;
use crate::workflow::journal::fold;

/// The events of an incident, from its detection at 14:20 UTC on.
pub struct Story {
    pub events: Vec<Event>,
    now: Timestamp,
    actor: &'static str,
}

impl Story {
    /// Declared 3 minutes after the detection.
    pub fn begin(declaration: Declaration) -> Story {
        Story::empty().after(3).fact(Fact::Declared(declaration))
    }

    /// Nothing yet.
    pub fn empty() -> Story {
        let now = declaration().detected;
        Story { events: Vec::new(), now, actor: "Ada <ada@example.com>" }
    }

    /// Lets `minutes` pass.
    pub fn after(mut self, minutes: u64) -> Story {
        self.now += Duration::from_secs(minutes * 60);
        self
    }

    pub fn by(mut self, actor: &'static str) -> Story {
        self.actor = actor;
        self
    }

    pub fn fact(mut self, fact: Fact) -> Story {
        let text = serde_json::to_string(&fact).unwrap();
        let (key, seq) = ("HOTFIX-20261120-001", self.events.len() as i64 + 1);
        let previous = self.events.last().map(|event| event.digest.clone()).unwrap_or_default();
        let actor = Actor::claimed(self.actor);
        let digest = digest(&previous, key, seq, self.now, &actor, &text);
        let incident = key.to_owned();
        self.events.push(Event {
            incident,
            seq,
            at: self.now,
            actor,
            fact,
            text,
            lines: Default::default(),
            previous,
            digest,
        });
        self
    }

    pub fn started(self, step: StepName) -> Story {
        self.fact(Fact::StepStarted { step })
    }

    /// A step that takes `minutes`.
    pub fn done<T: Detail>(self, minutes: u64, summary: &str, detail: &T) -> Story {
        let (step, evidence) = (T::STEP, Evidence::with(summary, detail));
        self.started(T::STEP).after(minutes).fact(Fact::StepDone { step, evidence })
    }

    /// A step without a detail that takes `minutes`.
    pub fn plain(self, minutes: u64, step: StepName, summary: &str) -> Story {
        let evidence = Evidence::new(summary);
        self.started(step).after(minutes).fact(Fact::StepDone { step, evidence })
    }

    pub fn incident(&self) -> Incident {
        fold(&self.events).unwrap().unwrap()
    }
}

/// What was reported, with a plain title.
pub fn declaration() -> Declaration {
    Declaration {
        title: "Payment API returns 500".to_owned(),
        severity: Severity::P0,
        chosen_by: "revenue is blocked: `payment`".to_owned(),
        detected: "2026-11-20T14:20:00Z".parse().unwrap(),
        impact: "every payment fails".to_owned(),
        symptoms: vec!["GET /api/payments returns 500".to_owned()],
        services: vec!["payment-api".to_owned()],
        environment: "production".to_owned(),
        region: "all".to_owned(),
        users: "about 5,000".to_owned(),
        assessment: String::new(),
        ticket: None,
        cause: None,
        policy: None,
        lowered: None,
        broken_by: None,
        embargo: false,
        profile: "incident".to_owned(),
        workflow: 1,
    }
}

/// 2 h in all, 15 min for the review.
pub fn allowance() -> Allowance {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let steps = BTreeMap::from([(StepName::Review, minutes(15)), (StepName::Fix, minutes(45))]);
    Allowance {
        limit: minutes(120),
        update: minutes(15),
        steps,
        post_mortem: minutes(48 * 60),
        follow_up: minutes(14 * 24 * 60),
    }
}
