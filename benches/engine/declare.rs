//! Many people declare at once.

use std::collections::BTreeSet;
use std::thread;
use std::time::Instant;

use crate::Scale;
use crate::database::Kind;
use crate::env::TestEnv;

pub fn measure(store: Kind, scale: Scale) {
    let (processes, each) = scale.declares;
    let env = TestEnv::on(store);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..processes {
            scope.spawn(|| {
                for _ in 0..each {
                    let declared = env.hotfix(&["declare", "Payment API returns 500", "--severity", "P0"]);
                    assert_eq!(declared.status, Some(0), "{declared}");
                }
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    let listed = env.hotfix(&["list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let incidents = listed["incidents"].as_array().expect("a list");
    let identifiers: BTreeSet<&str> =
        incidents.iter().map(|incident| incident["id"].as_str().expect("an id")).collect();
    let all = processes * each;
    println!(
        "  {processes} processes x {each} declare: {} different identifiers, {} lost, {seconds:.1} s",
        identifiers.len(),
        all - incidents.len()
    );
    assert_eq!(identifiers.len(), all);
}
