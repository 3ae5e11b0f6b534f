use super::*;
use crate::domain::reading::{Arm, Count, Series};
use crate::domain::verdict::Verdict;

const SERVICE: Source<'_> = Source { name: "service", is_dependency: false };
const BANK: Source<'_> = Source { name: "bank", is_dependency: true };
const METRICS: Source<'_> = Source { name: "metrics", is_dependency: false };

fn limits() -> Limits {
    Limits {
        window: Duration::from_secs(60),
        patience: Duration::from_secs(30),
        error_rate: 0.001,
        certify: 0.05,
        p95: Duration::from_millis(200),
        alpha: 0.001,
        tolerance: 1.0,
        blip: Duration::from_millis(500),
        blind: Duration::from_secs(10),
        is_endless: false,
        gives_up: true,
        has_control: false,
        has_earlier: false,
    }
}

fn look(good: bool, millis: u64) -> Reading {
    let latency = Some(Duration::from_millis(millis));
    if good { Reading::Good { latency } } else { Reading::Error { latency, why: "status 500".to_owned() } }
}

/// Adds one reading every 600 ms, and judges after each as a watch does; returns the last judgement,
/// and when it was.
fn looked(readings: impl IntoIterator<Item = (Source<'static>, Reading)>) -> (Watch, Option<Judgement>) {
    let mut watch = Watch::new(["bank"]);
    watch.beside.clear();
    for (index, (source, reading)) in readings.into_iter().enumerate() {
        let at = Duration::from_millis(index as u64 * 600);
        watch.add(&limits(), source, at, at, reading);
        let judgement = watch.judge(&limits(), at);
        if judgement.is_final {
            return (watch, Some(judgement));
        }
    }
    (watch, None)
}

fn service(readings: impl IntoIterator<Item = (bool, u64)>) -> impl IntoIterator<Item = (Source<'static>, Reading)> {
    readings.into_iter().map(|(good, millis)| (SERVICE, look(good, millis)))
}

#[test]
fn each_verdict() {
    let end = 60;
    let good = |count| vec![(true, 10); count];
    for (what, readings, seconds, verdict, is_final) in [
        ("all good to the end", good(100), end, Verdict::Verified, true),
        ("all good so far", good(50), 30, Verdict::Unproven, false),
        ("too few to the end, but soon enough", good(50), end, Verdict::Unproven, false),
        ("too few when patience ends", good(50), 300, Verdict::Blind, true),
        ("nothing at all", good(0), end, Verdict::Blind, true),
        ("nothing for too long", good(5), 30, Verdict::Blind, true),
        ("every second one fails", (0..8).map(|i| (i % 2 == 0, 10)).collect(), 5, Verdict::Bad, true),
        ("one error is not yet bad", (0..99).map(|i| (i != 50, 10)).collect(), end, Verdict::Unproven, true),
        ("all slow", vec![(true, 900); 30], 18, Verdict::Bad, true),
    ] {
        let (mut watch, ended) = looked(service(readings));
        if what.starts_with("too few to") {
            watch.last_reading = Duration::from_secs(seconds);
        }
        let judgement = ended.unwrap_or_else(|| watch.judge(&limits(), Duration::from_secs(seconds)));
        assert_eq!((judgement.verdict, judgement.is_final), (verdict, is_final), "{what}: {judgement:?}");
    }
}

#[test]
fn unproven_says_what_it_needs_and_for_how_long() {
    let (mut watch, ended) = looked(service(vec![(true, 10); 51]));
    assert!(ended.is_none());
    let judgement = watch.judge(&limits(), Duration::from_secs(30));
    let forecast = judgement.forecast.unwrap();
    assert!((14..=18).contains(&forecast.requests) && (8..=11).contains(&forecast.seconds.unwrap()), "{forecast:?}");
    let certified = judgement.tests.iter().find(|test| test.shows == "fewer errors than 5%").unwrap();
    assert!(certified.e_value > 5.0 && certified.e_value < 20.0 && certified.needs == 20.0, "{certified:?}");
}

#[test]
fn an_outage_of_a_dependency_is_not_the_releases_fault() {
    let failing =
        |bank: bool| (0..60).map(move |i| if i % 2 == 0 { (BANK, look(bank, 5)) } else { (SERVICE, look(false, 5)) });
    let (_, judgement) = looked(failing(false));
    let judgement = judgement.unwrap();
    assert_eq!((judgement.verdict, judgement.outage.as_deref()), (Verdict::Unproven, Some("bank")));

    let (_, judgement) = looked(failing(true));
    let judgement = judgement.unwrap();
    assert_eq!((judgement.verdict, judgement.outage), (Verdict::Bad, None));
}

/// A scrape of both arms, each with (requests, errors) since the start.
fn scrape(seconds: u64, release: (u64, u64), control: Option<(u64, u64)>) -> Reading {
    let at = 1_000.0 + seconds as f64;
    let series = |arm, (requests, errors): (u64, u64)| {
        [(Count::Requests, requests), (Count::Errors, errors)].map(|(count, value)| Series {
            arm,
            count,
            name: format!("{arm:?} {count:?}"),
            instance: format!("{arm:?}"),
            started: None,
            points: vec![(at, value as f64)],
        })
    };
    let control = control.map(|control| series(Arm::Control, control));
    let series = series(Arm::Release, release).into_iter().chain(control.into_iter().flatten()).collect();
    Reading::Scraped(Scrape { now: at, series })
}

/// Scrapes every 5 seconds, 100 requests each to both arms, until the verdict is final.
fn scraped(errors: impl Fn(u64) -> (u64, u64)) -> (u64, Judgement) {
    let limits = Limits { has_control: true, window: Duration::from_secs(600), ..limits() };
    let mut watch = Watch::default();
    let (mut release, mut control) = (0, 0);
    for index in 0.. {
        let seconds = index * 5;
        let (ours, theirs) = if index == 0 { (0, 0) } else { errors(index) };
        (release, control) = (release + ours, control + theirs);
        let at = Duration::from_secs(seconds);
        let reading = scrape(seconds, (index * 100, release), Some((index * 100, control)));
        watch.add(&limits, METRICS, at, at, reading);
        let judgement = watch.judge(&limits, at);
        if judgement.is_final {
            return (seconds, judgement);
        }
    }
    unreachable!("the window ends")
}

#[test]
fn with_a_control_an_outage_of_both_is_told_from_a_bad_release() {
    let (seconds, judgement) = scraped(|_| (5, 0));
    assert_eq!((judgement.verdict, judgement.outage), (Verdict::Bad, None));
    assert!(seconds <= 15, "{seconds}");

    let (_, judgement) = scraped(|_| (50, 50));
    assert_eq!((judgement.verdict, judgement.outage.as_deref()), (Verdict::Unproven, Some(CONTROL)));

    let (_, judgement) = scraped(|_| (0, 10));
    assert_eq!(judgement.verdict, Verdict::Verified, "better than what ran before: {judgement:?}");

    let (_, judgement) = scraped(|_| (100, 10));
    assert_eq!(judgement.verdict, Verdict::Bad, "worse than a control that fails as well: {judgement:?}");
}

#[test]
fn a_source_that_is_gone_makes_blind_and_never_bad() {
    let limits = limits();
    let mut watch = Watch::default();
    watch.add(&limits, METRICS, Duration::ZERO, Duration::ZERO, scrape(0, (0, 0), None));
    for seconds in 1..10 {
        let at = Duration::from_secs(seconds);
        watch.add(&limits, METRICS, at, at, Reading::None { why: "status 500".to_owned() });
        assert_eq!(watch.judge(&limits, at).verdict, Verdict::Unproven);
    }
    let judgement = watch.judge(&limits, Duration::from_secs(10));
    assert_eq!(judgement.verdict, Verdict::Blind);
    assert_eq!(
        judgement.reasons,
        ["not one request was seen in 10 s", "metrics sees nothing for 9 s of 10 s: status 500"]
    );
}

#[test]
fn a_watch_continues_from_its_text_as_if_nothing_had_happened() {
    let (mut watch, _) = looked(service((0..40).map(|i| (i != 7, i))));
    let text = serde_json::to_string(&watch).unwrap();
    assert!(text.len() < 2_500, "{} bytes", text.len());
    let mut read: Watch = serde_json::from_str(&text).unwrap();
    let at = Duration::from_secs(25);
    let [before, after] = [&mut watch, &mut read].map(|watch| {
        watch.add(&limits(), SERVICE, at, at, look(false, 5));
        let judgement = watch.judge(&limits(), at + Duration::from_secs(1));
        let tests: Vec<_> = judgement.tests.iter().map(|test| (test.e_value * 1e6).round()).collect();
        (tests, Judgement { tests: Vec::new(), ..judgement })
    });
    assert_eq!(before, after);
}

#[test]
fn a_good_release_is_called_bad_at_most_as_often_as_alpha_allows() {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut scrape = || Tally { requests: 20, failures: (0..20).filter(|_| rng.f64() < 0.01).count() as u64 };
    let (mut by_limit, mut by_control) = (0, 0);
    let threshold = 100.0_f64.ln();
    for _ in 0..1_000 {
        let (mut all, mut comparison) = (Tally::default(), Comparison::default());
        let (mut over, mut worse) = (false, false);
        for _ in 0..200 {
            let release = scrape();
            all += release;
            comparison.add(release, scrape(), Terms { tolerance: 1.0, phi: 1.0 });
            over |= broken(all, 0.01, 1.0) >= threshold;
            worse |= comparison.evidence() >= threshold;
        }
        (by_limit, by_control) = (by_limit + u32::from(over), by_control + u32::from(worse));
    }
    assert!(by_limit <= 10 && by_control <= 10, "{by_limit} and {by_control} of 1,000 at alpha 1%");
}

#[test]
fn each_source_has_its_own_past_and_only_once() {
    let mut watch = Watch::default();
    let counts = |requests| vec![Counts { requests, ..Counts::default() }; 3];
    let replay = |phi| Kinds { errors: Some(Replay { phi, watches: 10, alarms: 0, untempered: 0 }), latency: None };
    watch.remember("a", counts(10), replay(1.0));
    watch.remember("b", counts(20), replay(2.0));
    watch.remember("a", counts(30), replay(3.0));
    let phis = Kinds { errors: 2.0, latency: 1.0 };
    assert_eq!((watch.earlier["a"][0].requests, watch.earlier["b"][0].requests, watch.phis()), (10, 20, phis));
}

#[test]
fn an_endless_watch_ends_with_an_alarm_only() {
    let limits = Limits { is_endless: true, ..limits() };
    let (mut watch, mut at) = (Watch::default(), Duration::ZERO);
    let mut day = |errors: u64, ticks: u64| {
        (1..=ticks).find(|tick| {
            for index in 0..50 {
                at += TICK / 50;
                watch.add(&limits, SERVICE, at, at, look(index % 5 >= errors || tick % 7 > 0, 10));
            }
            watch.tick(&limits);
            watch.judge(&limits, at).is_final
        })
    };
    assert_eq!(day(0, 17_280), None);
    assert!(day(1, 100).is_some_and(|tick| tick <= 14));
}
