//! A deploy without an incident, the ladder and the scale on a real control plane; see
//! on_kubernetes.rs. kubectl is the oracle.

use serde_json::{Value, json};

use crate::env::Output;
use crate::on_kubernetes::Kube;

/// Deployments that run v1.0.0, two instances each, and tags to deploy.
fn released(deployments: &[&str]) -> Kube {
    let kube = Kube::new(deployments);
    for tag in ["v1.0.0", "v1.1.0", "v1.2.0-crash"] {
        kube.env.git(&["tag", tag]);
    }
    kube
}

impl Kube {
    fn pods(&self) -> Vec<String> {
        let pods = self.kubectl(&["get", "pods", "--output=name", "--field-selector=status.phase=Running"]);
        pods.lines().map(str::to_owned).collect()
    }

    fn rolled_out(&self, name: &str) {
        let status = self.kubectl(&["rollout", "status", &format!("deployment/{name}"), "--timeout=10s"]);
        assert!(status.contains("successfully rolled out"), "{status}");
        assert_eq!(self.get(name)["spec"]["replicas"], 2);
        assert_eq!(self.get(name)["metadata"]["annotations"]["hotfix/replicas"], Value::Null);
    }

    fn killed(&self, args: &[&str], point: &str) {
        let killed = self.env.run(self.command(args).env("HOTFIX_CRASH", point));
        assert_eq!(killed.status, None, "{killed}");
    }

    fn autoscaler(&self, deployment: &str, labels: Value) {
        self.apply(&json!({
            "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
            "metadata": { "name": "load", "labels": labels },
            "spec": { "minReplicas": 2, "maxReplicas": 9,
                "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": deployment } },
        }));
    }
}

