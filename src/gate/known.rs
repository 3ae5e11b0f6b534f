//! Gates for a repository that configures none: what its ecosystem checks types and style with, if
//! that is installed.

use std::path::Path;
use std::time::Duration;

use super::Gate;
use crate::process;
use crate::value::{CommandLine, Length, Pattern};

/// A gate that is run where a file exists and a program is installed.
struct Known {
    file: &'static str,
    program: &'static str,
    name: &'static str,
    command: &'static [&'static str],
    paths: &'static [&'static str],
    append: bool,
}

const KNOWN: &[Known] = &[
    Known {
        file: "Cargo.toml",
        program: "cargo",
        name: "cargo-check",
        command: &["cargo", "check", "--workspace", "--all-targets", "--quiet"],
        paths: &["**/*.rs", "**/Cargo.*"],
        append: false,
    },
    Known {
        file: "go.mod",
        program: "go",
        name: "go-vet",
        command: &["go", "vet", "./..."],
        paths: &["**/*.go", "go.*"],
        append: false,
    },
    Known {
        file: "tsconfig.json",
        program: "node_modules/.bin/tsc",
        name: "tsc",
        command: &["node_modules/.bin/tsc", "--noEmit"],
        paths: &["**/*.ts", "**/*.tsx"],
        append: false,
    },
    Known { file: "mypy.ini", program: "mypy", name: "mypy", command: &["mypy"], paths: &["**/*.py"], append: true },
    Known { file: "", program: "ruff", name: "ruff", command: &["ruff", "check"], paths: &["**/*.py"], append: true },
    Known {
        file: "package.json",
        program: "node_modules/.bin/eslint",
        name: "eslint",
        command: &["node_modules/.bin/eslint"],
        paths: &["**/*.js", "**/*.jsx", "**/*.ts", "**/*.tsx"],
        append: true,
    },
];

/// How long each of them may take.
const LIMIT: Duration = Duration::from_secs(600);

/// Returns the gates that a project can be held to without being configured.
pub fn gates(directory: &Path) -> Vec<Gate> {
    let usable = KNOWN.iter().filter(|known| {
        directory.join(known.file).exists()
            && (directory.join(known.program).is_file() || process::is_on_path(known.program))
    });
    usable.map(|known| known.gate()).collect()
}

impl Known {
    fn gate(&self) -> Gate {
        Gate {
            name: self.name.to_owned(),
            command: CommandLine::Arguments(self.command.iter().map(|word| (*word).to_owned()).collect()),
            limit: Length(LIMIT),
            paths: self.paths.iter().filter_map(|path| Pattern::new(path).ok()).collect(),
            append: self.append,
        }
    }
}
