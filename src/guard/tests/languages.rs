//! What each language exports, and what of it changed. In each pair of texts the private parts change
//! too, and are not reported.

use insta::assert_snapshot;

use super::{file, shown};

fn entities(path: &str, before: &str, after: &str) -> String {
    shown(&["new-entity", "signature", "removed-entity", "unknown"], &[file(path, before, after)])
}

#[test]
fn rust() {
    let before = "pub struct Bill { pub sum: u64 }\nimpl Bill {\n    pub fn pay(&self, by: Card) -> bool { true }\n    fn check(&self) {}\n}\npub trait Bank { fn send(&self); }\npub fn gone() {}\npub(crate) fn inner(a: u8) {}\n#[cfg(test)]\nmod tests { fn old() {} }\n";
    let after = "pub struct Bill { pub sum: u64, pub tax: u64 }\nimpl Bill {\n    #[inline]\n    pub fn pay(&self, mut by: Card) -> Result<bool> { true }\n    fn check(&self, deep: bool) {}\n}\npub trait Bank { fn send(&self, to: Iban); }\npub(crate) fn inner(a: u16) {}\nstruct Tax;\nimpl Tax { fn of() {} }\nfn helper() {}\n#[cfg(test)]\nmod tests { fn new() {} }\n";
    assert_snapshot!(entities("src/a.rs", before, after), @"
    new-entity blocks: struct `Tax` is new [src/a.rs:9]
    new-entity warns: function `Tax::of` is new [src/a.rs:10]
    new-entity warns: function `helper` is new [src/a.rs:11]
    signature blocks: the signature of the exported function `Bill::pay` changed [src/a.rs:3-4]
    signature blocks: the signature of the exported function `Bank::send` changed [src/a.rs:7]
    removed-entity blocks: exported function `gone` is gone [src/a.rs:7 (removed)]
    ");
}

#[test]
fn python() {
    let before = "__all__ = ['_told']\nLIMIT = 3\nclass Bill:\n    def __init__(self, sum):\n        self.sum = sum\n    def _check(self):\n        pass\n    @property\n    def tax(self):\n        return 1\ndef _told(a):\n    pass\ndef _inner(a):\n    pass\ndef gone():\n    pass\n";
    let after = "__all__ = ['_told']\nLIMIT = 4\nclass Bill:\n    def __init__(self, sum, tax=0):\n        self.sum = sum\n    def _check(self, deep):\n        pass\n    def tax(self):\n        return 1\ndef _told(a, b):\n    pass\ndef _inner(a, b):\n    pass\nclass Card(Base):\n    def pay(self):\n        pass\n";
    assert_snapshot!(entities("a.py", before, after), @"
    new-entity blocks: class `Card` is new [a.py:14-16]
    signature blocks: the signature of the exported function `Bill.__init__` changed [a.py:4]
    signature blocks: the signature of the exported function `Bill.tax` changed [a.py:8]
    signature blocks: the signature of the exported function `_told` changed [a.py:10]
    removed-entity blocks: exported function `gone` is gone [a.py:15-16 (removed)]
    ");
}

#[test]
fn javascript() {
    let before = "export function pay(sum) { return sum; }\nfunction inner(a) {}\nexport const send = async (to) => { go(); };\nexport class Bill { pay(a) {} #check(a) {} }\nfunction told(a) {}\nmodule.exports = { told };\nexport default function gone() {}\n";
    let after = "export function pay(sum, by) { return sum; }\nfunction inner(a, b) {}\nexport const send = async (to, by) => { go(); };\nexport class Bill { pay(a, b) {} #check(a, b) {} }\nfunction told(a, b) {}\nmodule.exports = { told };\nclass Card {}\n";
    assert_snapshot!(entities("a.js", before, after), @"
    new-entity blocks: class `Card` is new [a.js:7]
    signature blocks: the signature of the exported function `pay` changed [a.js:1]
    signature blocks: the signature of the exported function `send` changed [a.js:3]
    signature blocks: the signature of the exported function `Bill.pay` changed [a.js:4]
    signature blocks: the signature of the exported function `told` changed [a.js:5]
    removed-entity blocks: exported function `gone` is gone [a.js:7 (removed)]
    ");
}

#[test]
fn typescript() {
    let before = "export interface Bank { send(to: string): void; }\nexport type Sum = number;\nexport abstract class Bill { private check(a: number) {} public pay(a: number): void {} }\nexport enum Way { Card }\nconst inner = (a: string) => a;\n";
    let after = "export interface Bank { send(to: string, sum: Sum): void; }\nexport type Sum = bigint;\nexport abstract class Bill { private check(a: string) {} public pay(a: number): boolean {} }\nexport enum Way { Card, Cash }\nconst inner = (a: number) => a;\ninterface Card { sum: Sum }\n";
    assert_snapshot!(entities("a.ts", before, after), @"
    new-entity blocks: interface `Card` is new [a.ts:6]
    signature blocks: the signature of the exported function `Bank.send` changed [a.ts:1]
    signature blocks: the signature of the exported function `Bill.pay` changed [a.ts:3]
    ");
    assert_snapshot!(entities("a.tsx", "export const Bill = (a: P) => <b>{a.x}</b>;\n", "export const Bill = (a: Q) => <b>{a.x}</b>;\n"), @"signature blocks: the signature of the exported function `Bill` changed [a.tsx:1]");
}

#[test]
fn go() {
    let before = "package a\n\ntype Bill struct {\n\tsum int\n}\n\nfunc (b *Bill) Pay(by string) error {\n\treturn nil\n}\n\nfunc (b *Bill) check() {}\n\nfunc Gone() {}\n\ntype Bank interface {\n\tSend(to string)\n}\n\nconst (\n\tA = 1\n\tB = 2\n)\n";
    let after = "package a\n\ntype Bill struct {\n\tsum, tax int\n}\n\nfunc (b *Bill) Pay(by string, tax int) error {\n\treturn nil\n}\n\nfunc (b *Bill) check(deep bool) {}\n\ntype Bank interface {\n\tSend(to string, sum int)\n}\n\nconst (\n\tA = 3\n\tB = 2\n)\n\ntype card struct{}\n\nfunc helper() {}\n";
    assert_snapshot!(entities("a.go", before, after), @"
    new-entity blocks: struct `card` is new [a.go:22]
    new-entity warns: function `helper` is new [a.go:24]
    signature blocks: the signature of the exported function `Bill.Pay` changed [a.go:7]
    signature blocks: the signature of the exported function `Bank.Send` changed [a.go:14]
    removed-entity blocks: exported function `Gone` is gone [a.go:13 (removed)]
    ");
}

#[test]
fn java() {
    let before = "public class Bill {\n    public Bill(int sum) {}\n    protected void pay(Card by) {}\n    private void check(int a) {}\n    public void gone() {}\n}\ninterface Bank { void send(String to); }\n";
    let after = "public class Bill {\n    public Bill(long sum) {}\n    @Override\n    protected void pay(final Card by) throws Late {}\n    private void check(long a) {}\n    private int tax() { return 1; }\n}\ninterface Bank { void send(String to, int sum); }\nclass Card {}\n";
    assert_snapshot!(entities("src/Bill.java", before, after), @"
    new-entity warns: function `Bill.tax` is new [src/Bill.java:6]
    new-entity blocks: class `Card` is new [src/Bill.java:9]
    signature blocks: the signature of the exported function `Bill.Bill` changed [src/Bill.java:2]
    signature blocks: the signature of the exported function `Bill.pay` changed [src/Bill.java:3-4]
    removed-entity blocks: exported function `Bill.gone` is gone [src/Bill.java:5 (removed)]
    ");
}

#[test]
fn c() {
    let before = "#define LIMIT 3\n#define GONE 1\ntypedef struct { int sum; } bill;\nint pay(int sum) { return 1; }\nstatic int check(int a) { return a; }\nchar *name(void);\nvoid gone(void) {}\n";
    let after = "#define LIMIT 4\ntypedef struct { int sum; int tax; } bill;\nlong pay(int sum) { return 1; }\nstatic int check(long a) { return a; }\nchar *name(int a);\nstruct card { int a; };\n";
    assert_snapshot!(entities("a.c", before, after), @"
    new-entity blocks: struct `card` is new [a.c:6]
    signature blocks: the signature of the exported function `pay` changed [a.c:3]
    signature blocks: the signature of the exported function `name` changed [a.c:5]
    removed-entity warns: macro `GONE` is gone [a.c:2 (removed)]
    removed-entity blocks: exported function `gone` is gone [a.c:7 (removed)]
    ");
}

#[test]
fn cpp() {
    let before = "namespace bank {\nclass Bill {\n  int check(int a) { return a; }\npublic:\n  Bill() : sum(0) {}\n  virtual int pay(int by) const;\nprivate:\n  void inner(int a);\n};\nint Bill::pay(int by) const { return by; }\ntemplate <typename T> T most(T a) { return a; }\n}\nnamespace { void hidden(int a) {} }\n";
    let after = "namespace bank {\nclass Bill {\n  int check(long a) { return a; }\npublic:\n  Bill() : sum(0), tax(0) {}\n  virtual int pay(long by) const;\nprivate:\n  void inner(long a);\n};\nint Bill::pay(long by) const { return by; }\ntemplate <typename T> T most(T a, T b) { return a; }\nclass Card {};\n}\nnamespace { void hidden(long a) {} }\n";
    assert_snapshot!(entities("a.cpp", before, after), @"
    new-entity blocks: class `bank::Card` is new [a.cpp:12]
    signature blocks: the signature of the exported function `bank::Bill::pay` changed [a.cpp:6]
    signature blocks: the signature of the exported function `bank::most` changed [a.cpp:11]
    ");
}

#[test]
fn a_member_of_cpp_is_as_its_class_says() {
    let members = "class Bill {\n  int check(int a);\npublic:\n  int pay(int a);\n};\n";
    let bodies = "int Bill::check(int a) { return a; }\nint Bill::pay(int a) { return a; }\n";
    let before = format!("{members}{bodies}");
    assert_eq!(entities("a.cpp", &before, &before.replace("check(int", "check(long")), "");
    assert_eq!(entities("a.cpp", bodies, &bodies.replace("(int a)", "(long a)")), "", "the header says who may");
    assert_snapshot!(entities("a.cpp", &before, &before.replace("pay(int", "pay(long")), @"signature blocks: the signature of the exported function `Bill::pay` changed [a.cpp:4]");
}

#[test]
fn a_type_of_c_has_two_names_in_cpp() {
    let before = "uint8_t f(const std::size_t a, ::std::int64_t b) { return 1; }\n";
    let bare = before.replace("::std::", "").replace("std::", "");
    assert_eq!(entities("a.cpp", before, &bare), "");
    assert_eq!(entities("a.cpp", &bare, &before.replace("uint8_t", "std::uint8_t")), "");
    assert!(entities("a.cpp", before, &before.replace("std::size_t", "my::size_t")).contains("signature"));
    assert!(entities("a.cpp", "void f(string a) {}\n", "void f(std::string a) {}\n").contains("signature"));
}

#[test]
fn a_property_of_an_exported_interface_is_missed() {
    let before =
        "export interface Bill {\n  sum: number;\n  tax?: { rate: number };\n}\ninterface Card { pin: number }\n";
    let removed = |line: &str| entities("a.ts", before, &before.replace(line, ""));
    assert_snapshot!(removed("  sum: number;\n"), @"removed-entity warns: exported property `Bill.sum` is gone [a.ts:2 (removed)]");
    assert_snapshot!(removed("pin: number"), @"removed-entity warns: property `Card.pin` is gone [a.ts:5 (removed)]");
    assert_eq!(removed("rate: number"), "");
    assert_eq!(entities("a.ts", before, &before.replace("sum: number;", "sum: number;\n  due: Date;")), "");
    assert_eq!(
        entities("a.ts", before, &before.replace("sum: number;", "sum(): number;")),
        "new-entity warns: function `Bill.sum` is new [a.ts:2]\n"
    );
}

#[test]
fn ruby() {
    let before = "class Bill\n  def pay(by)\n    1\n  end\n\n  def told(a)\n  end\n  private :told\n\n  private\n\n  def check(a)\n  end\nend\n\ndef gone\nend\n";
    let after = "class Bill\n  def pay(by, tax)\n    1\n  end\n\n  def told(a, b)\n  end\n  private :told\n\n  private\n\n  def check(a, b)\n  end\nend\n\nmodule Bank\nend\n\nclass Card\nend\n";
    assert_snapshot!(entities("a.rb", before, after), @"
    new-entity warns: module `Bank` is new [a.rb:16-17]
    new-entity blocks: class `Card` is new [a.rb:19-20]
    signature blocks: the signature of the exported function `Bill::pay` changed [a.rb:2]
    removed-entity blocks: exported function `gone` is gone [a.rb:16-17 (removed)]
    ");
}

#[test]
fn php() {
    let before = "<?php\nnamespace Bank;\nclass Bill {\n    public function pay(int $by): int { return 1; }\n    private function check($a) {}\n    function gone() {}\n}\nfunction fee($a) { return $a; }\n";
    let after = "<?php\nnamespace Bank;\nclass Bill {\n    public function pay(int $by, int $tax = 0): int { return 1; }\n    private function check($a, $b) {}\n}\nfunction fee($a) { return $a + 1; }\ntrait Card {}\n";
    assert_snapshot!(entities("a.php", before, after), @"
    new-entity blocks: trait `Card` is new [a.php:8]
    signature blocks: the signature of the exported function `Bill::pay` changed [a.php:4]
    removed-entity blocks: exported function `Bill::gone` is gone [a.php:6 (removed)]
    ");
}

#[test]
fn csharp() {
    let before = "namespace Bank {\npublic class Bill {\n    public int Pay(int by) { return 1; }\n    private void Check(int a) {}\n    protected void Gone() {}\n    public int Sum { get; set; }\n}\ninterface IBank { void Send(int to); }\n}\n";
    let after = "namespace Bank {\npublic class Bill {\n    public long Pay(int by) { return 1; }\n    private void Check(long a) {}\n    public int Sum { get; private set; }\n}\ninterface IBank { void Send(int to, int sum); }\nrecord Card(int A);\n}\n";
    assert_snapshot!(entities("a.cs", before, after), @"
    new-entity blocks: class `Bank.Card` is new [a.cs:8]
    signature blocks: the signature of the exported function `Bank.Bill.Pay` changed [a.cs:3]
    removed-entity blocks: exported function `Bank.Bill.Gone` is gone [a.cs:5 (removed)]
    ");
}
