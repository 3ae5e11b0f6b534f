//! How weakening is written, in the words of many languages' libraries. Code is looked at without
//! blanks between its parts, but for words, and without the insides of strings.

use std::sync::LazyLock;

use regex::Regex;

use crate::guard::language::Language;

/// A pattern of code or comments, compiled once.
pub type Pattern = LazyLock<Regex>;

/// Asserts in whatever language.
static ASSERTION: Pattern = LazyLock::new(|| {
    any(&[
        // assert, assert_eq!, assertThat, self.assertEqual, ck_assert_int_eq, Assert.Equal, refute_nil
        r"(^|\W)(\w*_)?([aA]ssert\w*|refute\w*)\b",
        // ASSERT_EQ, EXPECT_CALL, CHECK, REQUIRE_THROWS, BOOST_CHECK_EQUAL, CU_ASSERT, QVERIFY, QCOMPARE
        r"\b[A-Z0-9_]*(ASSERT|EXPECT|CHECK|REQUIRE|VERIFY|COMPARE)(_[A-Z0-9_]+)?\(|\bBOOST_TEST\(",
        r"(^|[^\w.]|Mockito\.)verify(NoMoreInteractions|NoInteractions)?\(",
        r"(^|[^\w.])(expect|expectTypeOf|expectThrows|Expect|Eventually|Consistently)([({<]| do\b|!\[)",
        r"\bexpect\.(assertions|hasAssertions|fail|soft|poll)\(|\bis_expected\b",
        r"\.(andExpect\w*|expectNext\w*|verifyComplete)\(|\b(thrown|exception|expectedException)\.expect\w*\(",
        r"@Test\(.*\bexpected=|#\[should_panic",
        // x.should, x.Should().Be, x.ShouldBeTrue, Should.Throw, x.must_equal, x.wont_be_nil
        r"\.should(_not)?\b|\.Should\w*\(|\bShould\.\w|\.(must|wont)_\w+|\{should(_not)?\b",
        r"->expect[A-Z]\w*\(|->should[A-Z]\w*\(|->(shouldReceive|prophesize|fail)\(",
        r"\bpytest\.(raises|warns|fail|deprecated_call)\(|\bself\.fail\w*\(|(^|[^\w.])(fail|flunk)\(",
        // a.IsEqualTo(b), though not at the start of a line, where it goes on with an assertion; and what
        // names a test to its runner: RUN_TEST, tcase_add_test
        r"[\w)\]]\.[iI]s(Not)?(EqualTo|SameAs|InstanceOf)\(|\bRUN_TEST\w*\(|\b(tcase|CU)_add_test\w*\(|\bcmocka_unit_test\w*\(",
        r"\brequire\.[A-Z]\w*\(|\.Require\(\)\.|\bc\.Check\(|\b(t|b|f|tb)\.(Error|Fatal|Fail)\w*\(",
    ])
});

/// Asserts in JavaScript and TypeScript; `expect` is a method of other things in other languages.
static ASSERTION_OF_SCRIPTS: Pattern = LazyLock::new(|| {
    any(&[
        r"\.expect\(",
        r"\bt\.(is|not|deepEqual|true|false|truthy|falsy|throws\w*|notThrows\w*|equal|equals|same|ok|notOk|regex|like|snapshot|strictEqual|plan|match)\(",
    ])
});

/// Asserts in C#: the words of Moq, NSubstitute and FakeItEasy.
static ASSERTION_OF_CSHARP: Pattern = LazyLock::new(|| {
    any(&[r"\.Verify(All|NoOtherCalls)?\(|\.(Received|DidNotReceive)(WithAnyArgs)?\(|\.Must(Not)?HaveHappened\w*\("])
});

/// Whether a line of a test asserts something.
pub fn asserts(language: Option<&Language>, code: &str) -> bool {
    let own = match language.map(|language| language.name) {
        Some("JavaScript" | "TypeScript") => ASSERTION_OF_SCRIPTS.is_match(code),
        Some("C#") => ASSERTION_OF_CSHARP.is_match(code),
        _ => false,
    };
    own || ASSERTION.is_match(code)
}