fn ok(output: &Output) {
    assert_eq!(output.status, Some(0), "{output}");
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn a_release_goes_out_and_back_without_an_incident() {
    let kube = released(&["backend", "frontend"]);
    let before = kube.template("backend");
    let planned = kube.hotfix(&["deploy", "v1.1.0", "--dry-run"]);
    for said in ["backend: 2 of registry/backend:v1.0.0", "a rollback does not put back config map `flags`", "about "] {
        assert!(planned.stdout.contains(said), "{said}: {planned}");
    }
    assert_eq!(kube.template("backend"), before, "a dry run changes nothing");
    assert_eq!(kube.kubectl(&["get", "controllerrevisions", "--output=name"]), "", "and keeps nothing");

    ok(&kube.hotfix(&["deploy", "v1.1.0"]));
    for name in ["backend", "frontend"] {
        assert_eq!(kube.image(name), format!("registry/{name}:v1.1.0"));
        kube.rolled_out(name);
    }
    let back = kube.hotfix(&["deploy", "v1.2.0-crash"]);
    assert_eq!(back.status, Some(1), "{back}");
    assert_eq!(kube.image("frontend"), "registry/frontend:v1.1.0");
    ok(&kube.hotfix(&["rollback", "--to", "v1.0.0", "--yes"]));
    assert_eq!(kube.template("backend"), before);
    let history = kube.kubectl(&["rollout", "history", "deployment/backend"]);
    assert!(history.contains("hotfix roll-back v1.0.0, from v1.1.0"), "{history}");
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn a_restart_takes_every_instance_away_and_brings_back_as_many() {
    let kube = released(&["backend", "frontend"]);
    let before = (kube.template("backend"), kube.pods());
    kube.autoscaler("backend", json!({}));
    let restart = ["rollback", "--rung", "restart", "--yes"];
    // Killed once there is none left: the number is on the deployment.
    kube.killed(&restart, "within:roll-back");
    assert_eq!(kube.get("frontend")["spec"]["replicas"], 0);
    assert_eq!(kube.get("frontend")["metadata"]["annotations"]["hotfix/replicas"], "2");
    assert_eq!(kube.pods(), [""; 0]);
    let resumed = kube.hotfix(&["resume"]);
    ok(&resumed);
    for name in ["backend", "frontend"] {
        kube.rolled_out(name);
    }
    assert_eq!(kube.template("backend"), before.0);
    assert!(kube.pods().iter().all(|pod| !before.1.contains(pod)), "{:?}", kube.pods());

    // Killed when one of the two is gone, and when one of the two is back.
    for point in ["within:take-away", "within:bring-back"] {
        kube.killed(&restart, point);
        ok(&kube.hotfix(&["resume"]));
        for name in ["backend", "frontend"] {
            kube.rolled_out(name);
        }
    }
    let shown = kube.hotfix(&["rollback", "--rung", "restart", "--dry-run"]);
    let warning = "autoscaler `load` keeps `backend` at 2 to 9 instances and continues once they are back";
    assert!(shown.stderr.contains(warning), "{shown}");
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn what_is_made_anew_is_what_it_was() {
    let kube = released(&["backend"]);
    let recreate = ["rollback", "--rung", "recreate", "--yes"];
    kube.kubectl(&["annotate", "deployment", "backend", "owner=payments"]);
    let before = kube.get("backend");
    // Killed once it is deleted.
    kube.killed(&recreate, "within:roll-back");
    assert_eq!(kube.kubectl(&["get", "deployments", "--output=name"]), "");
    ok(&kube.hotfix(&["resume"]));
    kube.rolled_out("backend");
    let after = kube.get("backend");
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after["metadata"]["annotations"]["owner"], "payments");
    assert_eq!(after["spec"], before["spec"]);

    // Deleted by somebody else, it is made from what was recorded before the last deploy.
    ok(&kube.hotfix(&["deploy", "v1.1.0"]));
    kube.kubectl(&["delete", "deployment", "backend"]);
    ok(&kube.hotfix(&["rollback", "--to", "v1.0.0", "--rung", "recreate", "--yes"]));
    kube.rolled_out("backend");
    assert_eq!(kube.template("backend"), before["spec"]["template"]);
    let events = kube.hotfix(&["timeline", "--events"]).stdout;
    assert!(!events.contains("correct-horse"), "{events}");
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn where_the_image_before_is_gone_another_release_helps() {
    let kube = released(&["backend"]);
    ok(&kube.hotfix(&["deploy", "v1.1.0"]));
    kube.env.configure("soak = \"1s\"", "soak = \"1s\"\ndeadline = \"20s\"");
    kube.kubectl(&["set", "image", "deployment/backend", "app=registry/backend:v1.1.1-nopull"]);
    let stuck = kube.hotfix(&["deploy", "v1.2.0-crash"]);
    assert_eq!(stuck.status, Some(4), "{stuck}");
    assert!(stuck.stderr.contains("ImagePullBackOff"), "{stuck}");
    assert!(stuck.stderr.contains("--rung recreate"), "{stuck}");
    // Once more does not help, and is not taken for done.
    assert_eq!(kube.hotfix(&["rollback", "--yes"]).status, Some(4));
    let back = kube.hotfix(&["rollback", "--to", "v1.1.0", "--yes"]);
    assert_eq!(back.status, Some(0), "{back}");
    assert_eq!(kube.image("backend"), "registry/backend:v1.1.0");
    kube.rolled_out("backend");
}

/// An incident that is ended by maintenance.
const MAINTENANCE: &[&str] =
    &["start", "Data corruption in orders", "--severity", "P0", "--issue-id", "001", "--strategy", "D"];

fn by_scale() -> Kube {
    let kube = released(&["backend", "frontend"]);
    kube.env.configure("[watch]", "[maintenance]\nby = \"scale\"\n\n[watch]");
    kube
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn for_maintenance_every_instance_is_away_until_the_fix_runs() {
    let kube = by_scale();
    kube.autoscaler("backend", json!({ "app.kubernetes.io/managed-by": "keda-operator" }));
    let held = kube.hotfix(MAINTENANCE);
    assert_eq!(held.status, Some(3), "{held}");
    let reason = "autoscaler `load` keeps `backend` at 2 to 9 instances and may bring instances back at any time";
    assert!(held.to_string().contains(reason), "{held}");
    ok(&kube.hotfix(&["waive", "autoscaler", "--reason", "it is suspended"]));
    // Killed when one of the two is away.
    kube.killed(&["resume"], "within:take-away");
    let resumed = kube.hotfix(&["resume"]);
    assert!(resumed.stderr.contains("  ok    maintenance-on  no instances (backend: 2; frontend: 2;"), "{resumed}");
    for name in ["backend", "frontend"] {
        assert_eq!(kube.get(name)["spec"]["replicas"], 0);
    }
    kube.env.fix("001");
    let shipped = kube.hotfix(&["ship"]);
    ok(&shipped);
    assert!(shipped.stderr.contains("  ok    maintenance-off the instances are back"), "{shipped}");
    for name in ["backend", "frontend"] {
        assert_eq!(kube.image(name), format!("registry/{name}:hotfix-001"));
        kube.rolled_out(name);
    }
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn a_maintenance_that_is_aborted_brings_the_instances_back() {
    let kube = by_scale();
    kube.hotfix(MAINTENANCE);
    assert_eq!(kube.pods(), [""; 0]);
    // Somebody tidies up; the journal knows the number too.
    kube.kubectl(&["annotate", "deployment", "backend", "hotfix/replicas-"]);
    kube.killed(&["abort", "--reason", "false alarm", "--yes"], "within:bring-back");
    ok(&kube.hotfix(&["resume"]));
    for name in ["backend", "frontend"] {
        assert_eq!(kube.image(name), format!("registry/{name}:v1.0.0"));
        kube.rolled_out(name);
    }
}
