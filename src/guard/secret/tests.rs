use std::time::Instant;

use proptest::prelude::*;

use super::{KINDS, secrets};

/// What is found in a line of source. The secrets are put together here, so that no scanner of this
/// repository finds them.
fn kinds(line: &str) -> Vec<&'static str> {
    secrets(line.as_bytes(), false).iter().map(|secret| secret.kind).collect()
}

const RANDOM: &str = "q7Rk2Vx9Lm4Tz8Wb3Nc6Yd1Hf5Js0PgAeUoKrXtBv2Zm9Qw4Lk7Td3Rc8Hn1Js6Fp";

/// The first `length` characters of a text that looks random.
fn random(length: usize) -> String {
    RANDOM.chars().cycle().take(length).collect()
}

#[test]
fn known_forms_are_found() {
    let upper = "Q7RKZVXWLMTZUWBN";
    let hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    for (kind, line) in [
        ("AWS access key", format!("id = \"AK{}{}\"", "IA", upper.replace(['0', '1', '8', '9'], "Z"))),
        ("GitHub token", format!("token: gh{}{}", "p_", random(36))),
        ("GitLab token", format!("gl{}{}", "pat-", random(20))),
        ("Slack token", format!("xo{}{}", "xb-", random(24))),
        (
            "Slack webhook",
            format!("https://hooks.slack.com/{}/T{}/B{}/{}", "services", "ABC23DEF", "ABC23DEF", random(24)),
        ),
        ("Stripe key", format!("sk{}{}", "_live_", random(24))),
        ("Google API key", format!("AI{}{}", "za", random(35))),
        ("SendGrid key", format!("S{}{}.{}", "G.", random(22), random(43))),
        ("DigitalOcean token", format!("do{}{hex}", "p_v1_")),
        ("Telegram bot token", format!("83659274:A{}{}", "A", random(33))),
        ("Azure storage key", format!("Account{}{}==", "Key=", random(86))),
        ("private key", format!("-----BEGIN RSA {} KEY-----", "PRIVATE")),
        ("JSON web token", format!("ey{}{}.eyJ{}.{}", "J", random(20), random(20), random(20))),
        ("password in an address", format!("DB = 'postgres://pay:{}@db.internal/pay'", random(12))),
        ("secret beside its name", format!("client_secret = \"{}\"", random(24))),
        ("secret beside its name", format!("API_KEY={}", random(32))),
        ("secret beside its name", format!("  'password' => '{}',", random(18))),
    ] {
        assert!(kinds(&line).contains(&kind), "{kind}: {line}: {:?}", kinds(&line));
    }
}

#[test]
fn placeholders_and_code_are_not() {
    for line in [
        "id = \"AKIAIOSFODNN7EXAMPLE\"",
        "url = \"postgres://user:password@localhost/app\"",
        "url = f\"postgres://{user}:{password}@{host}/app\"",
        "url = \"postgres://app:${DB_PASSWORD}@db.internal/app\"",
        "token = \"<your token here, please>\"",
        "token = request.headers.get(\"authorization\")",
        "password_reset_token_generator = 'default_token_generator'",
        "secret_key = \"xxxxxxxxxxxxxxxxxxxxxxxx\"",
        "api_key = os.environ[\"PAYMENT_API_KEY\"]",
        "if token == \"access_token_expired_error\":",
        "integrity sha512-q7Rk2Vx9Lm4Tz8Wb3Nc6Yd1Hf5Js0PgAeUoKrXtBv2Zm9Qw4Lk7Td3Rc8Hn1Js6Fp==",
        "http://example.org:8080/@user",
        "DATABASE_URL trilogy://[username]:[password]@[1.2.3.4]/app",
        "TOKEN_LIFETIME_SECONDS=3600",
        "password: String::from_utf8_lossy(bytes)",
        "",
    ] {
        assert_eq!(kinds(line), [""; 0], "{line}");
    }
}

#[test]
fn in_a_test_only_what_an_issuer_gave_out_counts() {
    let own = format!("password = \"{}\"", random(24));
    let issued = format!("gh{}{}", "p_", random(36));
    assert!(secrets(own.as_bytes(), true).is_empty());
    assert_eq!(secrets(issued.as_bytes(), true).len(), 1);
}

#[test]
fn long_lines_take_no_longer_than_their_length() {
    for part in ["token=\"", "eyJaaaaaaaaaaaa.", "a://b:", "-----BEGIN A ", "xoxb-", "SG.", "secret_", "a"] {
        let line = part.repeat(2_000_000 / part.len());
        let start = Instant::now();
        secrets(line.as_bytes(), false);
        // A second or so; hours, if it were the square of the length.
        assert!(start.elapsed().as_secs() < 60, "{part}");
    }
}

proptest! {
    #[test]
    fn nothing_of_a_password_is_shown(secret in "[a-z0-9]{6}[A-Z][0-9]{3}[a-z0-9]{10}") {
        for line in [format!("postgres://me:{secret}@db.internal/x"), format!("token = '{secret}'")] {
            for found in secrets(line.as_bytes(), false) {
                prop_assert!(!found.masked.contains(&secret[..4]));
            }
        }
    }

    #[test]
    fn any_bytes_are_looked_at(line in prop::collection::vec(any::<u8>(), 0..2000), in_test in any::<bool>()) {
        prop_assert!(secrets(&line, in_test).len() <= KINDS.len());
    }
}