/// What may well assert, by a name of the project's own: `checkBill(a)`, `expectPaid(a)`, and in Go
/// whatever is given the test.
static OWN_ASSERTION: Pattern =
    LazyLock::new(|| any(&[r"(^|\W)([aA]ssert|[eE]xpect|[vV]erify|[cC]heck|[eE]nsure)([A-Z_]\w*)?\("]));
static OWN_ASSERTION_OF_GO: Pattern = LazyLock::new(|| any(&[r"(^|\W)[A-Za-z]\w*\((t|s\.T\(\)),"]));

/// Whether a line of a test may be there in the place of an assertion.
pub fn may_assert(language: Option<&Language>, code: &str) -> bool {
    let go = language.is_some_and(|language| language.name == "Go") && OWN_ASSERTION_OF_GO.is_match(code);
    go || OWN_ASSERTION.is_match(code) || asserts(language, code)
}

/// The names and numbers that an assertion is about; `None` where they are too few to know it by.
pub fn about(code: &str) -> Option<Vec<&str>> {
    const FEWEST: usize = 3;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let rest = code.split_once('(').map_or(code, |(_, rest)| rest);
    let words: Vec<&str> = rest.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
    (words.len() >= FEWEST).then_some(words)
}

pub static SKIP: Pattern = LazyLock::new(|| {
    any(&[
        r"#\[ignore\b|#\[cfg_attr\(.*\bignore\b",
        r"@(unittest\.)?(skip|skipIf|skipUnless|expectedFailure)\b|\.skipTest\(|\bSkipTest\b",
        r"@?pytest\.(mark\.)?(skip|skipif|xfail)\b|\bpytest\.importorskip\(",
        r"\b(it|test|describe|context|suite)\.(skip|only|todo|fixme|failing|skipIf|runIf)\b|\bthis\.skip\(\)",
        r"(^|[^\w.])(xit|xtest|xdescribe|xcontext|xspecify|fit|fdescribe|fcontext)(\(| ?do\b|$)",
        r"^(skip|pending)(\(\))?( if\b| unless\b|$)",
        r"\b(t|b|f|tb)\.Skip(f|Now)?\(|\bmarkTest(Skipped|Incomplete)\(",
        r"@(Ignore|Disabled\w*|EnabledIf\w*|EnabledOn\w*)\b|@Test\(.*\benabled=false|\bassume(True|False|That)\(",
        r"\[(Ignore|Explicit)\b|\bSkip=|\bSkip\.(If|Unless|When)\(|\bAssert\.(Ignore|Inconclusive)\(",
        r"\bGTEST_SKIP\(|\bDISABLED_\w+|\bSKIP\(",
    ])
});

/// Brings in what another line then asserts with.
pub static IMPORT: Pattern = LazyLock::new(|| {
    any(&[
        r"^(import|from|@import)\b|^use [\w\\]|^require(_relative)?$|^#include\b|^using [\w.:=]+;|^using static\b",
        r"=\s*(await )?(require|import)\(",
    ])
});

/// Skips a test only where the machine is not one that it is for.
pub static SKIP_SOMEWHERE: Pattern = LazyLock::new(|| {
    any(&[
        r"#\[cfg_attr\(|@(unittest\.)?skip(If|Unless)\b|\bpytest\.(mark\.)?skipif\b|\bpytest\.importorskip\(",
        r"\.(skipIf|runIf)\b|^(skip|pending)(\(\))? (if|unless)\b|\bassume(True|False|That)\(|\bSkip\.(If|Unless|When)\(",
        r"@(Disabled|Enabled)(If|On)\w*|^if\b.*\bskip",
    ])
});

/// Asks for something that a test then depends on.
pub static CONDITION: Pattern =
    LazyLock::new(|| any(&[r"^(if|unless|\} ?else|else|elif|elsif|#if\w*|#el\w+|switch|case)\b"]));

