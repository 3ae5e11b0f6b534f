//! XML that anyone may have written, read in time that grows with its length.

use roxmltree::{Document, ParsingOptions};

/// The most attributes of an element: the parser compares each with all before it.
const ATTRIBUTES: usize = 300;

/// The most namespaces of a document: every element below a declaration copies it.
const NAMESPACES: usize = 300;

/// The most elements, texts and comments.
const NODES: u32 = 2_000_000;

/// Returns the document; fails with a reason if it is not complete XML, has a document type (its entities
/// could expand), or has more of anything than a report or a manifest has.
pub fn parse(text: &str) -> Result<Document<'_>, String> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    measure(text)?;
    let options = ParsingOptions { nodes_limit: NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| printable(&error.to_string()))
}

/// The text with control characters escaped: the parser's errors quote the document.
fn printable(text: &str) -> String {
    let spelled = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(spelled).collect()
}

/// What starts like a tag and is none, with its end.
const SECTIONS: &[(&str, &str)] = &[("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];

/// Fails where an element has too many attributes, or the document too many namespaces.
fn measure(text: &str) -> Result<(), String> {
    let (mut rest, mut namespaces) = (text, 0);
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if let Some((start, end)) = SECTIONS.iter().find(|(start, _)| rest.starts_with(start)) {
            // Without an end: the parser refuses it.
            let Some(at) = rest[start.len()..].find(end) else { break };
            rest = &rest[start.len() + at + end.len()..];
            continue;
        }
        let tag = tag(rest);
        namespaces += tag.namespaces;
        if tag.attributes > ATTRIBUTES {
            return Err(format!("an element has more than {ATTRIBUTES} attributes"));
        }
        if namespaces > NAMESPACES {
            return Err(format!("it declares more than {NAMESPACES} namespaces"));
        }
        rest = &rest[tag.length..];
    }
    Ok(())
}

#[derive(Default)]
struct Tag {
    /// In bytes.
    length: usize,
    attributes: usize,
    /// Those of the attributes that declare a namespace.
    namespaces: usize,
}

/// Measures the tag that the text begins with, up to its `>` or to the end of the text.
fn tag(text: &str) -> Tag {
    let (mut tag, mut quote, mut name) = (Tag::default(), None, 0);
    for (at, byte) in text.bytes().enumerate() {
        tag.length = at + 1;
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => continue,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => break,
            (None, b'=') => {
                tag.attributes += 1;
                tag.namespaces += usize::from(text.as_bytes()[name..].starts_with(b"xmlns"));
            }
            _ => {}
        }
        // A name begins behind white space, or behind the value before it.
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'') {
            name = at + 1;
        }
    }
    tag
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::parse;

    #[test]
    fn a_document_with_more_than_anyone_writes_is_refused() {
        let refused = |text: &str| parse(text).err().unwrap_or_default();
        let attributes: String = (0..400).map(|number| format!(" a{number}='='")).collect();
        assert_eq!(refused(&format!("<a{attributes}/>")), "an element has more than 300 attributes");
        let nested: String = (0..400).map(|number| format!("<a\nxmlns:n{number}=\"x\" b='xmlns'>")).collect();
        assert_eq!(refused(&nested), "it declares more than 300 namespaces");
        assert!(refused("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").contains("DTD"));
        assert!(refused("<a\u{f}").contains("\\u{f}"), "{}", refused("<a\u{f}"));
        for text in ["", "<a", "<a b='", "<!-- <a", "<![CDATA[", "<a><b></a>"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_only_looks_like_attributes_is_none() {
        let many = "x=1 xmlns:a='b' ".repeat(1000);
        let many_quoted = many.replace('\'', "");
        for text in [
            format!("\u{feff} <?xml version='1.0'?><a><!-- {many} --></a>"),
            format!("<a><![CDATA[ <b {many} ]]></a>"),
            format!("<a b='{many_quoted}'>{many}</a>"),
        ] {
            assert!(parse(&text).is_ok(), "{}", &text[..40]);
        }
    }

    /// Each of these takes hours where the time grows with the square of the length.
    #[test]
    fn half_a_million_of_anything_are_refused_at_once() {
        for numbered in [" a#=''", "<a xmlns:b#='c'>", "<a xmlns:b='c#'>"] {
            let text: String = (0..500_000).map(|number| numbered.replace('#', &number.to_string())).collect();
            let start = Instant::now();
            assert!(parse(&format!("<a {text}")).is_err());
            assert!(start.elapsed() < Duration::from_secs(30), "{numbered:?} took {:?}", start.elapsed());
        }
    }
}
