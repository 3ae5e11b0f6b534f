//! The files that commands run or are configured by: those of gates, and of the scripts of a package or the recipes of
//! a makefile that gates start.

use std::collections::{BTreeMap, BTreeSet};

/// Where a project keeps commands by name.
pub const SCRIPTS: &str = "package.json";

/// The names of makefiles, in the order in which make looks for them.
pub const MAKEFILES: &[&str] = &["GNUmakefile", "makefile", "Makefile"];

/// Programs that run a package's script.
const RUNNERS: &[&str] = &["npm", "yarn", "pnpm", "bun"];

/// Programs whose first argument that is no option is a program.
const INTERPRETERS: &[&str] = &[
    "sh", "bash", "dash", "zsh", "node", "ts-node", "tsx", "deno", "python", "python3", "perl", "ruby", "php",
    "source", ".", "bash.exe",
];

/// Programs that start another one, which stands behind their options.
const STARTERS: &[&str] = &["env", "exec", "time", "nice", "timeout", "npx", "cross-env", "sudo", "xargs", "command"];

/// Options whose value is a file that says what counts.
const OPTIONS: &[&str] = &[
    "-c",
    "--config",
    "--configuration",
    "--rcfile",
    "-f",
    "--file",
    "-r",
    "--require",
    "--import",
    "--project",
    "-p",
];

/// Returns the paths that `commands`, each a program and its arguments, run or are configured by, and those of the
/// scripts and recipes that they start. `files` has the texts of a project's package.json and makefile, by path.
///
/// Every word of a command of a gate that looks like a path counts: those are few, and chosen. In scripts and recipes
/// only programs and settings do, for they also name what they look at.
pub fn named(commands: &[Vec<String>], files: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut scripts = BTreeSet::new();
    let mut makes = false;
    for command in commands {
        // One argument may be a whole line, for `sh -c`.
        let words: Vec<String> = command.iter().flat_map(|argument| lines(argument).into_iter().flatten()).collect();
        found.extend(words.iter().filter(|word| is_path(word)).filter_map(|word| path(word)));
        for line in command.iter().flat_map(|argument| lines(argument)).chain([command.clone()]) {
            started(&line, &mut scripts, &mut makes);
        }
    }
    if let Some(package) = files.get(SCRIPTS) {
        of_scripts(package, &mut scripts, &mut found, &mut makes);
    }
    if makes {
        for (name, text) in files.iter().filter(|(name, _)| MAKEFILES.contains(&name.as_str())) {
            found.insert(name.clone());
            let recipes = text.lines().filter_map(|line| line.strip_prefix('\t'));
            let recipes = recipes.map(|line| line.trim_start_matches(['@', '-', '+']));
            recipes.flat_map(lines).for_each(|line| found.extend(run_by(&line)));
        }
    }
    found
}

/// Adds what the scripts run, and the scripts that they start.
fn of_scripts(package: &str, scripts: &mut BTreeSet<String>, found: &mut BTreeSet<String>, makes: &mut bool) {
    let Ok(package) = serde_json::from_str::<serde_json::Value>(package) else { return };
    let mut done = BTreeSet::new();
    while let Some(script) = scripts.iter().find(|script| !done.contains(*script)).cloned() {
        for name in [format!("pre{script}"), script.clone(), format!("post{script}")] {
            let Some(text) = package["scripts"][&name].as_str() else { continue };
            for line in lines(text) {
                found.extend(run_by(&line));
                started(&line, scripts, makes);
            }
        }
        done.insert(script);
    }
}

/// Takes down which script the command starts, and whether it starts make.
fn started(words: &[String], scripts: &mut BTreeSet<String>, makes: &mut bool) {
    let mut words = words.iter().map(String::as_str).skip_while(|word| is_before(word));
    let Some(program) = words.next().map(|program| program.rsplit('/').next().unwrap_or(program)) else { return };
    if program == "make" || program == "gmake" {
        *makes = true;
    }
    if RUNNERS.contains(&program) {
        let mut rest = words.filter(|word| !word.starts_with('-'));
        match rest.next() {
            Some("run" | "run-script") => scripts.extend(rest.next().map(str::to_owned)),
            Some("t" | "tst") => drop(scripts.insert("test".to_owned())),
            other => scripts.extend(other.map(str::to_owned)),
        }
    }
}

/// Whether a word stands before the program: an assignment, or a program that starts it.
fn is_before(word: &str) -> bool {
    let is_assignment = word
        .split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    is_assignment || STARTERS.contains(&word) || word.starts_with('-') || word.chars().all(|c| c.is_ascii_digit())
}

