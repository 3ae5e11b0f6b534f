//! What is still the same declaration, and what is another one, in every language.

use insta::assert_snapshot;

use super::{file, shown};
use crate::domain::change::FileChange;

const DECLARED: [&str; 4] = ["new-entity", "signature", "removed-entity", "move"];

/// What each of the changes `(path, before, after)` is found to declare otherwise.
fn found(table: &[(&str, &str, &str)]) -> String {
    table.iter().map(|(path, before, after)| shown(&DECLARED, &[file(path, before, after)])).collect()
}

/// Texts in which something is not as its language wants it, and the same texts as they should be.
const BROKEN: &[(&str, &str, &str)] = &[
    (
        "src/a.rs",
        "pub struct Bill { sum: u64, }\nimpl Bill {\n    pub fn pay(&self by: Card) -> bool { send(by, self.sum, true, 1) }\n}\n",
        "pub struct Bill { sum: u64, }\nimpl Bill {\n    pub fn pay(&self, by: Card) -> bool { send(by, self.sum, true, 1) }\n}\n",
    ),
    (
        "a.py",
        "class Bill(Base:\n    def pay(self, by):\n        return send(by, self.sum, True, 1)\n",
        "class Bill(Base):\n    def pay(self, by):\n        return send(by, self.sum, True, 1)\n",
    ),
    (
        "a.js",
        "export class Bill extnds Base {\n  pay(by) { return send(by, this.sum, true, 1); }\n}\n",
        "export class Bill extends Base {\n  pay(by) { return send(by, this.sum, true, 1); }\n}\n",
    ),
    (
        "a.ts",
        "export interface Bill implements Base {\n  pay(by: Card): void;\n}\nexport function f(a: number) { return g(a, 1, true, 'x'); }\n",
        "export interface Bill extends Base {\n  pay(by: Card): void;\n}\nexport function f(a: number) { return g(a, 1, true, 'x'); }\n",
    ),
    (
        "a.go",
        "package a\n\ntype Bill struct {\n\tsum int,\n}\n\nfunc (b *Bill Pay(by string) error {\n\treturn send(by, b.sum, true, 1)\n}\n",
        "package a\n\ntype Bill struct {\n\tsum int\n}\n\nfunc (b *Bill) Pay(by string) error {\n\treturn send(by, b.sum, true, 1)\n}\n",
    ),
    (
        "Bill.java",
        "public clas Bill extends Base {\n    public int pay(Card by) { return send(by, sum, true, 1); }\n}\n",
        "public class Bill extends Base {\n    public int pay(Card by) { return send(by, sum, true, 1); }\n}\n",
    ),
    (
        "a.c",
        "struct bill { int sum; };\nint pay(int by { return send(by, 1, 2, 3, 4); }\nint keep(int by) { return send(by, 1, 2, 3, 4); }\n",
        "struct bill { int sum; };\nint pay(int by) { return send(by, 1, 2, 3, 4); }\nint keep(int by) { return send(by, 1, 2, 3, 4); }\n",
    ),
    (
        "a.cpp",
        "class Bill : public Base, {\npublic:\n  int pay(int by) { return send(by, 1, 2, 3, 4); }\n};\n",
        "class Bill : public Base {\npublic:\n  int pay(int by) { return send(by, 1, 2, 3, 4); }\n};\n",
    ),
    (
        "a.rb",
        "class Bill << Base\n  def pay(by)\n    send_all(by, @sum, true, 1, 2)\n  end\nend\n",
        "class Bill < Base\n  def pay(by)\n    send_all(by, @sum, true, 1, 2)\n  end\nend\n",
    ),
    (
        "a.php",
        "<?php\ninterface Bill implements \\ArrayAccess\n{\n    public function pay(int $by);\n    public function sum(): int;\n}\n",
        "<?php\ninterface Bill extends \\ArrayAccess\n{\n    public function pay(int $by);\n    public function sum(): int;\n}\n",
    ),
    (
        "a.cs",
        "namespace Bank {\npublic clas Bill : Base {\n    public int Pay(int by) { return Send(by, 1, 2, 3, 4); }\n}\n}\n",
        "namespace Bank {\npublic class Bill : Base {\n    public int Pay(int by) { return Send(by, 1, 2, 3, 4); }\n}\n}\n",
    ),
];

#[test]
fn what_could_not_be_read_before_is_not_new() {
    assert_eq!(found(BROKEN), "");
}

#[test]
fn what_can_not_be_read_any_more_is_not_gone() {
    let back: Vec<_> = BROKEN.iter().map(|(path, broken, whole)| (*path, *whole, *broken)).collect();
    assert_eq!(found(&back), "");
}

