//! The shipped configuration.

use std::time::Duration;

use super::*;

/// Each value that `table` sets, by its dotted name; lists are values.
fn settings(table: &toml::Table, prefix: &str) -> BTreeMap<String, toml::Value> {
    let mut found = BTreeMap::new();
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        match value {
            toml::Value::Table(table) => found.extend(settings(table, &format!("{name}."))),
            value => {
                found.insert(name, value.clone());
            }
        }
    }
    found
}

fn parsed(text: &str) -> BTreeMap<String, toml::Value> {
    settings(&text.parse().unwrap(), "")
}

#[test]
fn a_profile_sets_only_what_differs_from_the_default() {
    let default = parsed(DEFAULT);
    for (name, text) in PROFILES {
        let own = parsed(text);
        assert!(!own.is_empty(), "{name}");
        for (setting, value) in own {
            assert_ne!(default.get(&setting), Some(&value), "{name}: {setting}");
        }
    }
}

#[test]
fn every_profile_is_a_configuration() {
    for (name, _) in PROFILES {
        let config = Config::load(None, Some(name)).unwrap();
        assert_eq!(config.profile, *name);
        let watch = config.budget[&StepName::Watch].0;
        assert!(config.watch.window.0 < watch, "{name}: the watch's window is longer than its budget");
        for severity in Severity::ALL {
            assert!(!config.review.roles[&severity].is_empty(), "{name}: nobody reviews a {severity}");
        }
    }
}

#[test]
fn lengths_of_time_are_written_as_people_write_them() {
    let load = |text: &str| {
        let text = format!("[post_mortem]\nwithin = \"{text}\"\n");
        Config::load(Some((Path::new(FILE), &text)), None).map(|config| config.post_mortem.within.0.as_secs())
    };
    for (text, seconds) in [("30s", 30), ("15m", 900), ("1h 30m", 5400), ("14d", 1_209_600)] {
        assert_eq!(load(text).unwrap(), seconds, "{text}");
    }
    for text in ["", "soon", "-5m", "1 month", "10"] {
        let error = load(text).unwrap_err();
        assert!(error.to_string().contains("is not a length of time"), "{text}: {error}");
    }
}

/// The numbers of each workflow: window, highest error rate, p95, limit of a P0, post-mortem,
/// lines that warn, marker, whether a regression test is asked for, and the steps' budgets.
#[test]
fn each_profile_has_the_numbers_of_its_workflow() {
    let numbers = |name: &str| {
        let config = Config::load(None, Some(name)).unwrap();
        let minutes = |length: Duration| length.as_secs_f64() / 60.0;
        use StepName::{Backport, Branch, Check, Close, Deploy, Fix, Investigate, Review, Watch};
        let budgets = [Investigate, Branch, Fix, Check, Review, Deploy, Watch, Backport, Close];
        let budgets: Vec<_> = budgets
            .iter()
            .map(|step| config.budget.get(step).map_or_else(|| "-".to_owned(), |length| minutes(length.0).to_string()))
            .collect();
        format!(
            "watch {} min, {}% errors, p95 {} ms; limit {} min; post-mortem {} h; {} lines, {:?}, test {}; {}",
            minutes(config.watch.window.0),
            config.watch.error_rate * 100.0,
            config.watch.p95.0.as_millis(),
            minutes(config.clock(Severity::P0).limit.0),
            minutes(config.post_mortem.within.0) / 60.0,
            config.guard.lines_warn,
            config.guard.marker,
            config.guard.regression_test,
            budgets.join(" ")
        )
    };
    insta::assert_snapshot!(numbers("compose"), @r#"watch 5 min, 0% errors, p95 200 ms; limit 120 min; post-mortem 48 h; 10 lines, "", test true; 30 2 45 15 15 10 30 - -"#);
    insta::assert_snapshot!(numbers("kubernetes"), @r#"watch 5 min, 0.1% errors, p95 500 ms; limit 120 min; post-mortem 24 h; 10 lines, "", test true; 5 2 60 20 15 14 6 10 5"#);
    insta::assert_snapshot!(numbers("incident"), @r#"watch 30 min, 0.1% errors, p95 500 ms; limit 120 min; post-mortem 48 h; 9 lines, "HOTFIX:", test true; 30 2 60 15 15 10 35 - 60"#);
    insta::assert_snapshot!(numbers("pull-request"), @r#"watch 2.5 min, 0.1% errors, p95 500 ms; limit 30 min; post-mortem 48 h; 10 lines, "", test false; 30 2 15 5 10 5 3 - -"#);
    insta::assert_snapshot!(numbers("service"), @r#"watch 5 min, 0.1% errors, p95 500 ms; limit 120 min; post-mortem 48 h; 10 lines, "Hotfix", test true; 30 2 45 15 15 10 30 - -"#);
}

#[test]
fn a_setting_with_a_new_name_is_read_under_its_old_one() {
    for by in ["memory = { file = \"x\" }", "file = { path = \"x\" }"] {
        let text = format!(
            "[[notify]]\nname = \"a\"\nby.command = {{ send = \"true\" }}\n[[notify]]\nname = \"b\"\nby.{by}\n"
        );
        let config = Config::load(Some((Path::new(FILE), &text)), None).unwrap();
        assert!(matches!(config.notify[1].by, notify::Config::File(_)), "{by}: {:?}", config.notify);
    }
    let mut table = "[notify]\nby.memory = 1\n".parse().unwrap();
    assert!(!rename(&mut table, &["probe", "by", "memory"], "file"), "only the whole path is renamed");
}

#[test]
fn a_budget_of_no_step_is_refused() {
    let error = Config::load(Some((Path::new(FILE), "[budget]\ndeploi = \"5m\"\n")), None).unwrap_err();
    assert_eq!(error.to_string(), "there is no setting `budget.deploi`");
    assert_eq!(error.help.as_deref(), Some("did you mean `deploy`?"));
}