/// The program of a command if it is a file of the project, the file that an interpreter runs, and the files of
/// options that say what counts.
fn run_by(words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = words.iter().map(String::as_str).skip_while(|word| is_before(word)).peekable();
    if let Some(program) = rest.next() {
        found.extend(Some(program).filter(|program| program.contains('/')).and_then(path));
        let name = program.rsplit('/').next().unwrap_or(program);
        if INTERPRETERS.contains(&name) {
            let mut others = rest.clone().skip_while(|word| word.starts_with('-'));
            found.extend(others.next().filter(|word| is_path(word)).and_then(path));
        }
    }
    while let Some(word) = rest.next() {
        let value = match word.split_once('=') {
            Some((option, value)) if OPTIONS.contains(&option) => Some(value),
            None if OPTIONS.contains(&word) => rest.peek().copied(),
            _ => None,
        };
        found.extend(value.filter(|value| is_path(value)).and_then(path));
    }
    found
}

/// Splits a line for a shell into its commands, each a list of words, without quotes; enough to find names in it,
/// not to run it.
fn lines(text: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars().chain(['\n']) {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) if c != '\n' => word.push(c),
            _ if c == '"' || c == '\'' => quote = Some(c),
            _ if c.is_whitespace() || ";&|()<>".contains(c) => {
                let last = commands.last_mut().expect("there is one");
                if !word.is_empty() {
                    last.push(std::mem::take(&mut word));
                }
                if !matches!(c, ' ' | '\t') && !last.is_empty() {
                    commands.push(Vec::new());
                }
            }
            _ => word.push(c),
        }
    }
    commands.retain(|command| !command.is_empty());
    commands
}

/// Whether a word looks like the path of a file: `lint.sh`, `ops/lint`, and no option, address or pattern.
fn is_path(word: &str) -> bool {
    let is_plain = !word.starts_with('-') && !word.contains("://") && !word.contains(['*', '$', '{', '`', '\n']);
    is_plain
        && (word.contains('/')
            || word.rsplit_once('.').is_some_and(|(name, ending)| !name.is_empty() && !ending.is_empty()))
}

/// The path from the top of the project; `None` where it leads out of it.
fn path(word: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in word.split('/') {
        match part {
            "" if parts.is_empty() => return None,
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn what_a_gate_names() {
        let package = r#"{"scripts": {"lint": "eslint src/server.js --config ops/eslint.js && npm run types",
            "prelint": "node ./tools/before.js src/a.js", "types": "make types", "test": "mocha -r ./test/setup.js test/*.js",
            "start": "node server.js"}}"#;
        let makefile =
            "types: src/a.ts\n\t@NODE_ENV=test sh scripts/types.sh src/a.ts\n\t-timeout 5 ./bin/check src/b.ts\n";
        let files = [("package.json".to_owned(), package.to_owned()), ("Makefile".to_owned(), makefile.to_owned())];
        for (command, expected) in [
            (vec!["./ops/lint.sh"], "ops/lint.sh"),
            (vec!["sh", "ops/lint.sh", "--fix"], "ops/lint.sh"),
            (vec!["sh", "-c", "cd web && ./lint.sh 'a b.cfg'; FOO=1 node ../x.js"], "a b.cfg lint.sh"),
            (vec!["python3", "-m", "tool", "/etc/passwd", "https://a/b"], ""),
            (vec!["cargo", "clippy"], ""),
            (vec!["npm", "start"], "server.js"),
            (vec!["npm", "--silent", "test"], "test/setup.js"),
            (vec!["make", "types"], "Makefile bin/check scripts/types.sh"),
            (vec!["npm", "run", "lint"], "Makefile bin/check ops/eslint.js scripts/types.sh tools/before.js"),
            (vec!["sh", "-c", "yarn lint"], "Makefile bin/check ops/eslint.js scripts/types.sh tools/before.js"),
        ] {
            let command: Vec<String> = command.into_iter().map(str::to_owned).collect();
            let found = named(std::slice::from_ref(&command), &files.clone().into());
            assert_eq!(found.into_iter().collect::<Vec<_>>().join(" "), expected, "{command:?}");
        }
    }

    #[test]
    fn scripts_that_start_each_other_end() {
        let package = r#"{"scripts": {"a": "npm run b; sh a.sh", "b": "npm run a"}}"#;
        let found = named(
            &[vec!["npm".to_owned(), "run".to_owned(), "a".to_owned()]],
            &[("package.json".to_owned(), package.to_owned())].into(),
        );
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a.sh"]);
    }
}
