//! Telling machines by what they fetch at the same time: a filter that looks through a mail follows all its links within a second, whatever
//! it says to be.

use chrono::TimeDelta;

use crate::models::{FreshRead, LinkFetched};

/// No person follows two links of a mail within this time; filters follow nine or ten in less (putyourlightson/craft-campaign, issue 546;
/// Marketo takes the same second).
pub(super) const AT_ONCE: TimeDelta = TimeDelta::seconds(1);

/// Whether `read` was a machine's, as `links` of the same mails were fetched: a link, as soon as another was followed at the same time; the
/// picture, if a machine followed a link then, or two links were.
pub(super) fn is_a_machines(read: &FreshRead, links: &[LinkFetched]) -> bool {
    let others =
        links.iter().filter(|other| other.step_id == read.step_id && other.link != read.link && other.link > 0);
    let near = |at: Option<chrono::DateTime<chrono::Utc>>| at.is_some_and(|at| (at - read.fresh_at).abs() < AT_ONCE);
    let at_once =
        others.clone().filter(|other| near(other.fresh_at) || near(other.people_at) || near(other.machine_at));
    match read.link {
        0 => others.clone().any(|other| near(other.machine_at)) || at_once.count() > 1,
        _ => at_once.count() > 0,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    fn at(millis: i64) -> DateTime<chrono::Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(10_000 + millis)
    }

    fn read(link: i16) -> FreshRead {
        let id = Uuid::from_u128(1);
        FreshRead {
            step_id: id.into(),
            link,
            url: None,
            fresh_at: at(0),
            people: 0,
            campaign_id: id.into(),
            execution_id: id.into(),
            lead_id: id.into(),
            account_id: None,
            node_id: "mail".to_owned(),
        }
    }

    fn fetched(step: u128, link: i16) -> LinkFetched {
        let step_id = Uuid::from_u128(step).into();
        LinkFetched { step_id, link, fresh_at: None, people_at: None, machine_at: None }
    }

    #[test]
    fn who_follows_two_links_at_once_is_a_machine() {
        let one = read(1);
        assert!(!is_a_machines(&one, &[]));
        let own = LinkFetched { machine_at: Some(at(100)), ..fetched(1, 1) };
        assert!(!is_a_machines(&one, &[own]), "the link itself");
        for millis in [-999, 0, 999] {
            assert!(is_a_machines(&one, &[LinkFetched { fresh_at: Some(at(millis)), ..fetched(1, 2) }]));
            assert!(is_a_machines(&one, &[LinkFetched { people_at: Some(at(millis)), ..fetched(1, 2) }]));
            assert!(is_a_machines(&one, &[LinkFetched { machine_at: Some(at(millis)), ..fetched(1, 2) }]));
        }
        for other in [
            LinkFetched { fresh_at: Some(at(1_000)), ..fetched(1, 2) },
            LinkFetched { fresh_at: Some(at(0)), ..fetched(2, 2) },
            LinkFetched { fresh_at: Some(at(0)), ..fetched(1, 0) },
        ] {
            assert!(!is_a_machines(&one, std::slice::from_ref(&other)), "{other:?}");
        }
    }

    #[test]
    fn a_picture_is_fetched_by_whoever_follows_all_links_beside_it() {
        let link = |link| LinkFetched { fresh_at: Some(at(200)), ..fetched(1, link) };
        assert!(!is_a_machines(&read(0), &[link(1)]), "a person opens a mail and follows a link");
        assert!(is_a_machines(&read(0), &[link(1), link(2)]));
        assert!(is_a_machines(&read(0), &[LinkFetched { machine_at: Some(at(-300)), ..fetched(1, 1) }]));
    }
}
