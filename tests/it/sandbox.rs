//! The demo's sandbox: what it is built of is real.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hotfix::demo::customers::Customers;
use hotfix::demo::error::SandboxError;
use hotfix::demo::fix::{self, Fix};
use hotfix::demo::sandbox::Sandbox;
use hotfix::git::Git;
use jiff::Timestamp;

async fn sandbox(directory: &Path) -> Result<Sandbox, SandboxError> {
    Sandbox::build(Some(directory), Duration::from_secs(1), Timestamp::now()).await
}

/// Runs one of the repository's scripts and returns what it printed.
fn script(sandbox: &Sandbox, name: &str, release: &str) -> String {
    let mut script = Command::new("sh");
    script.arg(name).current_dir(&sandbox.repository).env("HOTFIX_RELEASE", release);
    let ended = script.output().unwrap();
    assert!(ended.status.success(), "{name}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

/// Deploys the fix, its tests passed, and returns how many of 100 customers get an error.
async fn errors_with(sandbox: &Sandbox, customers: &Customers, fix: &Fix, release: &str) -> u64 {
    let git = Git::at(&sandbox.repository);
    fix.commit(git.directory()).await.unwrap();
    git.run(["tag", release]).await.unwrap();
    script(sandbox, "ops/test.sh", release);
    script(sandbox, "ops/lint.sh", release);
    script(sandbox, "ops/deploy.sh", release);
    errors(customers).await
}

/// Returns how many of 100 customers get an error.
async fn errors(customers: &Customers) -> u64 {
    customers.count();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let count = customers.count();
    100 * count.errors / count.answered
}

#[tokio::test]
async fn customers_get_errors_until_the_good_fix_runs() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&directory.path().join("it's a $sandbox")).await.unwrap();
    let customers = Customers::start(sandbox.address);

    let before = errors(&customers).await;
    let bad = errors_with(&sandbox, &customers, &fix::BAD, "bad").await;
    let good = errors_with(&sandbox, &customers, &fix::GOOD, "good").await;
    assert!(0 < before && before < bad && good == 0, "{before}%, {bad}%, {good}%");

    assert_eq!(script(&sandbox, "ops/deploy.sh", "good"), "good runs already\n");
    script(&sandbox, "ops/deploy.sh", "v2.3.1");
    assert_eq!(script(&sandbox, "ops/current.sh", ""), "v2.3.1\n");
}

#[tokio::test]
async fn nothing_runs_once_the_sandbox_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = sandbox(directory.path()).await.unwrap();
    let (address, repository) = (sandbox.address, sandbox.repository.clone());
    drop(sandbox);
    TcpListener::bind(address).unwrap();

    let mut late = Command::new("sh");
    late.arg("ops/deploy.sh").current_dir(repository).env("HOTFIX_RELEASE", "v2.3.1");
    let refused = late.output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).starts_with("this production was closed"));
    TcpListener::bind(address).unwrap();
}

#[tokio::test]
async fn a_directory_with_something_in_it_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("mine"), "").unwrap();
    let error = sandbox(directory.path()).await.err().unwrap();
    assert_eq!(error.to_string(), format!("`{}` is not empty", directory.path().display()));
}
