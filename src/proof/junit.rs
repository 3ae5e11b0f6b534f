//! Reads JUnit XML, the report that nearly every test runner can write.

use roxmltree::{Document, Node};

/// One test as a report has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The name of the suite around it.
    pub suite: String,
    pub class: String,
    pub name: String,
    pub ended: End,
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Passed,
    Skipped,
    /// An assertion did not hold; what the report calls the reason.
    Failed(String),
    /// Something else went wrong.
    Errored(String),
}

/// Returns the tests of a report; fails where it is no XML, or cut off. A report without a test is
/// read as such.
pub fn read(report: &[u8]) -> Result<Vec<Case>, String> {
    let text = std::str::from_utf8(report).map_err(|_| "the report is not UTF-8".to_owned())?;
    if text.trim().is_empty() {
        return Err("the report is empty".to_owned());
    }
    let document = Document::parse(text.trim_start_matches('\u{feff}').trim_start())
        .map_err(|error| format!("the report is not whole: {error}"))?;
    let root = document.root_element();
    if !matches!(root.tag_name().name(), "testsuites" | "testsuite") {
        return Err(format!("the report is not JUnit's: it begins with `{}`", root.tag_name().name()));
    }
    let cases = root.descendants().filter(|node| node.has_tag_name("testcase"));
    Ok(cases.map(|case| read_case(&case)).collect())
}

fn read_case(case: &Node<'_, '_>) -> Case {
    let suite = case.ancestors().skip(1).find(|node| node.has_tag_name("testsuite"));
    let text = |node: &Node<'_, '_>, name: &str| node.attribute(name).unwrap_or_default().to_owned();
    let mut ended = End::Passed;
    for child in case.children() {
        // A test that passed when it was tried again has `flakyFailure`: the runs tell that by themselves.
        ended = match child.tag_name().name() {
            "failure" => End::Failed(reason(&child)),
            "error" => End::Errored(reason(&child)),
            "skipped" => End::Skipped,
            _ => continue,
        };
        break;
    }
    Case {
        suite: suite.map(|suite| text(&suite, "name")).unwrap_or_default(),
        class: text(case, "classname"),
        name: text(case, "name"),
        ended,
    }
}

/// The type of a failure and its message: of the message the first line.
fn reason(failure: &Node<'_, '_>) -> String {
    let kind = failure.attribute("type").unwrap_or_default();
    let text = failure.text().unwrap_or_default();
    let message = match failure.attribute("message") {
        // Pytest gives no reason but in the text, on a line that begins so.
        Some("collection failure") => {
            text.lines().filter_map(|line| line.strip_prefix("E ")).next_back().unwrap_or(text)
        }
        message => message.unwrap_or(text),
    };
    let message = message.trim();
    let first: String = message.lines().next().unwrap_or_default().chars().take(300).collect();
    match (kind.is_empty() || first.starts_with(kind), first.is_empty()) {
        (true, _) => first,
        (false, true) => kind.to_owned(),
        (false, false) => format!("{kind}: {first}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{End, read};

    #[test]
    fn every_end_of_a_test_is_told() {
        let report = r#"<?xml version="1.0"?><testsuites><testsuite name="s">
            <testcase classname="c" name="passed"/>
            <testcase classname="c" name="failed"><failure message="assert 1 == 2&#10;more">trace</failure></testcase>
            <testcase classname="c" name="errored"><system-out>x</system-out><error type="E">no &lt; yes</error></testcase>
            <testcase classname="c" name="skipped"><skipped/></testcase>
        </testsuite></testsuites>"#;
        let cases = read(report.as_bytes()).unwrap();
        assert_eq!(
            cases.iter().map(|case| (case.name.as_str(), case.ended.clone())).collect::<Vec<_>>(),
            [
                ("passed", End::Passed),
                ("failed", End::Failed("assert 1 == 2".to_owned())),
                ("errored", End::Errored("E: no < yes".to_owned())),
                ("skipped", End::Skipped),
            ]
        );
        assert!(cases.iter().all(|case| case.suite == "s" && case.class == "c"));
    }

    #[test]
    fn what_is_no_whole_report_is_an_error() {
        for report in ["", " \n", "<testsuite>", "<testsuite><testcase name='a'/>", "<html/>", "PASS", "\u{0}"] {
            assert!(read(report.as_bytes()).is_err(), "{report:?}");
        }
        assert!(read(b"\xff").is_err());
        assert_eq!(read(b"<testsuites/>").unwrap(), []);
    }

    #[test]
    fn a_deep_report_is_read_or_refused() {
        let deep = "<testsuite>".repeat(100_000) + &"</testsuite>".repeat(100_000);
        let _ = read(deep.as_bytes());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_cut_makes_it_pass(cut in 0_usize..140) {
            let report = "<testsuites><testsuite name='s'><testcase name='a'><failure message='x'/></testcase><testcase name='b'/></testsuite></testsuites>";
            prop_assert!(read(&report.as_bytes()[..cut.min(report.len() - 1)]).is_err());
        }
    }
}
