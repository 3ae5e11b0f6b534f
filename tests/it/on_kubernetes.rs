//! Deploys to a real control plane. Marked as ignored, for a plain `cargo test` has none; `./test`
//! looks for one and says where it is in HOTFIX_TEST_KUBECONFIG. kubectl is the oracle.
//!
//! No containers run there: how a pod does is told by its image's tag, and so by the incident's
//! identifier, of which the tag is made: `nopull`, `crash`, `slow` in it.

mod faults;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::env::{Output, TestEnv};

/// A clone that deploys to a namespace of its own.
pub struct Kube {
    pub env: TestEnv,
    namespace: String,
    kubeconfig: String,
}

impl Kube {
    /// `deployments` run v1.0.0, two instances each.
    pub fn new(deployments: &[&str]) -> Kube {
        Kube::on(kubeconfig(), deployments)
    }

    fn on(kubeconfig: String, deployments: &[&str]) -> Kube {
        let env = TestEnv::new();
        env.instant();
        let directory = env.path("").file_name().unwrap().to_string_lossy().to_lowercase();
        let namespace: String = directory.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let kube = Kube { env, namespace: format!("{namespace}x"), kubeconfig };
        kube.configure(deployments);
        kube.kubectl(&["create", "namespace", &kube.namespace]);
        for name in deployments {
            kube.apply(&deployment(name));
        }
        for name in deployments {
            kube.kubectl(&["rollout", "status", &format!("deployment/{name}"), "--timeout=60s"]);
        }
        kube
    }

    fn configure(&self, deployments: &[&str]) {
        let target = |name: &&str| {
            format!("{{ name = \"{name}\", container = \"app\", image = \"registry/{name}:{{release}}\" }}")
        };
        let targets: Vec<_> = deployments.iter().map(target).collect();
        let by = format!(
            "[deploy.by.kubernetes]\nnamespace = \"{}\"\nsoak = \"1s\"\ndeployments = [{}]\n",
            self.namespace,
            targets.join(", ")
        );
        let text = self.env.read("hotfix.toml");
        let (before, rest) = text.split_once("[deploy.by.command]").unwrap();
        let after = &rest[rest.find("\n[").unwrap()..];
        self.env.settings(&format!("{before}{by}{after}"));
        self.env.commit("Deploy to Kubernetes");
        self.env.git(&["push", "--quiet"]);
    }

    /// Runs kubectl in the namespace, and returns what it printed.
    pub fn kubectl(&self, args: &[&str]) -> String {
        let output = self.env.run(kubectl(&self.kubeconfig, &self.namespace).args(args));
        assert_eq!(output.status, Some(0), "kubectl {args:?}\n{output}");
        output.stdout
    }

    pub fn apply(&self, object: &Value) {
        self.env.write("../object.json", &object.to_string());
        self.kubectl(&["create", "--filename", &self.env.path("object.json").display().to_string()]);
    }

    pub fn get(&self, name: &str) -> Value {
        serde_json::from_str(&self.kubectl(&["get", "deployment", name, "--output=json"])).unwrap()
    }

    pub fn template(&self, name: &str) -> Value {
        self.get(name)["spec"]["template"].clone()
    }

