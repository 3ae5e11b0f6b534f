//! Commands that only read, with many incidents in the journal.

use crate::database::Kind;
use crate::env::TestEnv;
use crate::seed::{EVENTS, seed};
use crate::{Scale, time};

pub fn measure(store: Kind, scale: Scale) {
    let env = TestEnv::on(store);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // The same store as the command's, which gets it from its environment.
    let store = env.journal();
    let store = if store.starts_with("sqlite") { "sqlite" } else { &store };
    env.write("hotfix.toml", &format!("store = {store:?}\n"));
    runtime.block_on(seed(&env.path("work"), scale.incidents)).expect("the store takes it");
    println!("  with {} incidents of {EVENTS} events, promised: 20 ms", scale.incidents);
    for command in ["status", "list", "timeline"] {
        time(&format!("hotfix {command}"), scale.runs, || {
            let read = env.hotfix(&[command]);
            assert_eq!(read.status, Some(0), "{read}");
        });
    }
    time("git log -1, for comparison", scale.runs, || {
        env.git(&["log", "-1"]);
    });
}
