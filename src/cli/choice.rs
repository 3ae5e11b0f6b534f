//! Arguments with a few known values; `--help` explains each of them.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::domain::rung::Rung;
use crate::domain::severity::Severity;
use crate::domain::strategy::Strategy;

/// Returns the parser of a severity, for an argument with `ignore_case`.
pub fn severity() -> impl TypedValueParser<Value = Severity> {
    let values = Severity::ALL.map(|severity| value(severity.as_str(), severity.meaning()));
    PossibleValuesParser::new(values).try_map(|text| text.parse())
}

/// Returns the parser of a strategy, for an argument with `ignore_case`.
pub fn strategy() -> impl TypedValueParser<Value = Strategy> {
    let values = Strategy::ALL.map(|strategy| value(strategy.as_str(), strategy.meaning()));
    PossibleValuesParser::new(values).try_map(|text| text.parse())
}

/// Returns the parser of a way to put production back.
pub fn rung() -> impl TypedValueParser<Value = Rung> {
    let values = Rung::ALL.map(|rung| value(rung.as_str(), rung.meaning()));
    PossibleValuesParser::new(values).try_map(|text| text.parse())
}

fn value(name: &'static str, meaning: &'static str) -> PossibleValue {
    PossibleValue::new(name).help(meaning)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Words {
        #[arg(long, value_parser = severity(), ignore_case = true)]
        severity: Option<Severity>,
        #[arg(long, value_parser = strategy(), ignore_case = true)]
        strategy: Option<Strategy>,
        #[arg(long, value_parser = rung())]
        rung: Option<Rung>,
    }

    #[test]
    fn each_word_is_read_and_another_is_refused_with_the_list() {
        for severity in Severity::ALL {
            for text in [severity.as_str().to_owned(), severity.as_str().to_lowercase()] {
                assert_eq!(Words::parse_from(["", "--severity", &text]).severity, Some(severity));
            }
        }
        for strategy in Strategy::ALL {
            for text in [strategy.as_str().to_owned(), strategy.as_str().to_lowercase()] {
                assert_eq!(Words::parse_from(["", "--strategy", &text]).strategy, Some(strategy));
            }
        }
        for rung in Rung::ALL {
            assert_eq!(Words::parse_from(["", "--rung", rung.as_str()]).rung, Some(rung));
        }
        for (option, values) in
            [("--severity", "P0, P1, P2"), ("--strategy", "A, B, C, D"), ("--rung", "undo, release, restart, recreate")]
        {
            let refused = Words::try_parse_from(["", option, "x"]).unwrap_err().to_string();
            assert!(refused.contains(&format!("[possible values: {values}]")), "{refused}");
        }
    }
}
