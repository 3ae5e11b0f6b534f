//! The engine's own overhead: the whole job with commands that take no time.

use std::time::Instant;

use crate::database::Kind;
use crate::env::TestEnv;
use crate::{Scale, show};

pub fn measure(store: Kind, scale: Scale) {
    let times = (0..scale.jobs).map(|_| {
        let env = TestEnv::on(store);
        env.instant();
        let start = Instant::now();
        env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "1"]);
        let mut spent = start.elapsed();
        env.fix("1");
        let start = Instant::now();
        let shipped = env.hotfix(&["ship"]);
        spent += start.elapsed();
        assert_eq!(shipped.status, Some(0), "{shipped}");
        spent
    });
    show("the whole job, start to close, promised: 2000 ms", times.collect());
}
