//! YAML, as far as lock files go: one document, no aliases, not deeply nested.

use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value as Json};

use super::entries::Unreadable;

/// Deepest nesting that is read.
const DEEPEST: usize = 64;

/// An open mapping or sequence.
enum Open {
    Mapping(Map<String, Json>, Option<String>),
    Sequence(Vec<Json>),
}

/// Returns the mapping that a document is, all scalars as strings. Read event by event, so that no
/// nesting exhausts the stack and no alias multiplies what it stands for.
pub fn object(text: &str) -> Result<Map<String, Json>, Unreadable> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = Json::Null;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| Unreadable(format!("it is not YAML: {error}")))?;
        let whole = match event {
            Event::MappingStart(..) | Event::SequenceStart(..) if open.len() == DEEPEST => {
                return Err(Unreadable(format!("it is nested deeper than {DEEPEST}")));
            }
            Event::MappingStart(..) => {
                open.push(Open::Mapping(Map::new(), None));
                continue;
            }
            Event::SequenceStart(..) => {
                open.push(Open::Sequence(Vec::new()));
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => match open.pop() {
                Some(Open::Mapping(map, _)) => Json::Object(map),
                Some(Open::Sequence(list)) => Json::Array(list),
                None => continue,
            },
            Event::Scalar(text, ..) => Json::String(text.into_owned()),
            Event::Alias(_) => return Err(Unreadable("it uses an alias".to_owned())),
            _ => continue,
        };
        match open.last_mut() {
            Some(Open::Sequence(list)) => list.push(whole),
            Some(Open::Mapping(map, key)) => match key.take() {
                Some(key) => drop(map.insert(key, whole)),
                None => *key = Some(whole.as_str().map_or_else(|| whole.to_string(), str::to_owned)),
            },
            None if root.is_null() => root = whole,
            None => return Err(Unreadable("it has more than one document".to_owned())),
        }
    }
    match root {
        Json::Object(map) => Ok(map),
        Json::Null => Ok(Map::new()),
        _ => Err(Unreadable("it is no mapping".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_strings_in_objects() {
        let read = object("a: {b: 1, c: [x, 'y']}\n? d\n: |\n  text\n").unwrap();
        assert_eq!(Json::Object(read).to_string(), r#"{"a":{"b":"1","c":["x","y"]},"d":"text\n"}"#);
        assert!(object("").unwrap().is_empty());
    }

    #[test]
    fn what_could_exhaust_memory_is_unreadable() {
        for text in
            ["a: &x 1\nb: *x\n", "- 1\n", "a: 1\n---\nb: 1\n", "a: 'x", &"[".repeat(100_000), &"- ".repeat(1000)]
        {
            assert!(object(text).is_err());
        }
    }
}
