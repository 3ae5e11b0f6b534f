//! Whose approvals let a fix pass.

use std::collections::BTreeSet;

use super::actor::Actor;

/// Returns why an approval by `who` does not count; `None` if it does. `authors` has the addresses of
/// those who wrote the fix, in lower case.
pub fn reason_against(who: &Actor, authors: &BTreeSet<String>, is_agent: bool) -> Option<&'static str> {
    if authors.contains(&who.key()) {
        return Some("an author of the fix");
    }
    is_agent.then_some("not a person")
}

/// Returns a different person for each role, or the roles without one. Nobody fills two roles, so this
/// looks for the largest assignment, not the first.
pub fn assign<'a>(roles: &[String], given: &[(&str, &'a Actor)]) -> Result<Vec<&'a Actor>, Vec<String>> {
    let filled = fill(roles, given, &mut Vec::new());
    // `fill` keeps the order of the roles, so both lists go together.
    let missing: Vec<String> =
        roles.iter().zip(&filled).filter(|(_, by)| by.is_none()).map(|(role, _)| role.clone()).collect();
    if missing.is_empty() { Ok(filled.into_iter().flatten().collect()) } else { Err(missing) }
}

/// Tries every person for the next role, and nobody: there are few roles.
fn fill<'a>(
    roles: &[String],
    given: &[(&str, &'a Actor)],
    taken: &mut Vec<Option<&'a Actor>>,
) -> Vec<Option<&'a Actor>> {
    let Some(role) = roles.get(taken.len()) else { return taken.clone() };
    let mut best: Option<Vec<Option<&'a Actor>>> = None;
    let fitting = given.iter().filter(|(as_role, _)| as_role == role).map(|(_, by)| Some(*by));
    for candidate in fitting.chain([None]) {
        // Compared by address: the same person may have approved under another name.
        let used = taken.iter().flatten().any(|by| candidate.is_some_and(|candidate| by.key() == candidate.key()));
        if used {
            continue;
        }
        taken.push(candidate);
        let filled = fill(roles, given, taken);
        taken.pop();
        if best.as_ref().is_none_or(|best| filled.iter().flatten().count() > best.iter().flatten().count()) {
            best = Some(filled);
        }
    }
    best.unwrap_or_default()
}

/// Returns why one more approval by `who` as `role` does not help the review; `None` if it does, or
/// may later. `given` are those that count.
pub fn is_in_vain(roles: &[String], given: &[(&str, &Actor)], role: &str, who: &Actor) -> Option<String> {
    let before = given.iter().find(|(_, by)| by.key() == who.key())?.0;
    let with: Vec<_> = given.iter().copied().chain([(role, who)]).collect();
    let missing = |given: &[(&str, &Actor)]| assign(roles, given).err().map_or(0, |missing| missing.len());
    // Somebody else may still take the other role, and then this one helps: it is in vain only if the number of missing roles can't fall.
    (missing(&with) >= missing(given)).then(|| match before == role {
        true => format!("has already approved as {role}"),
        false => format!("already counts as {before}, and nobody fills two roles"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn people(given: &[(&'static str, &str)]) -> Vec<(&'static str, Actor)> {
        given.iter().map(|(role, by)| (*role, Actor::claimed(by))).collect()
    }

    fn borrowed<'a>(people: &'a [(&'static str, Actor)]) -> Vec<(&'static str, &'a Actor)> {
        people.iter().map(|(role, by)| (*role, by)).collect()
    }

    #[test]
    fn each_role_needs_a_person_of_its_own() {
        let both = names(&["tech-lead", "on-call"]);
        for (given, expected) in [
            (vec![("tech-lead", "A <a@x>"), ("on-call", "B <b@x>")], Ok(names(&["A <a@x>", "B <b@x>"]))),
            (vec![("tech-lead", "A <a@x>"), ("on-call", "A <A@X>")], Err(names(&["on-call"]))),
            // The first fit would leave `on-call` without anybody.
            (
                vec![("tech-lead", "A <a@x>"), ("tech-lead", "B <b@x>"), ("on-call", "A <a@x>")],
                Ok(names(&["B <b@x>", "A <a@x>"])),
            ),
            (vec![("reviewer", "A <a@x>")], Err(both.clone())),
            (vec![], Err(both.clone())),
        ] {
            let people = people(&given);
            let assigned = assign(&both, &borrowed(&people));
            let assigned = assigned.map(|people| people.iter().map(ToString::to_string).collect());
            assert_eq!(assigned, expected, "{given:?}");
        }
        assert_eq!(assign(&[], &[]), Ok(Vec::new()));
    }

    #[test]
    fn authors_under_any_case_and_agents_do_not_count() {
        let authors = BTreeSet::from(["ada@x".to_owned()]);
        for (who, is_agent, expected) in [
            ("Ada <ada@x>", false, Some("an author of the fix")),
            ("Another name <ADA@x>", false, Some("an author of the fix")),
            ("Bot <bot@x>", true, Some("not a person")),
            ("Bob <bob@x>", false, None),
            ("ada@x", false, Some("an author of the fix")),
        ] {
            assert_eq!(reason_against(&Actor::claimed(who), &authors, is_agent), expected, "{who}");
        }
    }

    #[test]
    fn a_second_approval_of_one_person_is_refused_only_where_it_is_in_vain() {
        let both = names(&["tech-lead", "on-call"]);
        let bob = Actor::claimed("Bob <bob@x>");
        for (given, role, expected) in [
            (vec![], "on-call", None),
            (vec![("tech-lead", "A <a@x>")], "on-call", None),
            (
                vec![("tech-lead", "Bob <BOB@x>")],
                "on-call",
                Some("already counts as tech-lead, and nobody fills two roles"),
            ),
            (vec![("tech-lead", "Bob <bob@x>")], "tech-lead", Some("has already approved as tech-lead")),
            // Bob moves to the other role, and both are filled.
            (vec![("tech-lead", "Bob <bob@x>"), ("tech-lead", "A <a@x>")], "on-call", None),
        ] {
            let people = people(&given);
            let found = is_in_vain(&both, &borrowed(&people), role, &bob);
            assert_eq!(found.as_deref(), expected, "{given:?} {role}");
        }
    }
}
