//! The shipped configuration.

use super::*;
use crate::workflow::plan::{OPENING, steps};

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
        let known = [OPENING, steps(Strategy::C), steps(Strategy::D)].concat();
        let unknown: Vec<_> = config.budget.keys().filter(|step| !known.contains(&step.as_str())).collect();
        assert!(unknown.is_empty(), "{name}: budgets of no step: {unknown:?}");
        let watch = config.budget["watch"].0;
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
