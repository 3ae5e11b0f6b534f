//! Deploys with a real docker compose on a real engine, the images from a real registry. Marked as
//! ignored, for a plain `cargo test` has none of them; `./test` starts an engine and a registry of its
//! own and says where they are in HOTFIX_TEST_DOCKER (its socket), HOTFIX_TEST_DOCKER_CONFIG,
//! HOTFIX_TEST_REGISTRY and HOTFIX_TEST_BUSYBOX, of which the images are made.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::env::{Output, TestEnv};

/// A service that does nothing until it is told to stop.
const WELL: &str = "trap 'exit 0' TERM; while :; do sleep 1 & wait; done";

/// A clone whose production is a project of compose's.
struct Host {
    env: TestEnv,
    project: String,
}

impl Host {
    /// One service `api`, so many containers of v1.0.0; `more` is put into its part of the compose file.
    fn new(containers: usize, more: &str) -> Host {
        let env = TestEnv::new();
        env.instant();
        let directory = env.path("").file_name().unwrap().to_string_lossy().to_lowercase();
        let project: String = directory.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let host = Host { env, project };
        host.configure(more);
        host.release("v1.0.0", WELL);
        let scale = format!("--scale=api={containers}");
        let project = host.project.clone();
        host.docker(&["compose", "-p", &project, "-f", "compose.yml", "up", "--detach", "--quiet-pull", &scale]);
        host
    }

    fn configure(&self, more: &str) {
        let (project, image) = (&self.project, self.image(""));
        self.env.write(
            "compose.yml",
            &format!(
                "services:\n  api:\n    image: {image}v1.0.0\n    network_mode: none\n    volumes: [\"state:/state\"]\n    \
                 environment: {{ PASSWORD: \"correct-horse\" }}\n{more}\nvolumes: {{ state: {{}} }}\n"
            ),
        );
        let by = format!(
            "[deploy.by.compose]\nfiles = [\"compose.yml\"]\nproject = \"{project}\"\nsoak = \"1s\"\ndeadline = \"40s\"\n\
             services = [{{ name = \"api\", image = \"{image}{{release}}\" }}]\n"
        );
        let text = self.env.read("hotfix.toml");
        let (before, rest) = text.split_once("[deploy.by.command]").unwrap();
        let after = &rest[rest.find("\n[").unwrap()..];
        self.env.settings(&format!("{before}{by}{after}"));
        self.env.commit("Deploy with compose");
        self.env.git(&["push", "--quiet"]);
    }

    /// The service's image with this tag.
    fn image(&self, tag: &str) -> String {
        format!("{}/{}:{tag}", variable("HOTFIX_TEST_REGISTRY"), self.project)
    }

    /// Builds an image that runs `script`, pushes it, and forgets it here.
    fn release(&self, tag: &str, script: &str) {
        let directory = self.env.path(&format!("image-{tag}"));
        fs::create_dir_all(directory.join("bin")).unwrap();
        fs::copy(variable("HOTFIX_TEST_BUSYBOX"), directory.join("bin/busybox")).unwrap();
        for name in ["sh", "sleep"] {
            std::os::unix::fs::symlink("busybox", directory.join("bin").join(name)).unwrap();
        }
        fs::write(directory.join("run"), format!("echo {tag}; {script}\n")).unwrap();
        let archive = self.env.path(&format!("{tag}.tar"));
        let tar = Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(&directory).arg(".").status().unwrap();
        assert!(tar.success());
        let command = "CMD [\"/bin/sh\", \"/run\"]";
        self.docker(&["import", "--change", command, &archive.display().to_string(), &self.image(tag)]);
        self.docker(&["push", "--quiet", &self.image(tag)]);
        self.docker(&["rmi", &self.image(tag)]);
    }

    fn docker(&self, args: &[&str]) -> String {
        let mut command = Command::new("docker");
        command.args(args).current_dir(self.env.path("work"));
        let output = self.env.run(engine(&mut command));
        assert_eq!(output.status, Some(0), "docker {args:?}\n{output}");
        output.stdout.trim_end().to_owned()
    }

    fn hotfix(&self, args: &[&str]) -> Output {
        self.env.run(engine(&mut self.env.hotfix_command(args)))
    }

    fn killed(&self, point: &str, args: &[&str]) {
        let mut command = self.env.hotfix_command(args);
        let killed = self.env.run(engine(&mut command).env("HOTFIX_CRASH", point));
        assert_eq!(killed.status, None, "{killed}");
    }

    /// An incident up to its fix; its release will be `hotfix-ID`.
    fn begin(&self, id: &str) {
        let title = "Payment API returns 500";
        let begun = self.hotfix(&["start", title, "--severity", "P0", "--issue-id", id, "--strategy", "B"]);
        assert_eq!(begun.status, Some(0), "{begun}");
        self.env.fix(id);
    }

