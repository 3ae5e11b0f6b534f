//! Reads JUnit XML, the report that nearly every test runner can write.

use std::rc::Rc;

use roxmltree::Node;

use super::run;
use crate::xml;

/// One test as a report has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The name of the suite around it.
    pub suite: Rc<str>,
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
    let document = xml::parse(text).map_err(|error| format!("the report is not whole: {error}"))?;
    let root = document.root_element();
    if !matches!(root.tag_name().name(), "testsuites" | "testsuite") {
        return Err(format!("the report is not JUnit's: it begins with `{}`", root.tag_name().name()));
    }
    let mut cases = Vec::new();
    // Each element once, with the name of the suite around it; those of a level in their order.
    let mut waiting = vec![(root, Rc::from(""))];
    while let Some((node, suite)) = waiting.pop() {
        let suite = match node.tag_name().name() {
            "testcase" => {
                cases.push(read_case(&node, &suite));
                suite
            }
            "testsuite" => name(&node, "name").into(),
            _ => suite,
        };
        waiting.extend(node.children().rev().filter(Node::is_element).map(|child| (child, Rc::clone(&suite))));
    }
    Ok(cases)
}

fn name(node: &Node<'_, '_>, attribute: &str) -> String {
    run::name(node.attribute(attribute).unwrap_or_default())
}

fn read_case(case: &Node<'_, '_>, suite: &Rc<str>) -> Case {
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
    Case { suite: Rc::clone(suite), class: name(case, "classname"), name: name(case, "name"), ended }
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
    use std::time::{Duration, Instant};

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
        assert!(cases.iter().all(|case| &*case.suite == "s" && case.class == "c"));
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
    fn a_case_has_the_name_of_the_suite_around_it() {
        let report = "<testsuites><testcase name='a'/><testsuite name='s'><testcase name='b'/><testsuite name='t'>\
                      <x><testcase name='c'/></x></testsuite><testcase name='d'/></testsuite></testsuites>";
        let cases = read(report.as_bytes()).unwrap();
        let named: Vec<String> = cases.iter().map(|case| format!("{}.{}", case.suite, case.name)).collect();
        assert_eq!(named, [".a", "s.b", "t.c", "s.d"]);
    }

    #[test]
    fn long_names_are_cut_and_still_told_apart() {
        let long = |end: &str| format!("<testsuite><testcase name='{}{end}'/></testsuite>", "x".repeat(1000));
        let name = |report: String| read(report.as_bytes()).unwrap().remove(0).name;
        assert!(name(long("a")).len() < 600);
        assert_ne!(name(long("a")), name(long("b")));
        assert_eq!(name(long("a")), name(long("a")));
    }

    /// Each of these takes hours, or all memory, where the work grows with the square of the length.
    #[test]
    fn ten_megabytes_of_anything_are_read_or_refused_at_once() {
        const SIZE: usize = 10 << 20;
        let nested = |start: &str, end: &str| {
            let depth = SIZE / (start.len() + end.len());
            format!("<testsuite>{}{}</testsuite>", start.repeat(depth), end.repeat(depth))
        };
        for report in [
            nested("<testsuite>", "</testsuite>"),
            nested("<testcase>", "</testcase>"),
            nested("<testcase><failure>", "</failure></testcase>"),
            nested("<testsuite name='a'><testcase name='b'/>", "</testsuite>"),
            format!("<testsuite name='{}'>{}</testsuite>", "x".repeat(SIZE / 2), "<testcase/>".repeat(SIZE / 22)),
            format!("<testsuite><testcase>{}</testcase></testsuite>", "<x/>".repeat(SIZE / 4)),
            format!("<testsuite>{}</testsuite>", "<testcase><failure message='m'/></testcase>".repeat(SIZE / 43)),
        ] {
            let start = Instant::now();
            let _ = read(report.as_bytes());
            assert!(start.elapsed() < Duration::from_secs(30), "{} ...: {:?}", &report[..60], start.elapsed());
        }
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