/// Begins a test.
pub static TEST: Pattern = LazyLock::new(|| {
    any(&[
        r"(^|[^\w.])(it|test|specify|scenario)(\.each\(.*\))?(\(| do\b| ?\{)|^(async )?def test|^func (\(\w+ ?\*?\w+\) ?)?Test\w*\(",
        r"#\[(tokio::)?test\b|@(Test|ParameterizedTest)\b|\[(Fact|Theory|Test|TestCase|TestMethod)\b",
        r"\bfunction test\w*\(|^(TEST|TEST_F|TEST_P|TYPED_TEST|TEST_CASE|SCENARIO)\(",
    ])
});

pub static SILENCED_IN_CODE: Pattern = LazyLock::new(|| {
    any(&[r"#!?\[(allow|expect)\(|@SuppressWarnings\b|@Suppress\(|\[SuppressMessage\b|^#pragma ?warning ?disable"])
});

pub static SILENCED_IN_COMMENT: Pattern = LazyLock::new(|| {
    any(&[
        r"eslint-disable|tslint:disable|@ts-(ignore|nocheck|expect-error)|biome-ignore|istanbul ignore|c8 ignore",
        r"#\s*noqa\b|#\s*type:\s*ignore|pylint:\s*disable|#\s*(mypy|pyright):\s*ignore|pragma:\s*no cover",
        r"//\s*nolint\b|\bNOLINT|\bNOSONAR\b|\bnoinspection\b|ktlint-disable|checkstyle:off",
        r"rubocop:disable|phpcs:(ignore|disable)|@phpstan-ignore|@psalm-suppress|@phan-suppress|shellcheck disable",
        r"\bReSharper disable\b|\bDevSkim:\s*ignore\b|\bcppcheck-suppress\b|swiftlint:disable|scalastyle:off",
        r"#\s*(ruff|flake8):\s*noqa\b|\blint:ignore\b|\bdeno-lint-ignore|\boxlint-disable|stylelint-disable",
        r"\bnosemgrep\b|#\s*nosec\b|\bgitleaks:allow\b|\b(codeql|lgtm)\s?\[|\bcoverity\[|@codeCoverageIgnore",
    ])
});

pub static SLEEP: Pattern = LazyLock::new(|| {
    any(&[
        r"(^|[^\w])(sleep|usleep|nanosleep|msleep|Sleep|sleep_for|sleep_until|sleep_ms)\(|\bTask\.Delay\(",
        r"^sleep \d|=>setTimeout\(",
    ])
});

pub static SLEEP_DEFINED: Pattern =
    LazyLock::new(|| any(&[r"\b(fn|def|func|function|void|int) (\w+::)?\w*[sS]leep\w*\("]));