#[test]
fn what_a_type_inherits_from_is_no_part_of_its_signature() {
    let table = [
        ("src/a.rs", "pub trait Bill: Old { fn pay(&self); }\n", "pub trait Bill: New + Send { fn pay(&self); }\n"),
        ("a.py", "class Bill(Old):\n    pass\n", "class Bill(New, metaclass=Meta):\n    pass\n"),
        ("a.js", "export class Bill extends Old { pay() {} }\n", "export class Bill extends New { pay() {} }\n"),
        ("a.ts", "export class Bill extends Old {}\n", "export class Bill extends New implements Paid {}\n"),
        ("b.ts", "export interface Bill extends Old {}\n", "export interface Bill extends New {}\n"),
        ("Bill.java", "public class Bill extends Old {}\n", "public class Bill extends New implements Paid {}\n"),
        ("Bank.java", "public interface Bank extends Old {}\n", "public interface Bank extends New {}\n"),
        ("a.cpp", "class Bill : public Old { };\n", "class Bill : public New { };\n"),
        ("a.rb", "class Bill < Old\nend\n", "class Bill < Bank::New\nend\n"),
        ("a.php", "<?php\nclass Bill extends Old {}\n", "<?php\nclass Bill extends New implements Paid {}\n"),
        ("a.cs", "public class Bill : Old { }\n", "public class Bill : New, IPaid { }\n"),
    ];
    assert_eq!(found(&table), "");
}

/// One declaration of a name, and the same with another one beside it.
const OVERLOADED: &[(&str, &str, &str)] = &[
    (
        "src/a.rs",
        "#[cfg(unix)]\npub fn pay(by: Card) { a() }\n",
        "#[cfg(unix)]\npub fn pay(by: Card) { a() }\n#[cfg(windows)]\npub fn pay(by: Iban) { b() }\n",
    ),
    (
        "a.py",
        "@overload\ndef pay(by: Card): ...\ndef pay(by):\n    a()\n",
        "@overload\ndef pay(by: Card): ...\n@overload\ndef pay(by: Iban): ...\ndef pay(by):\n    a()\n",
    ),
    (
        "b.py",
        "class Bill:\n    @property\n    def sum(self):\n        return 1\n",
        "class Bill:\n    @property\n    def sum(self):\n        return 1\n    @sum.setter\n    def sum(self, value):\n        keep(value)\n",
    ),
    (
        "a.js",
        "export class Bill { get sum() { return 1; } }\n",
        "export class Bill { get sum() { return 1; } set sum(value) { keep(value); } }\n",
    ),
    (
        "a.ts",
        "export function pay(by: Card): void;\nexport function pay(by: any) { a(by); }\n",
        "export function pay(by: Card): void;\nexport function pay(by: Iban): void;\nexport function pay(by: any, at?: any) { a(by); }\n",
    ),
    (
        "Bill.java",
        "public class Bill { public void pay(Card by) { a(); } }\n",
        "public class Bill { public void pay(Iban by) { b(); } public void pay(Card by) { a(); } }\n",
    ),
    ("a.c", "int pay(int by) { return a(by); }\n", "int pay(int by);\nint pay(int by) { return a(by); }\n"),
    ("a.cpp", "void pay(int by) { a(by); }\n", "void pay(long by) { b(by); }\nvoid pay(int by) { a(by); }\n"),
    ("a.rb", "def pay(by)\n  a(by)\nend\n", "def pay(by)\n  a(by)\nend\ndef pay(by, at)\n  b(by)\nend\n"),
    (
        "a.cs",
        "public class Bill { public void Pay(int by) { A(); } }\n",
        "public class Bill { public void Pay(long by) { B(); } public void Pay(int by) { A(); } }\n",
    ),
];