    pub fn image(&self, name: &str) -> String {
        self.template(name)["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    }

    fn replica_sets(&self) -> usize {
        self.kubectl(&["get", "replicasets", "--output=name"]).lines().count()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.env.hotfix_command(args);
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }

    pub fn hotfix(&self, args: &[&str]) -> Output {
        self.env.run(&mut self.command(args))
    }

    /// An incident up to its fix; its release will be `hotfix-ID`.
    fn begin(&self, id: &str) {
        let title = "Payment API returns 500";
        let begun = self.hotfix(&["start", title, "--severity", "P0", "--issue-id", id, "--strategy", "B"]);
        assert_eq!(begun.status, Some(0), "{begun}");
        self.env.fix(id);
    }

    /// Ships while kubectl does something to a deployment that has got its new image.
    fn ship_while(&self, name: &str, image: &str, meanwhile: &[&str]) -> Output {
        self.run_while(self.command(&["ship"]), name, image, || drop(self.kubectl(meanwhile)))
    }

    /// Runs a command; as soon as the deployment has this image, `meanwhile` is done.
    fn run_while(&self, mut ship: Command, name: &str, image: &str, meanwhile: impl FnOnce()) -> Output {
        let ship = ship.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let start = Instant::now();
        while self.image(name) != image {
            assert!(start.elapsed() < Duration::from_secs(60), "the image was never set");
        }
        meanwhile();
        ship.wait_with_output().unwrap().into()
    }
}

impl Drop for Kube {
    fn drop(&mut self) {
        let _ = kubectl(&self.kubeconfig, &self.namespace)
            .args(["delete", "namespace", &self.namespace, "--wait=false"])
            .output();
    }
}

fn kubeconfig() -> String {
    std::env::var("HOTFIX_TEST_KUBECONFIG")
        .expect("HOTFIX_TEST_KUBECONFIG names a kubeconfig; ./test looks for a cluster")
}

fn kubectl(kubeconfig: &str, namespace: &str) -> Command {
    let mut command = Command::new("kubectl");
    command.args(["--kubeconfig", kubeconfig, "--namespace", namespace]);
    command
}

fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name }, "annotations": { "team": "payments" } },
                "spec": {
                    "containers": [
                        { "name": "app", "image": format!("registry/{name}:v1.0.0"),
                          "env": [{ "name": "PASSWORD", "value": "correct-horse" }],
                          "envFrom": [{ "configMapRef": { "name": "flags" } }] },
                        { "name": "proxy", "image": "registry/proxy:1" },
                    ],
                },
            },
        },
    })
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn a_release_is_rolled_out_and_kubectl_agrees() {
    let kube = Kube::new(&["backend", "frontend"]);
    let before = kube.template("backend");
    kube.begin("001");
    let shipped = kube.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    for name in ["backend", "frontend"] {
        assert_eq!(kube.image(name), format!("registry/{name}:hotfix-001"));
        let status = kube.kubectl(&["rollout", "status", &format!("deployment/{name}"), "--timeout=1s"]);
        assert_eq!(status, format!("deployment \"{name}\" successfully rolled out\n"));
        let history = kube.kubectl(&["rollout", "history", &format!("deployment/{name}")]);
        assert!(history.contains("hotfix deploy hotfix-001, from v1.0.0"), "{history}");
    }
    let log = kube.hotfix(&["timeline", "001"]).stdout;
    let way_back = log.lines().find(|line| line.contains("way back")).unwrap();
    assert!(way_back.contains("a rollback does not put back config map `flags`"), "{way_back}");
    assert!(!kube.hotfix(&["timeline", "--events", "--json", "001"]).stdout.contains("correct-horse"));

    // A second incident is undone by a rollback to what the first left, and that exactly.
    let after = kube.template("backend");
    let back = kube.hotfix(&["start", "It is worse", "--severity", "P0", "--issue-id", "002", "--strategy", "B"]);
    assert_eq!(back.status, Some(0), "{back}");
    kube.env.fix("002");
    assert_eq!(kube.hotfix(&["deploy"]).status, Some(0));
    assert_eq!(kube.image("backend"), "registry/backend:hotfix-002");
    let back = kube.hotfix(&["rollback", "--yes"]);
    assert_eq!(kube.template("backend"), after, "{back}");
    assert_ne!(after, before);
    assert_eq!(kube.replica_sets(), 6, "v1.0.0, 001 and 002, of each");
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn what_was_built_is_deployed_by_its_digest_and_known_again() {
    let kube = Kube::new(&["backend", "frontend"]);
    let before = kube.template("backend");
    let build =
        "for name in backend frontend; do echo registry/$name@sha256:$(echo $name | sha256sum | cut -c -64); done";
    kube.env.settings(&format!("{}\n[image]\nbuild = '{build}'\n", kube.env.read("hotfix.toml")));
    kube.env.commit("Build images");
    kube.env.git(&["push", "--quiet"]);
    kube.begin("001");
    let deployed = kube.hotfix(&["deploy"]);
    assert_eq!(deployed.status, Some(0), "{deployed}");
    assert!(kube.image("backend").starts_with("registry/backend@sha256:"), "{}", kube.image("backend"));
    assert!(kube.image("frontend").starts_with("registry/frontend@sha256:"), "{}", kube.image("frontend"));
    let annotations = kube.template("backend")["metadata"]["annotations"].clone();
    assert_eq!(annotations["hotfix/release"], "hotfix-001");
    let back = kube.hotfix(&["rollback", "--yes"]);
    assert_eq!(kube.template("backend"), before, "{back}");
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn a_release_that_can_not_come_up_goes_back_by_itself() {
    for (id, reason) in [("nopull-1", "ImagePullBackOff"), ("crash-1", "CrashLoopBackOff")] {
        let kube = Kube::new(&["backend", "frontend"]);
        let before = [kube.template("backend"), kube.template("frontend")];
        kube.begin(id);
        let start = Instant::now();
        let deployed = kube.hotfix(&["deploy"]);
        let took = start.elapsed();
        let timeline = kube.hotfix(&["timeline"]).stdout;
        assert!(timeline.contains(reason), "{timeline}\n{deployed}");
        assert_eq!([kube.template("backend"), kube.template("frontend")], before, "{deployed}");
        kube.kubectl(&["rollout", "status", "deployment/backend", "--timeout=10s"]);
        let history = kube.kubectl(&["rollout", "history", "deployment/backend"]);
        assert!(history.contains("hotfix roll-back v1.0.0"), "{history}");
        // For people: half of this is the rollback, and the machine is shared.
        println!("{reason}: bad and back after {:.1} s", took.as_secs_f64());
        assert!(took < Duration::from_secs(300), "kubectl would have taken 10 minutes, this took {took:?}");
    }
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn an_image_that_somebody_else_sets_meanwhile_stays() {
    let kube = Kube::new(&["backend"]);
    kube.begin("slow-1");
    let set = ["set", "image", "deployment/backend", "app=registry/backend:v9"];
    let shipped = kube.ship_while("backend", "registry/backend:hotfix-slow-1", &set);
    assert_eq!(shipped.status, Some(4), "{shipped}");
    let said = kube.hotfix(&["status"]).stdout;
    assert!(said.contains("somebody else changed deployment `backend` meanwhile"), "{said}\n{shipped}");
    assert_eq!(kube.image("backend"), "registry/backend:v9");
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn a_deployment_that_is_deleted_meanwhile_is_missed() {
    let kube = Kube::new(&["backend"]);
    kube.begin("slow-1");
    let shipped = kube.ship_while("backend", "registry/backend:hotfix-slow-1", &["delete", "deployment", "backend"]);
    assert_eq!(shipped.status, Some(4), "{shipped}");
    let timeline = kube.hotfix(&["timeline"]).stdout;
    assert!(timeline.contains("it was deleted meanwhile"), "{timeline}");
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn a_deploy_that_could_not_be_seen_to_end_is_held() {
    for (change, reason) in [
        (&["rollout", "pause", "deployment/backend"][..], "it is paused"),
        (&["scale", "deployment/backend", "--replicas=0"], "it is scaled to 0"),
        (&["delete", "deployment", "backend"], "there is no deployment `backend`"),
    ] {
        let kube = Kube::new(&["backend"]);
        kube.begin("001");
        kube.kubectl(change);
        let deployed = kube.hotfix(&["deploy"]);
        assert_eq!(deployed.status, Some(3), "{deployed}");
        assert!(kube.hotfix(&["status"]).stdout.contains(reason), "{reason}\n{deployed}");
    }
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn killed_in_the_middle_of_a_rollout_there_is_one_rollout() {
    let kube = Kube::new(&["backend", "frontend"]);
    kube.begin("001");
    // After the first of the two.
    let killed = kube.env.run(kube.command(&["ship"]).env("HOTFIX_CRASH", "within:deploy"));
    assert_eq!(killed.status, None, "{killed}");
    assert_eq!(
        [kube.image("backend"), kube.image("frontend")],
        ["registry/backend:hotfix-001", "registry/frontend:v1.0.0"]
    );
    let resumed = kube.hotfix(&["resume"]);
    assert_eq!(resumed.status, Some(0), "{resumed}");
    assert_eq!(kube.image("frontend"), "registry/frontend:hotfix-001");
    assert_eq!(kube.replica_sets(), 4, "an old one and a new one of each");
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn killed_in_the_middle_of_the_rollback_it_goes_back_once() {
    let kube = Kube::new(&["backend", "frontend"]);
    let before = [kube.template("backend"), kube.template("frontend")];
    kube.begin("crash-1");
    let killed = kube.env.run(kube.command(&["ship"]).env("HOTFIX_CRASH", "within:roll-back"));
    assert_eq!(killed.status, None, "{killed}");
    let resumed = kube.hotfix(&["resume"]);
    assert_eq!([kube.template("backend"), kube.template("frontend")], before, "{resumed}");
    assert_eq!(kube.replica_sets(), 4, "an old one and a new one of each");
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn a_release_that_comes_up_and_crashes_within_the_soak_goes_back_by_itself() {
    let kube = Kube::new(&["backend"]);
    kube.env.settings(&kube.env.read("hotfix.toml").replace("soak = \"1s\"", "soak = \"10s\""));
    let before = kube.template("backend");
    kube.begin("late-crash-1");
    let deployed = kube.hotfix(&["deploy"]);
    let timeline = kube.hotfix(&["timeline"]).stdout;
    assert!(timeline.contains("deploy went bad") && timeline.contains("CrashLoopBackOff"), "{timeline}\n{deployed}");
    assert_eq!(kube.template("backend"), before, "{deployed}");
}

#[test]
#[ignore = "needs Kubernetes: run ./test"]
fn credentials_that_expired_are_named() {
    let kube = Kube::new(&["backend"]);
    kube.begin("001");
    let text = std::fs::read_to_string(kubeconfig()).unwrap();
    let (before, token) = text.split_once("token: ").expect("the cluster of ./test takes a token");
    let end = token.find(['}', '\n']).unwrap();
    kube.env.write("../expired", &format!("{before}token: expired{}", &token[end..]));
    let mut deploy = kube.command(&["deploy"]);
    let deployed = kube.env.run(deploy.env("KUBECONFIG", kube.env.path("expired")));
    assert!(deployed.to_string().contains("does not accept the credentials"), "{deployed}");
    assert_eq!(kube.image("backend"), "registry/backend:v1.0.0");
}
