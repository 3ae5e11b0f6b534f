//! Whose approvals let a fix pass.

use std::collections::BTreeSet;

use super::actor::Actor;

/// An approval that counts.
#[derive(Clone, Debug)]
pub struct Given<'a> {
    pub role: &'a str,
    pub by: &'a Actor,
    /// Who that is, the same under each of their addresses.
    pub person: String,
}

/// Returns why an approval by somebody with these addresses does not count; `None` if it does. `authors` has the
/// addresses of those who wrote the fix; all are in lower case.
pub fn reason_against(addresses: &[String], authors: &BTreeSet<String>, is_agent: bool) -> Option<&'static str> {
    if addresses.iter().any(|address| authors.contains(address)) {
        return Some("an author of the fix");
    }
    is_agent.then_some("not a person")
}

/// Returns a different person for each role, or the roles without one. Nobody fills two roles, so this
/// looks for the largest assignment, not the first.
pub fn assign<'a>(roles: &[String], given: &'a [Given<'a>]) -> Result<Vec<&'a Given<'a>>, Vec<String>> {
    let filled = fill(roles, given, &mut Vec::new());
    // `fill` keeps the order of the roles, so both lists go together.
    let missing: Vec<String> =
        roles.iter().zip(&filled).filter(|(_, by)| by.is_none()).map(|(role, _)| role.clone()).collect();
    if missing.is_empty() { Ok(filled.into_iter().flatten().collect()) } else { Err(missing) }
}

/// Tries every person for the next role, and nobody: there are few roles.
fn fill<'a>(
    roles: &[String],
    given: &'a [Given<'a>],
    taken: &mut Vec<Option<&'a Given<'a>>>,
) -> Vec<Option<&'a Given<'a>>> {
    let Some(role) = roles.get(taken.len()) else { return taken.clone() };
    let mut best: Option<Vec<Option<&'a Given<'a>>>> = None;
    let fitting = given.iter().filter(|given| given.role == role).map(Some);
    for candidate in fitting.chain([None]) {
        let used = taken.iter().flatten().any(|by| candidate.is_some_and(|candidate| by.person == candidate.person));
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

/// Returns why one more approval does not help the review; `None` if it does, or may later. `given` are those
/// that count.
pub fn is_in_vain(roles: &[String], given: &[Given<'_>], more: &Given<'_>) -> Option<String> {
    let before = given.iter().find(|given| given.person == more.person)?.role;
    let with: Vec<_> = given.iter().chain([more]).cloned().collect();
    let missing = |given: &[Given<'_>]| assign(roles, given).err().map_or(0, |missing| missing.len());
    // Somebody else may still take the other role, and then this one helps: it is in vain only if the number of missing roles can't fall.
    (missing(&with) >= missing(given)).then(|| match before == more.role {
        true => format!("has already approved as {}", more.role),
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

    fn borrowed<'a>(people: &'a [(&'static str, Actor)]) -> Vec<Given<'a>> {
        people.iter().map(|(role, by)| Given { role, by, person: by.key() }).collect()
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
            let given_here = borrowed(&people);
            let assigned = assign(&both, &given_here);
            let assigned = assigned.map(|people| people.iter().map(|given| given.by.to_string()).collect());
            assert_eq!(assigned, expected, "{given:?}");
        }
        assert!(assign(&[], &[]).is_ok_and(|people| people.is_empty()));
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
            let addresses = [Actor::claimed(who).key()];
            assert_eq!(reason_against(&addresses, &authors, is_agent), expected, "{who}");
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
            let found = is_in_vain(&both, &borrowed(&people), &Given { role, by: &bob, person: bob.key() });
            assert_eq!(found.as_deref(), expected, "{given:?} {role}");
        }
    }
}