#[test]
fn one_more_of_a_name_changes_nothing_for_those_who_use_the_others() {
    assert_snapshot!(found(OVERLOADED), @"
    new-entity warns: function `Bill.pay` is new [Bill.java:1]
    new-entity warns: function `pay` is new [a.cpp:1]
    new-entity warns: function `Bill.Pay` is new [a.cs:1]
    ");
}

#[test]
fn one_less_of_a_name_is_another_signature_or_a_function_less() {
    let back: Vec<_> = OVERLOADED.iter().map(|(path, one, two)| (*path, *two, *one)).collect();
    assert_snapshot!(found(&back), @"
    signature blocks: the signature of the exported function `pay` changed [src/a.rs:1-2]
    signature blocks: the signature of the exported function `pay` changed [a.py:1-2]
    signature blocks: the signature of the exported function `Bill.sum` changed [b.py:2-3]
    signature blocks: the signature of the exported function `Bill.sum` changed [a.js:1]
    signature blocks: the signature of the exported function `pay` changed [a.ts:1]
    removed-entity blocks: exported function `Bill.pay` is gone [Bill.java:1 (removed)]
    removed-entity blocks: exported function `pay` is gone [a.cpp:1 (removed)]
    signature blocks: the signature of the exported function `pay` changed [a.rb:1]
    removed-entity blocks: exported function `Bill.Pay` is gone [a.cs:1 (removed)]
    ");
}

#[test]
fn what_says_nothing_is_no_other_signature() {
    let table = [
        ("a.py", "def pay(by, at): pass\n", "def pay(\n    by,\n    at,\n): pass\n"),
        (
            "a.ts",
            "export function pay(by: Card, at: Date) {}\n",
            "export function pay(\n  by: Card,\n  at: Date,\n) {}\n",
        ),
        ("b.ts", "export interface A { pay(by: Card): void }\n", "export interface A { pay(by: Card): void; }\n"),
        ("src/a.rs", "pub fn pay(by: Card, at: Date) {}\n", "pub fn pay(\n    by: Card,\n    at: Date,\n) {}\n"),
    ];
    assert_eq!(found(&table), "");
}

#[test]
fn a_small_part_is_known_by_its_signature_when_it_moves() {
    let table = [
        (
            "a.rs",
            "pub struct A;\npub struct B;\nimpl A {\n    pub fn sum(&self) -> u64 { self.sum }\n}\nimpl B {\n}\n",
            "pub struct A;\npub struct B;\nimpl A {\n}\nimpl B {\n    pub fn sum(&self) -> u64 { self.sum }\n}\n",
        ),
        (
            "a.py",
            "class A:\n    def sum(self):\n        return self._sum\n\nclass B:\n    x = 1\n",
            "class A:\n    y = 1\n\nclass B:\n    x = 1\n    def sum(self):\n        return self._sum\n",
        ),
        (
            "A.java",
            "class A {\n  int sum() { return sum; }\n}\nclass B {\n}\n",
            "class A {\n}\nclass B {\n  int sum() { return sum; }\n}\n",
        ),
        (
            "a.php",
            "<?php\nclass A {\n  function sum() { return $this->sum; }\n}\nclass B {\n}\n",
            "<?php\nclass A {\n}\nclass B {\n  function sum() { return $this->sum; }\n}\n",
        ),
        (
            "a.cs",
            "class A {\n  public int Sum() { return sum; }\n}\nclass B {\n}\n",
            "class A {\n}\nclass B {\n  public int Sum() { return sum; }\n}\n",
        ),
        (
            "a.ts",
            "class A {\n  sum() { return this.s; }\n}\nclass B {\n}\n",
            "class A {\n}\nclass B {\n  sum() { return this.s; }\n}\n",
        ),
    ];
    let moved = |(path, before, after): &(&str, &str, &str)| shown(&["move"], &[file(path, before, after)]);
    assert_snapshot!(table.iter().map(moved).collect::<String>(), @"
    move blocks: function `A::sum` is now `B::sum` [a.rs:6 a.rs:4 (removed)]
    move blocks: function `A.sum` is now `B.sum` [a.py:6-7 a.py:2-3 (removed)]
    move blocks: function `A.sum` is now `B.sum` [A.java:4 A.java:2 (removed)]
    move blocks: function `A::sum` is now `B::sum` [a.php:5 a.php:3 (removed)]
    move blocks: function `A.Sum` is now `B.Sum` [a.cs:4 a.cs:2 (removed)]
    move blocks: function `A.sum` is now `B.sum` [a.ts:4 a.ts:2 (removed)]
    ");
}

#[test]
fn two_things_may_have_a_small_part_that_is_the_same() {
    let class = |name: &str| format!("class {name}:\n    def sum(self):\n        return self._sum\n");
    let files = [
        FileChange::new("a.py", Some(class("A").into_bytes()), None),
        FileChange::new("b.py", None, Some((class("B") + "    def tax(self):\n        return 2\n").into_bytes())),
    ];
    assert_eq!(shown(&["move"], &files), "");
    // A body of one name means nothing, whatever its own name.
    let files = [file("a.py", "def a():\n    pass\n", ""), file("b.py", "", "def a():\n    pass\n")];
    assert_eq!(shown(&["move"], &files), "");
}
