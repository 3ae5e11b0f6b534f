//! The image of a release: built once from a clean tree, deployed by its digest.

use insta::assert_snapshot;

use crate::env::TestEnv;

/// A clone whose image is built by `line`, and an incident up to its fix.
fn begun(line: &str) -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    let deploy = "echo \"$HOTFIX_RELEASE $HOTFIX_IMAGE\" >> ../deploys && echo \"$HOTFIX_RELEASE\" > ../running";
    let old = "echo \"$HOTFIX_RELEASE\" >> ../deploys && echo \"$HOTFIX_RELEASE\" > ../running";
    let text = env.read("hotfix.toml").replace(old, deploy);
    let home = env.path("home").display().to_string();
    env.settings(&format!("{text}\n[image]\nbuild = '''\n{}\n'''\n", line.replace("HOME", &home)));
    env.commit("Build an image");
    env.git(&["push", "--quiet"]);
    begin(&env, "001");
    env
}

fn begin(env: &TestEnv, id: &str) {
    let title = "Payment API returns 500";
    let begun = env.hotfix(&["start", title, "--severity", "P0", "--issue-id", id, "--strategy", "B"]);
    assert_eq!(begun.status, Some(0), "{begun}");
    env.fix(id);
}

/// Prints the image of what the release's fix.txt says.
const BUILD: &str = "echo built >> HOME/builds; echo step 1; echo r/app@sha256:$(sha256sum fix.txt | cut -c -64)";

#[test]
fn a_release_is_deployed_by_its_digest_and_goes_back_by_it() {
    let env = begun(BUILD);
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    begin(&env, "002");
    let deployed = env.hotfix(&["deploy"]);
    assert_eq!(deployed.status, Some(0), "{deployed}");
    env.hotfix(&["rollback", "--yes"]);
    assert_snapshot!(env.read("../deploys"), @r"
    hotfix-001 r/app@sha256:[HASH]
    hotfix-002 r/app@sha256:[HASH]
    hotfix-001 r/app@sha256:[HASH]
    ");
    let deploys = env.read("../deploys");
    let deploys: Vec<&str> = deploys.lines().collect();
    assert_eq!(deploys[0], deploys[2]);
    assert_ne!(deploys[0].split('@').next_back(), deploys[1].split('@').next_back());
    assert_snapshot!(env.hotfix(&["log"]), @r"
    exit status: 0
    --- stdout
    [TIME]  hotfix-001               [COMMIT]  sha256:93fad0bf591e  VERIFIED  Ada <ada@example.org>  002 Payment API returns 500
    [TIME]  hotfix-002               [COMMIT]  sha256:a2ab4230a926  BAD       Ada <ada@example.org>  002 Payment API returns 500
    [TIME]  hotfix-001               [COMMIT]  sha256:93fad0bf591e  VERIFIED  Ada <ada@example.org>  001 Payment API returns 500
    [TIME]  v1.0.0                   -          -                    -         -  seen running by 001, not deployed by hotfix; unverified
    ");
    let timeline = env.hotfix(&["timeline", "001"]).stdout;
    assert!(timeline.contains("image: `r/app@sha256:93fad0bf591e`"), "{timeline}");
}

#[test]
fn it_is_built_of_what_was_released_and_nothing_else() {
    let env =
        begun("ls > HOME/files; git status > HOME/status 2>&1; echo r/app@sha256:$(sha256sum fix.txt | cut -c -64)");
    env.write("left-lying-about.txt", "");
    let deployed = env.hotfix(&["deploy"]);
    assert_eq!(deployed.status, Some(0), "{deployed}");
    assert_snapshot!(env.read("../home/files"), @r"
    README.md
    fix.txt
    hotfix.toml
    ");
    assert!(env.git(&["status", "--porcelain"]).contains("left-lying-about.txt"));
}

#[test]
fn killed_in_the_middle_it_is_built_once() {
    let env = begun(BUILD);
    let killed = env.run(env.hotfix_command(&["ship"]).env("HOTFIX_CRASH", "within:image"));
    assert_eq!(killed.status, None, "{killed}");
    let resumed = env.hotfix(&["resume"]);
    assert_eq!(resumed.status, Some(0), "{resumed}");
    assert_eq!(env.read("../home/builds"), "built\n");
}

#[test]
fn a_build_that_fails_or_names_no_digest_stops_the_release() {
    for (line, reason) in [
        ("echo no space left; exit 3", "exit status 3"),
        ("echo r/app:v1", "named no image by its digest on its last lines"),
        ("echo 'r/app --privileged@sha256:00'", "named no image by its digest on its last lines"),
        (
            &["echo r/app@sha256:$(echo $name | sha256sum | cut -c -64)"; 2].join("; name=b; "),
            "named two images `r/app`",
        ),
    ] {
        let env = begun(line);
        let deployed = env.hotfix(&["deploy"]);
        assert_eq!(deployed.status, Some(1), "{deployed}");
        let status = env.hotfix(&["status"]).stdout;
        assert!(status.contains(reason), "{status}");
        assert_eq!(env.read("../running"), "v1.0.0\n");
    }
}

#[test]
fn several_images_are_written_to_a_file() {
    let two = "for name in api web; do echo r/$name@sha256:$(echo $name | sha256sum | cut -c -64) >> $HOTFIX_IMAGE_FILE; done; echo done";
    let env = begun(two);
    let deployed = env.hotfix(&["deploy"]);
    assert_eq!(deployed.status, Some(0), "{deployed}");
    let log = env.hotfix(&["log"]).stdout;
    assert!(log.contains("2 images"), "{log}");
    assert_eq!(env.read("../deploys").matches("@sha256:").count(), 2);
}
