//! Gates: commands that have to succeed on the fix before it may go to production.

use std::path::Path;

use futures_util::future::join_all;
use serde::Deserialize;

use crate::config::value::{CommandLine, Length};
use crate::domain::step::GateResult;
use crate::process::{self, Spec};

/// One gate of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    pub name: String,
    pub command: CommandLine,
    pub limit: Length,
}

/// Runs all gates at once in `directory` and returns their results in the order of `gates`.
pub async fn run(
    gates: &[Gate],
    directory: &Path,
    environment: &[(String, String)],
    ended: impl Fn(&GateResult),
) -> Vec<GateResult> {
    join_all(gates.iter().map(|gate| {
        let ended = &ended;
        async move {
            let spec = Spec {
                arguments: gate.command.arguments(),
                directory: directory.to_owned(),
                environment: environment.to_vec(),
                limit: gate.limit.0,
            };
            let end = process::run(spec).await;
            let result = GateResult {
                name: gate.name.clone(),
                passed: end.succeeded(),
                seconds: end.seconds,
                ended: end.words(),
                tail: if end.succeeded() { String::new() } else { end.last_lines(20) },
            };
            ended(&result);
            result
        }
    }))
    .await
}
