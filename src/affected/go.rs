//! Go: the packages whose tests are built of a changed package, as the build itself knows them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;

use super::ask::ask;
use super::{Question, Scope, Selection, name};
use crate::domain::proof::Confidence;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Package {
    import_path: String,
    #[serde(default)]
    dir: PathBuf,
    #[serde(default)]
    deps: Vec<String>,
}

pub async fn select(question: &Question<'_>) -> Result<Selection, String> {
    if let Some(path) = question.changed.iter().find(|path| widens(path)) {
        return Ok(Selection::everything(format!("`{path}` may be embedded, or change the build")));
    }
    let packages = packages(question).await?;
    let of_change = |package: &Package| {
        question.changed.iter().any(|path| question.directory.join(path).parent() == Some(package.dir.as_path()))
    };
    let changed: BTreeSet<&str> =
        packages.iter().filter(|package| of_change(package)).map(|package| plain(&package.import_path)).collect();
    // The test program of a package is `package.test`, and its dependencies are all that it is built of.
    let tested = packages.iter().filter_map(|package| {
        let of = plain(&package.import_path).strip_suffix(".test")?;
        package.deps.iter().any(|dependency| changed.contains(&plain(dependency))).then_some(of)
    });
    let mut scope = Scope::default();
    for tested in tested {
        let Some(package) = packages.iter().find(|package| package.import_path == tested) else { continue };
        let path = package.dir.strip_prefix(question.directory).map_err(|error| error.to_string())?;
        scope.packages.insert(format!("./{}", path.display()));
    }
    let reason = "the tests that are built of a changed package, by `go list -test`".to_owned();
    Ok(Selection { scope, confidence: Confidence::High, reason })
}

fn widens(path: &str) -> bool {
    !path.ends_with(".go")
        || path.split('/').any(|part| part == "testdata" || part == "vendor")
        || name(path) == "tools.go"
}

/// The import path without the note which test it was built for, `a/b [c/d.test]`.
fn plain(import_path: &str) -> &str {
    import_path.split(' ').next().unwrap_or(import_path)
}

async fn packages(question: &Question<'_>) -> Result<Vec<Package>, String> {
    let asked = ["go", "list", "-test", "-deps", "-json=ImportPath,Dir,Deps", "./..."];
    let answer = ask(question, &asked, &[]).await?;
    let packages = serde_json::Deserializer::from_str(&answer).into_iter::<Package>();
    packages.collect::<Result<_, _>>().map_err(|error| error.to_string())
}
