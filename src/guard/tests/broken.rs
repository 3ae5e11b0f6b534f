//! What can't be read: the structure of a text, one statement of it, or only a macro.

use insta::assert_snapshot;

use super::{file, shown};

fn unknown(path: &str, before: &str, after: &str) -> String {
    shown(&["unknown"], &[file(path, before, after)])
}

/// What C and C++ make of macros, whole in their structure.
const MACROS: &[(&str, &str)] = &[
    ("tests/a.cpp", "TEST_CASE(\"adds\", \"[x]\") {\n  REQUIRE(f(1) == 2);\n}\n"),
    (
        "tests/a.cpp",
        "SCENARIO(\"adds\") {\n  GIVEN(\"one\") {\n    int a = 1;\n    WHEN(\"b\") { THEN(\"c\") { REQUIRE(a); } }\n  }\n}\n",
    ),
    (
        "tests/a.cpp",
        "TEST_CASE_METHOD(Fixture, \"adds\", \"[x]\") {\n  SECTION(\"one\") { REQUIRE(f(1) == 2); }\n  SECTION(\"two\") { REQUIRE(f(2) == 3); }\n}\n",
    ),
    ("tests/a.cpp", "TEST_CASE_TEMPLATE(\"adds\", T, int, long) {\n  CHECK(f<T>(1) == 2);\n}\n"),
    (
        "tests/a.cpp",
        "TEMPLATE_PRODUCT_TEST_CASE(\"a\", \"[t]\", (std::vector, Foo), (int, float)) {\n  TestType x;\n}\n",
    ),
    (
        "tests/a.cpp",
        "TEST_CASE(\"a long name\"\n          \"[x]\") {\n  REQUIRE_THROWS_AS(f(), std::exception const&);\n}\n",
    ),
    ("a.cpp", "class A : public QObject {\n  Q_OBJECT\n  Q_PROPERTY(int a READ b)\n public:\n  int f();\n};\n"),
    ("a.c", "int f(void) {\n  struct x *a = CONTAINER_OF(x, struct b, y);\n  return g(void *, x);\n}\n"),
    (
        "a.c",
        "int f(void) {\n  LIST_FOR_EACH (p, n, &l) {\n    h(p);\n  }\n  list_for_each(p, &l)\n    h(p);\n  return 1;\n}\n",
    ),
    ("a.c", "char *f(va_list ap) {\n  CAST(unsigned char, x);\n  return va_arg(ap, char *);\n}\n"),
    ("a.c", "void f(void) {\n  Py_BEGIN_ALLOW_THREADS\n  x = 1;\n  Py_END_ALLOW_THREADS\n}\n"),
    ("a.c", "static int __init f(struct a __user *p) {\n  return 1;\n}\n"),
    ("a.c", "struct x *a = ALLOC(struct b *, 3);\nDEFINE_THING(a, struct b);\n"),
];

#[test]
fn a_macro_is_no_structure_that_can_not_be_read() {
    for (path, text) in MACROS {
        assert_eq!(unknown(path, "", text), "", "{text}");
        assert_eq!(unknown(path, text, ""), "", "{text}");
    }
}

#[test]
fn a_bracket_that_is_missing_is_told_with_macros_around_it() {
    for (path, text) in [
        ("a.cpp", "TEST_CASE(\"adds\") {\n  REQUIRE(f(1 == 2);\n}\n"),
        ("a.cpp", "TEST_CASE(\"adds\") {\n  if (a { b(); }\n}\n"),
        ("a.c", "int f(void) {\n  LIST_FOR_EACH (p, n, &l {\n    h(p);\n  }\n}\n"),
        ("a.c", "int f(void) {\n  CONTAINER_OF(x, struct b, y);\n"),
        ("a.cpp", "int f() api_bound {\n  return 1;\n}\n"),
    ] {
        assert!(unknown(path, "", text).contains("unknown blocks"), "{text}");
    }
}

#[test]
fn one_statement_that_can_not_be_read_is_pointed_out() {
    let statement =
        "class A {\n  int f(int a) {\n    int b = a +++ ?? c d;\n    return b;\n  }\n  int g() { return 1; }\n}\n";
    let before = statement.replace("a +++ ?? c d", "a");
    assert_snapshot!(unknown("A.java", &before, statement), @"unknown warns: a statement that changes in `A.java` makes no sense in Java [A.java:3]");
    let head = before.replace("f(int a)", "f(int a b)");
    assert_snapshot!(unknown("A.java", &before, &head), @"unknown blocks: what changes in `A.java` is not known for certain: Java can't be read there [A.java:2]");
}

#[test]
fn what_is_declared_around_a_macro_is_known() {
    let before = "int f(int a) {\n  LIST_FOR_EACH (p, n, &l) {\n    g(x, struct b, p);\n  }\n  return a;\n}\n";
    let found =
        |after: &str| shown(&["signature", "removed-entity", "new-entity", "move"], &[file("a.c", before, after)]);
    assert_eq!(found(&before.replace("return a", "return a + 1")), "");
    assert_snapshot!(found(&before.replace("f(int a)", "f(long a)")), @"signature blocks: the signature of the exported function `f` changed [a.c:1]");
}
