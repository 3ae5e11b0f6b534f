//! A short run of what fuzz/ does for longer: the readers of hostile files take any bytes. Needs no
//! nightly compiler. `HOTFIX_PROPERTY_CASES` says how many cases each target gets.

#[path = "../../fuzz/targets.rs"]
mod targets;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// How many cases each target gets, unless `HOTFIX_PROPERTY_CASES` says otherwise.
const CASES: u32 = 300;

/// Beginnings that get a reader past its first line.
const SAMPLES: &[&str] = &[
    "[package]\nname = \"a\"\nversion = \"1\"\n[dependencies]\nb = { version = \"1\", path = \"x\" }\n",
    "[[package]]\nname = \"a\"\nversion = \"1\"\nsource = \"r\"\nchecksum = \"ff\"\n",
    "{\"packages\":{\"node_modules/a\":{\"version\":\"1\",\"resolved\":\"u\"}},\"dependencies\":{\"a\":\"1\"}}",
    "# yarn lockfile v1\n\"@s/a@^1\":\n  version \"1.0.0\"\n  resolved \"https://r/a#ff\"\n",
    "lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    resolution: {integrity: sha512-1}\n",
    "Django>=3,<4 ; python_version > '3' --hash=sha256:aa\n-r more.txt\na @ https://u\n",
    "[options]\ninstall_requires =\n    a>=1\n[options.extras_require]\nx = b\n",
    "setup(install_requires=['a>=1'] + more, extras_require={'x': ['b']})\nmore = ['c']\n",
    "module m\ngo 1.21\nrequire (\n\ta.b/c v1.0.0 // indirect\n)\nreplace x => ../x\n",
    "<project><parent><groupId>g</groupId></parent><dependencies><dependency><artifactId>a</artifactId>\
     <version>${v}</version></dependency></dependencies><properties><v>1</v></properties></project>",
    "def v = '1'\nsubprojects { dependencies { api \"a:b:$v\"; implementation(libs.x) { exclude group: 'c' } } }\n",
    "source 'https://r'\ngroup :test do\n  gem 'a', '~> 1', git: \"u\"\nend\n",
    "GEM\n  remote: https://r/\n  specs:\n    rack (2.0)\n      base64 (>= 0)\n",
    "{\"packages\":[{\"name\":\"x/y\",\"version\":\"1.0\",\"source\":{\"reference\":\"abc\"}}]}",
    "<Project><ItemGroup><PackageReference Include=\"A\" Version=\"1.0\" /></ItemGroup></Project>",
    "pub fn f(a: u8) -> u8 {\n    a\n}\n#[test]\nfn t() { assert_eq!(f(1), 1); }\n",
    "class A:\n    def f(self, a: int) -> int:\n        return a\n\ndef test():\n    assert A().f(1) == 1\n",
    "export class A<T> extends B { private f(a: any): void { try { g() } catch (e) {} } }\nit.skip('x', () => {});\n",
    "<testsuites><testsuite name=\"s\"><testcase classname=\"c\" name=\"n\"><failure type=\"T\" message=\"m\"/></testcase></testsuite></testsuites>",
    "{\"testResults\":[{\"name\":\"a\",\"status\":\"failed\",\"assertionResults\":[{\"fullName\":\"b\",\"status\":\"failed\"}]}]}",
    "{\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"T\",\"Output\":\"x\"}\n{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"T\"}\n",
    "{\"examples\":[{\"file_path\":\"a\",\"full_description\":\"b\",\"status\":\"failed\",\"exception\":{\"class\":\"E\"}}],\"summary\":{}}",
    "<TestRun><UnitTestResult testName=\"a\" outcome=\"Failed\"><Message>m</Message></UnitTestResult></TestRun>",
    "package a\n\n// F\nfunc (t *T) F(a int) (int, error) {\n\treturn a, nil\n}\nfunc TestF(t *testing.T) { t.Skip() }\n",
    "public abstract class A<T> extends B { @Override protected int f(final int a) throws E { return a; } }\n",
    "#include <a.h>\n#define M(x) x\nstatic int f(int a);\nnamespace n { template <typename T> struct S { T f(); }; }\n",
    "class A < B\n  def f(a, b: 1)\n    a\n  end\n  private\n  attr_reader :c\nend\nxit 'x' do\nend\n",
    "<?php\nnamespace N;\nfinal class A { public function f(?int $a): int { try { g(); } catch (E $e) {} } }\n",
    "namespace N;\npublic class A { public int F(int a) => a; [Fact(Skip = \"x\")] void T() { Assert.Equal(1, 1); } }\n",
    "postgres://u:pw@h/x gh_p token = \"abc\" -----BEGIN PRIVATE eyJ.eyJ.",
];

/// Any bytes, or a sample of which parts are cut out, doubled or replaced.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), 0..40usize, vec(any::<u8>(), 0..4), 0..50usize);
    let edited = (prop::sample::select(SAMPLES), vec(edit, 0..6)).prop_map(|(sample, edits)| {
        let mut bytes = sample.as_bytes().to_vec();
        for (at, length, new, repeat) in edits {
            let start = at.index(bytes.len() + 1);
            let end = (start + length).min(bytes.len());
            let new = if new.is_empty() { bytes[start..end].repeat(repeat) } else { new };
            bytes.splice(start..end, new);
            bytes.truncate(20_000);
        }
        bytes
    });
    prop_oneof![1 => vec(any::<u8>(), 0..300), 9 => edited]
}

fn run(target: fn(&[u8])) {
    let cases = std::env::var("HOTFIX_PROPERTY_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let input = (any::<u8>(), any::<u8>(), bytes()).prop_map(|(kind, part, bytes)| [vec![kind, part], bytes].concat());
    runner
        .run(&input, |bytes| {
            target(&bytes);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn manifests_and_lock_files() {
    // Without the second byte, which the target would read as the file's first.
    run(|bytes| targets::manifest(&[&bytes[..1], &bytes[2..]].concat()));
}

#[test]
fn changes() {
    run(targets::change);
}

#[test]
fn lines_with_secrets() {
    run(|bytes| targets::secret(&bytes[2..]));
}

#[test]
fn reports_of_tests() {
    run(|bytes| targets::report(&[&bytes[..1], &bytes[2..]].concat()));
}

#[test]
fn tests_inside_sources() {
    run(|bytes| targets::inline(&bytes[2..]));
}

#[test]
fn deep_and_long_files() {
    let depth = 5_000;
    let nested = format!("\0<testsuite>{}{}</testsuite>", "<testcase>".repeat(depth), "</testcase>".repeat(depth));
    targets::report(nested.as_bytes());
    for kind in 0..targets::PATHS.len() {
        for part in [
            "[",
            "{\"a\":",
            "<a>",
            "a(",
            "a{",
            "(",
            "\"",
            "- ",
            "a.",
            "[[",
            "\n",
            " ",
            "'",
            "if\n",
            "${",
            "require (\n",
        ] {
            let length = 50_000 / part.len();
            targets::manifest(&[&[kind as u8], part.repeat(length).as_bytes()].concat());
        }
    }
}
