//! What is a renaming, and what only takes another name, in every language.

use super::{file, shown};

fn is_renaming(path: &str, before: &str, after: &str) -> bool {
    shown(&["move"], &[file(path, before, after)]).contains("only names changed")
}

/// Texts whose `name` is not their own, so that to write `title` in its place is to use another thing.
const OTHERS: &[(&str, &str)] = &[
    (
        "a.go",
        "package a\n\nfunc f(i image.Image) bool {\n\tswitch i.(type) {\n\tcase *image.name:\n\t\treturn true\n\t}\n\t_, ok := i.(*image.name)\n\treturn ok\n}\n",
    ),
    ("a.go", "package a\n\nfunc f(b Bill) {\n\tb.name = g(b.name)\n}\n"),
    ("a.cs", "class A {\n  int f(Date d) {\n    if (d.name > 3) { return d.name; }\n    return 1;\n  }\n}\n"),
    ("a.cs", "class A {\n  int f(Date d) {\n    return g(name: d, d?.name, d?.name);\n  }\n}\n"),
    ("a.php", "<?php\nfunction f($e) {\n  say($e->name);\n  return $e->name;\n}\n"),
    ("a.php", "<?php\nfunction f($e) {\n  say(Bill::name(), $e?->name());\n  return Bill::name();\n}\n"),
    (
        "A.java",
        "class A {\n  int f(Bill b) {\n    if (b.name() > 3) { return b.name(); }\n    return Bank.name + Bank.name;\n  }\n}\n",
    ),
    ("A.java", "class A {\n  @name int f(Bill b) {\n    @name int x = b;\n    return x;\n  }\n}\n"),
    ("a.c", "int f(struct bill *b) {\n  struct name *a = g(b);\n  name = h(a);\n  return sizeof(struct name);\n}\n"),
    ("a.cpp", "int f(int b) {\n  bank::name a = bank::name(b);\n  return a.name<int>() + name<int>(b);\n}\n"),
    (
        "src/a.rs",
        "fn f(b: Bill) -> u8 {\n    let x = Bill::name(b);\n    bank::name::go(x, Card { name: x }.name)\n}\n",
    ),
    ("src/a.rs", "fn f(b: Bill) -> u8 {\n    let Bill { name: x } = b;\n    b.name + x\n}\n"),
    ("a.js", "export function f(b) {\n  name = g(b);\n  return name + b.name;\n}\n"),
    ("a.tsx", "export const f = (b: ui.name) => <name a={b}>{g<name<string>>(b)}</name>;\n"),
    ("a.py", "def f(b):\n    g(name=b)\n    return b.name\n"),
    ("a.rb", "def f(b)\n  g(b.name)\n  Bank::name(b) + b.name\nend\n"),
    // The parameter is declared here, the part of another thing is not, and only that changes.
    ("a.php", "<?php\nfunction f($title, $e) {\n  say($e->name, $title);\n  return $e->name;\n}\n"),
];

#[test]
fn to_use_another_thing_is_no_renaming() {
    for (path, before) in OTHERS {
        let after = before.replace("name", "other");
        assert!(!is_renaming(path, before, &after), "{path}: {before}");
    }
    for (path, before, after) in [
        (
            "a.py",
            "def f(name, e):\n    say(e.name)\n    return e.name, name\n",
            "def f(name, e):\n    say(e.title)\n    return e.title, name\n",
        ),
        (
            "a.go",
            "package a\n\nfunc f(rgba int) {\n\tg(x.rgba, x.rgba)\n}\n",
            "package a\n\nfunc f(rgba int) {\n\tg(x.nrgba, x.nrgba)\n}\n",
        ),
    ] {
        assert!(!is_renaming(path, before, after), "{path}");
    }
}

