//! Macros that stand where C and C++ have no place for a name: `class API Bill`, `API int pay()`,
//! `int pay() NOTHROW {`. A reader without the preprocessor takes what is around them for an error.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// Where the macro is the group `m`. A name in capitals alone may well be a type, so each of these asks
/// for something after it that no type has there.
static PLACES: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    const MACRO: &str = r"(?P<m>[A-Z][A-Z0-9_]{2,}(?:\([^()\n]*\))?)";
    const LONG: &str = r"(?P<m>[A-Z][A-Z0-9]*_[A-Z0-9_]*(?:\([^()\n]*\))?)";
    const BEFORE: &str = r"(?:(?:static|inline|constexpr|extern|template *<[^<>\n]*>) +)*";
    const TYPE: &str = r"(?:auto|inline|static|constexpr|virtual|explicit|void|bool|char|int|long|short|float|double|unsigned|size_t)\b";
    let pattern = |text: String| Regex::new(&text).expect("it is written here and compiled by a test");
    [
        pattern(format!(r"\b(?:class|struct|union)\s+{MACRO}\s+[A-Za-z_][\w:]*\s*(?:final\s*)?[:{{<]")),
        pattern(format!(r"\)\s*(?:(?:const|noexcept|override|final)\s+)+{LONG}\s*[;{{]")),
        pattern(format!(r"(?m)^[ \t]*{BEFORE}{LONG}\s+{TYPE}")),
        pattern(
            r"(?m)^[ \t]*(?P<m>[A-Z][A-Z0-9]*_(?:[A-Z0-9_]*_)?(?:NAMESPACE|DECLS|EXTERN_C)\w*)[ \t]*\r?$".to_owned(),
        ),
    ]
});

/// Returns where such macros stand, from the top, in linear time.
pub fn find(text: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = PLACES
        .iter()
        .flat_map(|place| place.captures_iter(text))
        .filter_map(|captures| captures.name("m").map(|found| found.range()))
        .collect();
    found.sort_by_key(|range| range.start);
    let mut end = 0;
    found.retain(|range| {
        range.start >= end && {
            end = range.end;
            true
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn macros_are_told_from_types() {
        let table = [
            ("class BANK_API Bill : public Base {", "BANK_API"),
            ("struct ALIGNED(8) bill {", "ALIGNED(8)"),
            ("  BANK_INLINE auto pay() -> int;", "BANK_INLINE"),
            ("static BANK_INLINE void pay();", "BANK_INLINE"),
            ("int pay() const BANK_BOUND {", "BANK_BOUND"),
            ("BANK_BEGIN_NAMESPACE\nint a;", "BANK_BEGIN_NAMESPACE"),
            ("struct FILE_T *bill = open();", ""),
            ("HANDLE_T open(int by);", ""),
            ("return (void *) BANK_NULL;", ""),
            ("  LAST_ONE\n};", ""),
            ("if (a) DONE;", ""),
        ];
        for (text, wanted) in table {
            let found: Vec<_> = find(text.as_bytes()).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found.join(" "), wanted, "{text}");
        }
    }
}
