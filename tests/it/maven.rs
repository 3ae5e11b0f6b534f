//! A proof by Maven itself, with what Debian's packages have: nothing is fetched.

use std::fs;
use std::path::Path;

use crate::check::fix;
use crate::env::TestEnv;

const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId><artifactId>shop</artifactId><version>1</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source>
    <maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.x</version><scope>test</scope></dependency>
  </dependencies>
  <build><plugins>
    <plugin><artifactId>maven-resources-plugin</artifactId><version>3.3.0</version></plugin>
    <plugin><artifactId>maven-compiler-plugin</artifactId><version>3.10.1</version></plugin>
    <plugin><artifactId>maven-surefire-plugin</artifactId><version>2.22.3</version></plugin>
  </plugins></build>
</project>
"#;

fn tests(more: &str) -> String {
    format!(
        "package shop;\n\nimport static org.junit.Assert.assertEquals;\nimport org.junit.Test;\n\npublic class MoneyTest {{\n    \
         @Test public void two() {{ assertEquals(4, Money.twice(2)); }}\n{more}}}\n"
    )
}

fn money(twice: &str) -> String {
    format!(
        "package shop;\n\npublic class Money {{\n    public static int twice(int x) {{\n        {twice}\n    }}\n}}\n"
    )
}

#[test]
#[ignore = "needs Maven with libsurefire-java and junit4 of Debian: ./test"]
fn a_proof_by_surefire() {
    let env = TestEnv::new();
    copy(Path::new("/usr/share/maven-repo"), &env.path("repository"));
    let local = format!("-Dmaven.repo.local={}", env.path("repository").display());
    env.settings(&format!(
        "[guard]\nmarker = \"\"\n[proof]\nruns = 1\n[proof.by.maven]\narguments = [\"--offline\", {local:?}]\n"
    ));
    env.write("pom.xml", POM);
    env.write(".gitignore", "target\n");
    let (source, test) = ("src/main/java/shop/Money.java", "src/test/java/shop/MoneyTest.java");
    env.write(source, &money("return x + 2;"));
    env.write(test, &tests(""));
    env.commit("Begin");
    env.git(&["push", "--quiet"]);
    env.git(&["switch", "--quiet", "--create", "fix"]);
    let new = "    @Test public void three() { assertEquals(6, Money.twice(3)); }\n";
    fix(&env, &[(source, &money("return 2 * x;")), (test, &tests(new))]);
    let output = env.hotfix(&["check", "--only", "proof", "--json"]);
    let check: serde_json::Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
    assert_eq!(check["proof"]["fail_to_pass"], serde_json::json!(["shop.MoneyTest.three"]), "{output}");
    assert_eq!(check["proof"]["pass_to_pass"], 1, "{output}");

    let missing = "    @Test public void thrice() { assertEquals(6, Money.thrice(2)); }\n";
    let thrice = money("return 2 * x;")
        .replace("    public", "    public static int thrice(int x) { return 3 * x; }\n    public");
    fix(&env, &[(source, &thrice), (test, &tests(missing))]);
    let held = env.hotfix(&["check", "--only", "proof"]);
    assert_eq!(held.status, Some(3), "{held}");
    assert!(held.stdout.contains("invalid: without the fix its tests have no result: it does not build"), "{held}");
}

/// Copies a directory; what links lead to is copied too.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        match fs::metadata(&from) {
            Ok(found) if found.is_dir() => copy(&from, &to),
            Ok(_) => drop(std::os::unix::fs::symlink(fs::canonicalize(&from).unwrap(), &to)),
            // A link to what another package has.
            Err(_) => {}
        }
    }
}