/// A variable `name` beside a part of the same name that stays as it is: `PART`.
const BESIDE: &[(&str, &str)] = &[
    ("a.py", "def f(item):\n    name = item.PART\n    return g(PART=name)\n"),
    ("a.js", "export function f(item) {\n  const name = item.PART;\n  return g({ PART: name });\n}\n"),
    ("a.ts", "export function f(item: Item, name: string) {\n  item.PART = name;\n  return name;\n}\n"),
    (
        "A.java",
        "class A {\n  String f(Item item) {\n    String name = item.PART();\n    return g(name, item.PART);\n  }\n}\n",
    ),
    (
        "a.cs",
        "class A {\n  string f(Item item) {\n    var name = item.PART;\n    return g(PART: name, item?.PART);\n  }\n}\n",
    ),
    ("a.php", "<?php\nfunction f($item) {\n  $name = $item->PART;\n  return g($name, $item->PART());\n}\n"),
    ("a.go", "package a\n\nfunc f(item Item) string {\n\tname := item.PART\n\treturn g(name)\n}\n"),
    ("src/a.rs", "fn f(item: Item) -> Item {\n    let name = item.PART;\n    Item { PART: name }\n}\n"),
    ("a.c", "int f(struct item *item) {\n  int name = item->PART;\n  return g(name);\n}\n"),
    ("a.cpp", "int f(Item item) {\n  int name = item.PART;\n  return g(name);\n}\n"),
    ("a.rb", "def f(item)\n  name = item.PART\n  g(name)\nend\n"),
];

#[test]
fn a_variable_is_renamed_beside_a_part_of_the_same_name() {
    for (path, text) in BESIDE {
        let (before, after) = (text.replace("PART", "name"), text.replace("name", "title").replace("PART", "name"));
        assert!(is_renaming(path, &before, &after), "{path}: {before}");
    }
}

#[test]
fn a_short_form_is_written_out_when_a_part_of_it_is_renamed() {
    let table = [
        (
            "a.js",
            "export function f(x) {\n  const { name } = x;\n  return g(name);\n}\n",
            "export function f(x) {\n  const { name: title } = x;\n  return g(title);\n}\n",
        ),
        (
            "a.ts",
            "export function f(name: string) {\n  say(name);\n  return { name };\n}\n",
            "export function f(title: string) {\n  say(title);\n  return { name: title };\n}\n",
        ),
        (
            "src/a.rs",
            "fn f(x: u8) -> Bill {\n    let sum = g(x);\n    Bill { sum }\n}\n",
            "fn f(x: u8) -> Bill {\n    let cents = g(x);\n    Bill { sum: cents }\n}\n",
        ),
        (
            "src/a.rs",
            "fn f(x: Bill) -> u8 {\n    let Bill { sum } = x;\n    g(sum)\n}\n",
            "fn f(x: Bill) -> u8 {\n    let Bill { sum: cents } = x;\n    g(cents)\n}\n",
        ),
    ];
    for (path, before, after) in table {
        assert!(is_renaming(path, before, after), "{path}: {before}");
    }
}

#[test]
fn what_is_declared_is_renamed_where_it_is_used() {
    let table = [
        ("a.py", "class A:\n    def __init__(self, name):\n        self.name = name\n        self.x = name\n"),
        (
            "a.go",
            "package a\n\nfunc f() error {\n\tname, err := g()\n\tfor _, x := range name {\n\t\th(x)\n\t}\n\treturn err\n}\n",
        ),
        ("a.php", "<?php\nclass A {\n  private $name;\n  function f() { return $this->name; }\n}\n"),
        ("A.java", "class A {\n  int name(int x) { return x > 1 ? name(x - 1) : 1; }\n}\n"),
        ("a.c", "struct name { int a; };\nint f(struct name *b) { return sizeof(struct name); }\n"),
        ("a.rb", "def f(x)\n  name, y = g(x)\n  h(name, y)\nend\n"),
        ("a.ts", "export function f({ name: title }: X) {\n  return [title, title];\n}\n"),
    ];
    for (path, before) in table {
        let old = if before.contains("title") { "title" } else { "name" };
        let after = before.replace(old, "other");
        let found = shown(&["move"], &[file(path, before, &after)]);
        assert!(found.contains("other`"), "{path}: {before}{found}");
    }
}
