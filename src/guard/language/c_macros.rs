//! Macros that stand where C and C++ have no place for a name: `class API Bill`, `API int pay()`,
//! `int pay() NOTHROW {`. A reader without the preprocessor takes what is around them for an error.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// Where the macro is the group `m`. A name in capitals alone may well be a type, so each of these asks
/// for something after it that no type has there.
static PLACES: LazyLock<[Regex; 9]> = LazyLock::new(|| {
    const MACRO: &str = r"(?P<m>[A-Z][A-Z0-9_]{2,}(?:\([^()\n]*\))?)";
    const LONG: &str = r"(?P<m>[A-Z][A-Z0-9]*_[A-Z0-9_]*(?:\([^()\n]*\))?)";
    const BEFORE: &str = r"(?:(?:static|inline|constexpr|extern|template *<[^<>\n]*>) +)*";
    const TYPE: &str = r"(?:auto|inline|static|constexpr|virtual|explicit|void|bool|char|int|long|short|float|double|unsigned|size_t)\b";
    let pattern = |text: String| Regex::new(&text).expect("it is written here and compiled by a test");
    [
        pattern(format!(r"\b(?:class|struct|union)\s+{MACRO}\s+[A-Za-z_][\w:]*\s*(?:final\s*)?[:{{<]")),
        pattern(format!(r"\)\s*(?:(?:const|noexcept|override|final)\s+)+{LONG}\s*[;{{]")),
        // `int pay() BANK_BOUND {`, and at the start of a line, where no cast stands, `int pay() BANK_BOUND(a);`.
        pattern(format!(r"\)\s*{LONG}\s*\{{")),
        pattern(format!(r"(?m)^[A-Za-z_][\w:<>]*[ \t*&]+[\w \t*&:<>]*\([^;{{}}]*?\)\s*{LONG}\s*;")),
        pattern(format!(r"(?m)^[ \t]*{BEFORE}{LONG}\s+{TYPE}")),
        pattern(format!(
            r"(?m)^[ \t]*{BEFORE}{LONG}\s+[A-Za-z_][\w:]*(?:<[^;{{}}()\n]*>)?[ \t&*]+[A-Za-z_~][\w:~]*\s*\("
        )),
        // Types among what a test is given: without braces they are a list of nothing.
        pattern(r"(?m)^[ \t]*(?P<m>TEMPLATE_(?:LIST_|PRODUCT_)?TEST_CASE\w*\s*\([^{};]*\))\s*\{".to_owned()),
        // A statement of its own without a semicolon: `BANK_TRY {`, `BANK_END_THREADS`.
        pattern(format!(r"[;{{}}]\s*{LONG}\s*(?:\{{|\r?\n\s*[A-Za-z_#~])")),
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
        // What is returned may be a cast of a constant, which looks like a declaration.
        .filter(|captures| !captures.get_match().as_bytes().starts_with(b"return"))
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
            ("BANK_INLINE std::shared_ptr<A> Bank::get(const B &b) {", "BANK_INLINE"),
            ("int pay(int by) BANK_BOUND(lock) {", "BANK_BOUND(lock)"),
            ("void pay(int by,\n         int at) BANK_BOUND(lock);", "BANK_BOUND(lock)"),
            ("go();\n  BANK_TRY\n  {", "BANK_TRY"),
            ("{\n  BANK_START_THREADS\n  go();", "BANK_START_THREADS"),
            (
                "TEMPLATE_TEST_CASE(\"a\", \"[b]\",\n  int,\n  char) {",
                "TEMPLATE_TEST_CASE(\"a\", \"[b]\",\n  int,\n  char)",
            ),
            ("static HANDLE_T *open(int by);", ""),
            ("  (void) BANK_PAY(by);", ""),
            ("  FIRST_ONE,\n  LAST_ONE\n};", ""),
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
