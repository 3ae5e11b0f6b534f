//! .NET, by the TRX reports of `dotnet test`.

use std::path::Path;

use roxmltree::Node;

use super::reported::{Call, Report, Reporting, Status};
use super::{Place, Program};
use crate::affected::Scope;
use crate::proof::run::{Mark, Marks, add};
use crate::xml;

pub struct Dotnet(pub Program);

pub fn is_project(directory: &Path) -> bool {
    let ends = |name: &str| [".sln", ".slnx", ".csproj", ".fsproj", ".vbproj"].iter().any(|end| name.ends_with(end));
    std::fs::read_dir(directory)
        .is_ok_and(|entries| entries.flatten().any(|entry| ends(&entry.file_name().to_string_lossy())))
}

impl Reporting for Dotnet {
    fn name(&self) -> &'static str {
        "dotnet"
    }

    fn version(&self, _: &Place) -> Vec<String> {
        [self.0.or(&["dotnet"]), vec!["--version".to_owned()]].concat()
    }

    fn install(&self) -> &'static str {
        "install the .NET SDK, https://dot.net"
    }

    fn keeps(&self) -> &'static [&'static str] {
        &["bin", "obj"]
    }

    fn call(&self, _: &Place, _: &Scope) -> Call {
        let mut arguments = self.0.or(&["dotnet"]);
        arguments.extend(["test", "--nologo", "--logger", "trx"].map(str::to_owned));
        arguments.extend(self.0.arguments.clone());
        Call { arguments, environment: Vec::new() }
    }

    fn report(&self, _: &Place) -> Report {
        Report::Within { directory: "TestResults", ending: ".trx" }
    }

    fn read(&self, report: &[u8], _: &Place) -> Result<Marks, String> {
        let text = std::str::from_utf8(report).map_err(|_| "the report is not UTF-8".to_owned())?;
        let document = xml::parse(text).map_err(|error| format!("the report is not whole: {error}"))?;
        let mut marks = Marks::new();
        for result in document.descendants().filter(|node| node.tag_name().name() == "UnitTestResult") {
            let message = ["Output", "ErrorInfo", "Message"].iter().try_fold(result, child);
            let reason = message.and_then(|message| message.text()).and_then(|text| text.lines().next());
            let reason = reason.unwrap_or_default().trim().to_owned();
            let mark = match result.attribute("outcome").unwrap_or_default() {
                "Passed" => Mark::Passed,
                "Failed" => Mark::Failed(reason),
                "NotExecuted" | "Inconclusive" | "Pending" => Mark::Skipped,
                outcome => Mark::Invalid(format!("{outcome} {reason}").trim().to_owned()),
            };
            add(&mut marks, result.attribute("testName").unwrap_or_default().to_owned(), mark);
        }
        Ok(marks)
    }

    fn means(&self, status: i32) -> Status {
        if status == 0 { Status::Passed } else { Status::Unclear }
    }
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &&str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.tag_name().name() == *name)
}
