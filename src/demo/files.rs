//! The files that the sandbox is made of, by their paths in the service's repository.

/// The release that production runs at the start.
pub const RELEASE: &str = "v2.3.1";

/// The service as production runs it at the start.
pub const PAYMENTS: &[(&str, &str)] = &[
    ("README.md", include_str!("../../demo/payments/README.md")),
    ("docs/api.md", include_str!("../../demo/payments/docs/api.md")),
    ("docs/runbook.md", include_str!("../../demo/payments/docs/runbook.md")),
    ("hotfix.toml", include_str!("../../demo/payments/hotfix.toml")),
    ("ops/build-tests.sh", include_str!("../../demo/payments/ops/build-tests.sh")),
    ("ops/current.sh", include_str!("../../demo/payments/ops/current.sh")),
    ("ops/deploy.sh", include_str!("../../demo/payments/ops/deploy.sh")),
    ("ops/lint.sh", include_str!("../../demo/payments/ops/lint.sh")),
    ("ops/log.sh", include_str!("../../demo/payments/ops/log.sh")),
    ("ops/production.sh", include_str!("../../demo/payments/ops/production.sh")),
    ("ops/stop.sh", include_str!("../../demo/payments/ops/stop.sh")),
    ("ops/tell.sh", include_str!("../../demo/payments/ops/tell.sh")),
    ("ops/test.sh", include_str!("../../demo/payments/ops/test.sh")),
    ("rustfmt.toml", include_str!("../../demo/payments/rustfmt.toml")),
    ("src/amount.rs", include_str!("../../demo/payments/src/amount.rs")),
    ("src/clock.rs", include_str!("../../demo/payments/src/clock.rs")),
    ("src/http.rs", include_str!("../../demo/payments/src/http.rs")),
    ("src/main.rs", include_str!("../../demo/payments/src/main.rs")),
    ("src/payment.rs", include_str!("../../demo/payments/src/payment.rs")),
];

/// Files as they were before the change that broke them.
pub const BEFORE: &[(&str, &str)] = &[
    ("src/amount.rs", include_str!("../../demo/before/amount.rs")),
    ("src/payment.rs", include_str!("../../demo/before/payment.rs")),
];

/// What the repository's people did, commit by commit.
pub const HISTORY: &str = include_str!("../../demo/history.toml");

/// Stops a sandbox's production for good.
pub const STOP: &str = include_str!("../../demo/stop.sh");

/// Where the service listens, in [`PAYMENTS`]; each sandbox has an address of its own.
pub const ADDRESS: &str = "127.0.0.1:8080";

/// How long a release is watched, in [`PAYMENTS`].
pub const WINDOW: &str = "window = \"20s\"";
