//! What a fix is judged by: the settings of test runners and linters, CI, hotfix's own rules, and the programs that
//! gates start. One table; a fix that changes something of it changes how it is judged.

pub mod commands;
mod parts;

use std::sync::LazyLock;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// The part of a file that judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// The tables of a TOML file with one of these paths.
    Toml(&'static [&'static str]),
    /// The members of the object in a JSON file with one of these names.
    Json(&'static [&'static str]),
    /// The sections of an INI file whose names start with one of these.
    Ini(&'static [&'static str]),
    /// The plugins of a pom.xml with one of these artifact names.
    Maven(&'static [&'static str]),
    /// The blocks in braces whose first line has one of these words.
    Blocks(&'static [&'static str]),
}

/// Files by their patterns, what they are for people, and which part of them counts.
struct Judge {
    what: &'static str,
    part: Part,
    paths: &'static [&'static str],
}

const TABLE: &[Judge] = &[
    Judge { what: "hotfix's rules", part: Part::Whole, paths: &["hotfix.toml", ".hotfix/**"] },
    Judge {
        what: "CI",
        part: Part::Whole,
        paths: &[
            ".github/workflows/**",
            ".github/actions/**",
            "{.github/,docs/,}CODEOWNERS",
            ".gitlab-ci.{yml,yaml}",
            ".gitlab/**",
            "{.forgejo,.gitea}/workflows/**",
            "{.circleci,.buildkite,.woodpecker,.semaphore}/**",
            "{.travis,.drone,.woodpecker,appveyor,.appveyor,.cirrus,azure-pipelines,bitbucket-pipelines}.{yml,yaml}",
            "Jenkinsfile*",
            ".pre-commit-config.yaml",
        ],
    },
    Judge {
        what: "pytest's settings",
        part: Part::Whole,
        paths: &["**/conftest.py", "**/{,.}pytest.ini", "**/.coveragerc", "**/tox.ini", "**/noxfile.py"],
    },
    Judge {
        what: "the settings of tests and linters",
        part: Part::Toml(&[
            "tool.pytest",
            "tool.tox",
            "tool.nox",
            "tool.coverage",
            "tool.mypy",
            "tool.ruff",
            "tool.pyright",
            "tool.pylint",
        ]),
        paths: &["**/pyproject.toml"],
    },
    Judge {
        what: "the settings of tests and linters",
        part: Part::Ini(&["tool:pytest", "mypy", "flake8", "coverage", "tox", "pylint", "aliases"]),
        paths: &["**/setup.cfg"],
    },
    Judge {
        what: "a linter's settings",
        part: Part::Whole,
        paths: &[
            "**/{,.}{mypy.ini,ruff.toml,flake8,pylintrc}",
            "**/pyrightconfig.json",
            "**/.eslintrc*",
            "**/.eslintignore",
            "**/eslint.config.*",
            "**/tsconfig*.json",
            "**/biome.json{,c}",
            "**/{,.}clippy.toml",
            "**/.golangci.*",
            "**/.rubocop*.yml",
            "**/{checkstyle,detekt}*.{xml,yml}",
            "**/{phpstan,psalm}*.{neon,xml,dist}",
        ],
    },
    Judge {
        what: "the settings of the test runner",
        part: Part::Whole,
        paths: &[
            "**/{jest,vitest,vite,karma,playwright,cypress,ava,web-test-runner}.{config,conf}.*",
            "**/vitest.workspace.*",
            "**/{.mocharc,.nycrc,.c8rc,.taprc}*",
            "**/.config/nextest.toml",
            "**/junit-platform.properties",
            "**/testng*.xml",
            "**/phpunit*.xml*",
            "**/{.rspec,spec_helper.rb,rails_helper.rb,test_helper.rb}",
            "**/{*.runsettings,xunit.runner.json}",
        ],
    },
    Judge {
        what: "scripts and the settings of tests",
        part: Part::Json(&["scripts", "jest", "vitest", "mocha", "ava", "nyc", "c8", "tap", "eslintConfig"]),
        paths: &["**/package.json"],
    },
    Judge {
        what: "how tests are built and what is linted",
        part: Part::Toml(&[
            "profile",
            "test",
            "bench",
            "lib.test",
            "lib.doctest",
            "lib.harness",
            "lints",
            "workspace.lints",
            "package.autotests",
            "package.autobenches",
        ]),
        paths: &["**/Cargo.toml"],
    },
    Judge { what: "cargo's settings", part: Part::Whole, paths: &["**/.cargo/config{,.toml}"] },
    Judge {
        what: "the plugins that run tests and checks",
        part: Part::Maven(&["surefire", "failsafe", "jacoco", "checkstyle", "spotbugs", "pmd", "enforcer"]),
        paths: &["**/pom.xml"],
    },
    Judge {
        what: "the tasks that run tests and checks",
        part: Part::Blocks(&["test", "Test", "check", "checkstyle", "jacoco", "useJUnitPlatform", "useTestNG"]),
        paths: &["**/*.gradle", "**/*.gradle.kts"],
    },
];

/// Every pattern with the index of its line in the table.
static PATTERNS: LazyLock<(GlobSet, Vec<usize>)> = LazyLock::new(|| {
    let mut set = GlobSetBuilder::new();
    let mut lines = Vec::new();
    for (line, path) in
        TABLE.iter().enumerate().flat_map(|(line, judge)| judge.paths.iter().map(move |path| (line, path)))
    {
        let glob = GlobBuilder::new(path).literal_separator(true).empty_alternates(true).build();
        set.add(glob.expect("the patterns of the table are valid"));
        lines.push(line);
    }
    (set.build().expect("each pattern is valid by itself"), lines)
});