    /// The tag that each container printed at its start, with its state.
    fn running(&self) -> Vec<String> {
        let filter = format!("label=com.docker.compose.project={}", self.project);
        let ids = self.docker(&["ps", "--all", "--quiet", "--filter", &filter]);
        let state = |id: &str| self.docker(&["inspect", "--format", "{{.State.Status}}", id]);
        let first = |id: &str| self.docker(&["logs", id]).lines().next().unwrap_or_default().to_owned();
        ids.lines().map(|id| format!("{} {}", first(id), state(id))).collect()
    }

    fn ids(&self) -> String {
        let filter = format!("label=com.docker.compose.project={}", self.project);
        self.docker(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter])
    }

    fn says(&self, words: &str) {
        let timeline = self.hotfix(&["timeline", "--events"]).stdout;
        let status = self.hotfix(&["status"]).stdout;
        assert!(timeline.contains(words) || status.contains(words), "{words}\n{timeline}\n{status}");
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Without an engine there is nothing to clean up.
        if std::env::var_os("HOTFIX_TEST_DOCKER").is_none() || std::thread::panicking() {
            return;
        }
        for id in self.ids().lines() {
            self.docker(&["rm", "--force", id]);
        }
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; ./test starts an engine and says where it is"))
}

fn engine(command: &mut Command) -> &mut Command {
    command
        .env("DOCKER_HOST", variable("HOTFIX_TEST_DOCKER"))
        .env("DOCKER_CONFIG", variable("HOTFIX_TEST_DOCKER_CONFIG"))
}

#[test]
#[ignore = "needs docker: run ./test"]
fn a_release_takes_the_place_of_each_container_and_goes_back() {
    let host = Host::new(2, "");
    host.release("hotfix-001", WELL);
    host.release("hotfix-002", WELL);
    host.begin("001");
    let shipped = host.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert_eq!(host.running(), ["hotfix-001 running", "hotfix-001 running"], "as many as before");
    let image = host.docker(&["inspect", "--format", "{{.Config.Image}}", host.ids().lines().next().unwrap()]);
    assert!(image.contains("@sha256:"), "{image}");
    host.says("api: 2 of");
    host.says("a rollback does not put back volume `state`");
    assert!(!host.hotfix(&["timeline", "--events", "--json", "001"]).stdout.contains("correct-horse"));
    assert!(host.env.read("compose.yml").contains(":v1.0.0"), "the user's file stays as it is");

    host.begin("002");
    let deployed = host.hotfix(&["deploy"]);
    assert_eq!(deployed.status, Some(0), "{deployed}");
    assert_eq!(host.running(), ["hotfix-002 running", "hotfix-002 running"]);
    let back = host.hotfix(&["rollback", "--yes"]);
    assert_eq!(host.running(), ["hotfix-001 running", "hotfix-001 running"], "{back}");
}

#[test]
#[ignore = "needs docker: run ./test"]
fn a_release_that_can_not_stay_up_goes_back_by_itself() {
    let sick = "    healthcheck: { test: [\"CMD\", \"/bin/sh\", \"-c\", \"[ -e /sick ] && exit 1; exit 0\"], interval: 1s, retries: 2 }";
    let cases = [
        ("    restart: always", "exit 3", "`api` starts again and again, ended with status 3"),
        ("    restart: \"no\"", "exit 3", "`api` ended with status 3"),
        (sick, ": > /sick; while :; do sleep 1; done", "`api` is unhealthy"),
    ];
    std::thread::scope(|scope| {
        for (more, script, reason) in cases {
            scope.spawn(move || {
                let host = Host::new(1, more);
                host.release("hotfix-001", script);
                host.begin("001");
                let start = Instant::now();
                let deployed = host.hotfix(&["deploy"]);
                let took = start.elapsed();
                assert_eq!(host.running(), ["v1.0.0 running"], "{deployed}");
                host.says(reason);
                println!("{reason}: bad and back after {:.1} s", took.as_secs_f64());
                assert!(took < Duration::from_secs(300), "noticed, not waited for: {took:?}");
            });
        }
    });
}

#[test]
#[ignore = "needs docker: run ./test"]
fn one_crash_at_the_start_is_no_failure() {
    let host = Host::new(1, "    restart: always");
    host.release("hotfix-001", &format!("[ -e /again ] || {{ : > /again; exit 1; }}; {WELL}"));
    host.begin("001");
    let shipped = host.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert_eq!(host.running(), ["hotfix-001 running"]);
}

