//! JavaScript and TypeScript: jest and vitest follow the imports themselves.

use super::{Question, Scope, Selection, name};
use crate::domain::proof::Confidence;

/// What is no module, or changes how modules are found: jest does not follow JSON (jest#7499).
const WIDENING: &[&str] = &[".json", ".lock", ".yaml", ".yml", ".toml", ".env", ".graphql", ".sql"];

pub fn select(question: &Question<'_>) -> Selection {
    let widens = |path: &&String| {
        WIDENING.iter().any(|ending| path.ends_with(ending))
            || name(path).contains(".config.")
            || name(path).starts_with('.')
    };
    if let Some(path) = question.changed.iter().find(widens) {
        return Selection::everything(format!("imports do not lead from `{path}` to its tests"));
    }
    let scope = Scope { related: question.changed.iter().cloned().collect(), ..Scope::default() };
    let reason = "what imports the changed files, as the runner finds it; not by dynamic imports".to_owned();
    Selection { scope, confidence: Confidence::Medium, reason }
}