/// Returns what the file judges by that the two texts differ in; `None` if nothing. A missing text is an empty one.
pub fn changed(path: &str, before: Option<&str>, after: Option<&str>) -> Option<&'static str> {
    let (set, lines) = &*PATTERNS;
    let mut judges: Vec<usize> = set.matches(path).into_iter().map(|pattern| lines[pattern]).collect();
    judges.dedup();
    let differs = |judge: &&Judge| match judge.part {
        Part::Whole => before != after,
        part => parts::of(part, before.unwrap_or_default()) != parts::of(part, after.unwrap_or_default()),
    };
    judges.into_iter().map(|line| &TABLE[line]).find(differs).map(|judge| judge.what)
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn files_that_judge_as_a_whole() {
        for path in [
            "hotfix.toml",
            ".hotfix/people.toml",
            ".github/workflows/ci.yml",
            ".gitlab-ci.yml",
            "CODEOWNERS",
            ".github/CODEOWNERS",
            "conftest.py",
            "api/tests/conftest.py",
            "pytest.ini",
            ".pytest.ini",
            "mypy.ini",
            ".mypy.ini",
            ".flake8",
            "web/.eslintrc.json",
            "eslint.config.mjs",
            "tsconfig.json",
            "packages/a/tsconfig.build.json",
            "jest.config.ts",
            "karma.conf.js",
            ".mocharc.yml",
            ".cargo/config.toml",
            ".cargo/config",
            ".config/nextest.toml",
            "phpunit.xml.dist",
            "spec/spec_helper.rb",
            "Jenkinsfile",
        ] {
            assert!(changed(path, Some("a"), Some("b")).is_some(), "{path}");
            assert!(changed(path, None, Some("b")).is_some(), "{path} is new");
            assert!(changed(path, Some("a"), None).is_some(), "{path} is gone");
            assert_eq!(changed(path, Some("a"), Some("a")), None, "{path}");
        }
    }

    #[test]
    fn files_that_do_not_judge() {
        for path in [
            "src/main.rs",
            "api/hotfix.toml",
            "tests/test_conftest.py",
            "src/conftest.py.txt",
            "ci.yml",
            "docs/pytest.md",
            "src/jest.ts",
            "package-lock.json",
            "src/tsconfig.ts",
            "README.md",
            "config.toml",
        ] {
            assert_eq!(changed(path, Some("a"), Some("b")), None, "{path}");
        }
    }

    #[test]
    fn a_part_judges_and_the_rest_does_not() {
        for (path, before, harmless, judging) in [
            (
                "pyproject.toml",
                "[project]\nversion = \"1\"\n[tool.pytest.ini_options]\naddopts = \"-q\"\n",
                "[project]\nversion = \"2\"\n\n[tool.pytest.ini_options]\naddopts = '-q' # same\n",
                "[project]\nversion = \"1\"\n[tool.pytest.ini_options]\naddopts = \"-k nothing\"\n",
            ),
            (
                "setup.cfg",
                "[metadata]\nversion = 1\n[tool:pytest]\naddopts = -q\n",
                "[metadata]\nversion = 2\n[tool:pytest]\naddopts = -q\n",
                "[metadata]\nversion = 1\n[tool:pytest]\naddopts = --co\n",
            ),
            (
                "web/package.json",
                r#"{"version": "1", "scripts": {"test": "jest"}, "dependencies": {"a": "1"}}"#,
                r#"{"version": "2", "dependencies": {"a": "2"}, "scripts": {"test":"jest"}}"#,
                r#"{"version": "1", "scripts": {"test": "true"}, "dependencies": {"a": "1"}}"#,
            ),
            (
                "Cargo.toml",
                "[package]\nname = \"a\"\n[dependencies]\nb = \"1\"\n[lints.rust]\nunused = \"deny\"\n",
                "[package]\nname = \"a\"\n[dependencies]\nb = \"2\"\n[lints.rust]\nunused = \"deny\"\n",
                "[package]\nname = \"a\"\nautotests = false\n[dependencies]\nb = \"1\"\n[lints.rust]\nunused = \"deny\"\n",
            ),
            ("Cargo.toml", "[lib]\nname = \"a\"\n", "[lib]\nname = \"b\"\n", "[lib]\nname = \"a\"\ntest = false\n"),
            (
                "app/pom.xml",
                "<project><version>1</version><build><plugins><plugin><artifactId>maven-surefire-plugin</artifactId></plugin></plugins></build></project>",
                "<project><version>2</version><build><plugins><plugin><artifactId>maven-surefire-plugin</artifactId></plugin></plugins></build></project>",
                "<project><version>1</version><build><plugins><plugin><artifactId>maven-surefire-plugin</artifactId><configuration><skip>true</skip></configuration></plugin></plugins></build></project>",
            ),
            (
                "build.gradle.kts",
                "dependencies {\n  implementation(\"a:1\")\n}\ntasks.test {\n  useJUnitPlatform()\n}\n",
                "dependencies {\n  implementation(\"a:2\")\n}\ntasks.test {\n  useJUnitPlatform()\n}\n",
                "dependencies {\n  implementation(\"a:1\")\n}\ntasks.test {\n  enabled = false\n}\n",
            ),
        ] {
            assert_eq!(changed(path, Some(before), Some(harmless)), None, "{path}: {harmless}");
            assert!(changed(path, Some(before), Some(judging)).is_some(), "{path}: {judging}");
        }
    }

    /// One that can't be read might say anything.
    #[test]
    fn what_cannot_be_read_counts_as_a_whole() {
        for path in ["pyproject.toml", "package.json", "Cargo.toml", "pom.xml"] {
            assert!(changed(path, Some("{[<"), Some("{[<<")).is_some(), "{path}");
            assert_eq!(changed(path, Some("{[<"), Some("{[<")), None, "{path}");
        }
    }
}
