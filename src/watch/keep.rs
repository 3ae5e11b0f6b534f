//! Where a watch writes down what it knows, so that it continues after a crash, here or on another machine.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::verdict;

/// A place for the state of one watch.
#[async_trait]
pub trait Keep: Send + Sync {
    /// Returns what was saved last, and how long ago; `None` where nothing was.
    async fn load(&self) -> Result<Option<(String, Duration)>, String>;

    /// Puts `text` in the place of what was saved before.
    async fn save(&self, text: &str) -> Result<(), String>;
}

/// No place: what is known dies with the process.
pub struct Nowhere;

#[async_trait]
impl Keep for Nowhere {
    async fn load(&self) -> Result<Option<(String, Duration)>, String> {
        Ok(None)
    }

    async fn save(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

/// The version of [`State`]'s form.
const VERSION: u32 = 3;

/// A watch as it is written down.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    version: u32,
    /// What is watched and by which limits; another watch does not continue with this one's readings.
    pub terms: String,
    /// How long it was watched; the time in which nobody looked does not count.
    pub elapsed: Duration,
    /// Whether the verdict was final.
    pub is_final: bool,
    pub watch: verdict::Watch,
}

impl State {
    pub fn new(terms: &str, elapsed: Duration, is_final: bool, watch: verdict::Watch) -> State {
        State { version: VERSION, terms: terms.to_owned(), elapsed, is_final, watch }
    }

    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a state has only string keys and finite numbers")
    }

    /// Reads a state that was written under the same terms by this version of the form.
    pub fn read(text: &str, terms: &str) -> Option<State> {
        let state = serde_json::from_str::<State>(text).ok()?;
        (state.version == VERSION && state.terms == terms).then_some(state)
    }
}