#[test]
#[ignore = "needs docker: run ./test"]
fn what_compose_refuses_changes_nothing() {
    let host = Host::new(1, "");
    let before = host.ids();
    host.begin("001");
    let held = host.hotfix(&["deploy"]);
    assert_eq!(held.status, Some(3), "{held}");
    host.says("can't be pulled: Error response from daemon: manifest for");

    host.release("hotfix-001", WELL);
    let text = host.env.read("compose.yml");
    for (wrong, reason) in [
        (text.replace("network_mode: none", "network_mode: [none]"), "network_mode must be a string"),
        (text.replace("correct-horse", "correct${horse"), "invalid interpolation format for services.api"),
        (text.replace("api:", "web:"), "the compose files have no service `api`"),
        (text.replace("volumes: { state: {} }", ""), "refers to undefined volume state"),
    ] {
        host.env.write("compose.yml", &wrong);
        let held = host.hotfix(&["deploy"]);
        assert_eq!(held.status, Some(3), "{held}");
        host.says(reason);
        assert!(!held.to_string().contains("correct"), "{held}");
    }
    assert_eq!(host.ids(), before);

    host.env.write("compose.yml", &text.replace("correct-horse", "$NOBODY_SET_THIS"));
    let shipped = host.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    host.says("variable is not set. Defaulting to a blank string.");
    host.says("`api` also gets other values of PASSWORD");
}

#[test]
#[ignore = "needs docker: run ./test"]
fn killed_in_the_middle_there_is_one_deploy_and_one_rollback() {
    let host = Host::new(2, "");
    host.release("hotfix-001", WELL);
    host.begin("001");
    host.killed("within:deploy", &["ship"]);
    let resumed = host.hotfix(&["resume"]);
    assert_eq!(resumed.status, Some(0), "{resumed}");
    assert_eq!(host.running(), ["hotfix-001 running", "hotfix-001 running"]);

    host.release("hotfix-002", "exit 3");
    host.begin("002");
    host.killed("within:roll-back", &["ship"]);
    let resumed = host.hotfix(&["resume"]);
    assert_eq!(host.running(), ["hotfix-001 running", "hotfix-001 running"], "{resumed}");
}

#[test]
#[ignore = "needs docker: run ./test"]
fn an_image_that_is_gone_is_fetched_back_or_named() {
    for in_registry in [true, false] {
        let host = Host::new(1, "");
        host.release("hotfix-001", WELL);
        host.begin("001");
        let deployed = host.hotfix(&["deploy"]);
        assert_eq!(deployed.status, Some(0), "{deployed}");
        let old = host.docker(&["images", "--quiet", "--no-trunc", &host.image("v1.0.0")]);
        let digest = host.docker(&["image", "inspect", "--format", "{{index .RepoDigests 0}}", &old]);
        host.docker(&["rmi", "--force", &old]);
        if !in_registry {
            forget(&digest);
        }
        let back = host.hotfix(&["rollback", "--yes"]);
        if in_registry {
            assert_eq!(host.running(), ["v1.0.0 running"], "{back}");
        } else {
            assert_eq!(back.status, Some(4), "{back}");
            host.says("is gone: Error response from daemon: manifest for");
            assert_eq!(host.running(), ["hotfix-001 running"]);
        }
    }
}

#[test]
#[ignore = "needs docker: run ./test"]
fn what_was_built_is_deployed_whatever_became_of_its_tag() {
    let host = Host::new(1, "    restart: always");
    // The good one is named by its digest; then the tag moves to one that does not stay up.
    let (busybox, image) = (variable("HOTFIX_TEST_BUSYBOX"), host.image(""));
    let push = format!(
        "mkdir -p r/bin; cp {busybox} r/bin/busybox; ln -sf busybox r/bin/sh; ln -sf busybox r/bin/sleep; echo \"$1\" > r/run\n\
         tar -cC r . | docker import --change 'CMD [\"/bin/sh\", \"/run\"]' - {image}$HOTFIX_RELEASE >&2\n\
         docker push --quiet {image}$HOTFIX_RELEASE >&2\n\
         docker image inspect --format '{{{{index .RepoDigests 0}}}}' {image}$HOTFIX_RELEASE"
    );
    host.env.write("push.sh", &format!("set -e\n{push}\n"));
    let build =
        format!("good=$(sh push.sh \"echo built; {WELL}\") && sh push.sh 'exit 3' > push.log 2>&1 && echo $good");
    host.env.settings(&format!("{}\n[image]\nbuild = \"\"\"{build}\"\"\"\n", host.env.read("hotfix.toml")));
    host.env.commit("Build an image");
    host.env.git(&["push", "--quiet"]);
    host.begin("001");
    let shipped = host.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert_eq!(host.running(), ["built running"]);
    let image = host.docker(&["inspect", "--format", "{{.Config.Image}}", &host.ids()]);
    let digest = &image[image.find("sha256:").unwrap()..][..19];
    let log = host.hotfix(&["log"]).stdout;
    assert!(log.contains(digest), "{digest}\n{log}");
}

/// Takes an image out of the registry.
fn forget(digest: &str) {
    use std::io::{Read, Write};
    let (registry, rest) = digest.split_once('/').unwrap();
    let (name, digest) = rest.split_once('@').unwrap();
    let mut stream = std::net::TcpStream::connect(registry).unwrap();
    write!(stream, "DELETE /v2/{name}/manifests/{digest} HTTP/1.0\r\nHost: {registry}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("202"), "{answer}");
}