fn any(patterns: &[&str]) -> Regex {
    Regex::new(&patterns.join("|")).expect("it is written here and compiled by a test")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::language;

    #[test]
    fn assertions_have_many_names() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("a.rs", &["assert_eq!(a,b)", "prop_assert!(a)", "#[should_panic]"], &["x.expect(", "let expected=1"]),
            ("a.py", &["self.assertEqual(a)", "assert a", "with pytest.raises(E):", "self.fail()"], &["reassertion"]),
            ("a.js", &["expect(a).toBe(b)", ".expect(200)", "t.deepEqual(a,b)", "expect.assertions(2)"], &["at.is(1)"]),
            ("a.ts", &["expectTypeOf<A>()", "assert.equal(a,b)"], &["expected(a)"]),
            ("a.go", &["t.Fatalf(", "require.NoError(t,err)", "assert.Equal(t,a,b)", "Expect(a).To("], &["at.Errorf("]),
            (
                "A.java",
                &["assertThat(a)", "verify(a).b()", "Mockito.verify(a)", "fail()", ".andExpect(a)"],
                &["a.verify("],
            ),
            (
                "a.c",
                &["ck_assert_int_eq(a,b)", "assert(a)", "CU_ASSERT_EQUAL(a,b)", "RUN_TEST(a);"],
                &["checked(a)", "run_tests(a)"],
            ),
            ("a.cpp", &["EXPECT_EQ(a,b)", "BOOST_CHECK(a)", "REQUIRE(a)", "QCOMPARE(a,b)"], &["RECHECKED"]),
            (
                "a.rb",
                &["x.should eq 1", "expect{a}.to b", "expect do", "a.must_equal b", "refute_nil a"],
                &["expected"],
            ),
            ("a.php", &["$this->assertSame(a)", "$this->expectException(", "$a->shouldReturn(1)"], &["$a->expects"]),
            (
                "a.cs",
                &["Assert.Equal(1,2)", "a.ShouldBeTrue()", "a.Should().Be(1)", "a.Verify(b)", "a.IsEqualTo(b)"],
                &["Shoulder(a)"],
            ),
        ];
        for (path, yes, no) in table {
            let asserts = |code: &str| asserts(language::of(path), code);
            yes.iter().for_each(|text| assert!(asserts(text), "{path}: {text}"));
            no.iter().for_each(|text| assert!(!asserts(text), "{path}: {text}"));
        }
    }

    #[test]
    fn other_words_may_assert_the_same() {
        let go = language::of("a.go");
        assert!(
            may_assert(go, "Equal(t,a,b)") && may_assert(go, "checkBill(a)") && may_assert(None, "a.expectPaid(b)")
        );
        assert!(
            !may_assert(go, "t.Run(name,") && !may_assert(None, "Equal(t,a,b)") && !may_assert(None, "unchecked(a)")
        );
        assert_eq!(about("ASSERT(a==(int)b->c);"), about("ASSERT_EQ(a,(int)b->c);"));
        assert_eq!(about("ASSERT(a)"), None);
    }

    #[test]
    fn patterns_know_many_languages() {
        let table: &[(&Pattern, &[&str], &[&str])] = &[
            (
                &SKIP,
                &[
                    "#[ignore]",
                    "@pytest.mark.skip",
                    "it.only(",
                    "xit(",
                    "t.Skip()",
                    "@Disabled",
                    "@DisabledOnOs(",
                    "describe.skip(",
                    "this.skip()",
                    "skip if windows?",
                    "Assert.Ignore()",
                    "raise unittest.SkipTest()",
                ],
                &["skip(3)", "iter.skip(1)", "benefit(", "ignore=1", "skipped", "pending=1"],
            ),
            (
                &SLEEP,
                &["time.sleep(1)", "std::thread::sleep(d)", "Thread.sleep(5)", "sleep 3", "Task.Delay(1)"],
                &["asleep(", "sleepy()"],
            ),
            (&SLEEP_DEFINED, &["def sleep(self)", "fn sleep_ms("], &["time.sleep("]),
            (&SILENCED_IN_CODE, &["#[allow(dead_code)]", "@SuppressWarnings("], &["allow("]),
            (
                &SILENCED_IN_COMMENT,
                &[
                    "# noqa",
                    "// eslint-disable-next-line x",
                    "//nolint:errcheck",
                    "// ReSharper disable once InconsistentNaming",
                    "// DevSkim: ignore DS126858",
                    "// cppcheck-suppress nullPointer",
                    "# nosec B101",
                    "# ruff: noqa",
                ],
                &["// this is linted", "// noqa is not used", "// ReSharper is not used", "# nosecond"],
            ),
            (
                &IMPORT,
                &[
                    "import static a.Assert.assertTrue;",
                    "from a import assert_b",
                    "const{expect}=require()",
                    "using A;",
                ],
                &["using(a)", "use(a)", "require.NoError(t,err)", "important(a)", "expect(require())"],
            ),
        ];
        for (pattern, yes, no) in table {
            yes.iter().for_each(|text| assert!(pattern.is_match(text), "{text}"));
            no.iter().for_each(|text| assert!(!pattern.is_match(text), "{text}"));
        }
    }
}
