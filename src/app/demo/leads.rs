//! The demo's leads: a few hundred people who do not exist, at addresses that cannot exist (RFC 2606).

use axum::extract::FromRef as _;
use fake::{
    Fake as _, RngExt as _,
    faker::{company::en::CompanyName, job::en::Title, name::en::FirstName, name::en::LastName},
    rand::{SeedableRng as _, rngs::StdRng},
};

use crate::{
    models::{
        LeadListId, LeadSource, NewLead, OnDuplicate,
        page::{Direction, PageRequest},
    },
    repositories::OrgMember,
    services::{LeadListService, LeadService, lead_lists::NewLeadList, leads::LeadBatch},
    state::AppState,
};

/// The lists, and how many leads each gets.
const LISTS: [(&str, usize); 2] = [("Founders, Europe", 180), ("Heads of sales, North America", 140)];
const PLACES: [[(&str, &str, &str); 4]; 2] = [
    [
        ("Berlin", "Germany", "Europe/Berlin"),
        ("Lyon", "France", "Europe/Paris"),
        ("Leeds", "United Kingdom", "Europe/London"),
        ("Porto", "Portugal", "Europe/Lisbon"),
    ],
    [
        ("Austin", "United States", "America/Chicago"),
        ("Boston", "United States", "America/New_York"),
        ("Toronto", "Canada", "America/Toronto"),
        ("Denver", "United States", "America/Denver"),
    ],
];
const INDUSTRIES: [&str; 6] = ["Software", "Logistics", "Health care", "Retail", "Energy", "Financial services"];
/// The same people at every first start, so that two newcomers can compare what they see.
const SEED: u64 = 8058;

/// Makes the lists and their leads, as far as they are not there yet: a start may have been broken off. Answers the first list.
pub(super) async fn seed(state: &AppState, member: &OrgMember) -> anyhow::Result<LeadListId> {
    let (lists, leads) = (LeadListService::from_ref(state), LeadService::from_ref(state));
    let some = PageRequest { limit: 100, after: None, direction: Direction::Descending, include_total: false };
    let there = lists.list(member, &some).await?.items;
    let mut first = None;
    let mut random = StdRng::seed_from_u64(SEED);
    for ((name, size), places) in LISTS.into_iter().zip(&PLACES) {
        let new = NewLeadList { name: name.to_owned(), description: None, source: None, tags: vec![] };
        let list = match there.iter().find(|there| there.list.name == name) {
            Some(there) => there.list.id,
            None => lists.create(member, new).await?.list.id,
        };
        first = first.or(Some(list));
        let rows = (0..size).map(|number| Ok(person(&mut random, places, list, number))).collect();
        leads
            .batch(
                member,
                &LeadBatch {
                    lead_list_id: Some(list),
                    on_duplicate: OnDuplicate::Skip,
                    source: LeadSource::Manual,
                    rows,
                },
            )
            .await?;
    }
    first.ok_or_else(|| anyhow::anyhow!("the demo has no lists"))
}

fn person(random: &mut StdRng, places: &[(&str, &str, &str)], list: LeadListId, number: usize) -> NewLead {
    let (given, family): (String, String) = (FirstName().fake_with_rng(random), LastName().fake_with_rng(random));
    let company: String = CompanyName().fake_with_rng(random);
    let domain = format!("{}.example", slug(&company));
    let (city, country, zone) = places[random.random_range(0..places.len())];
    // The list's last letters keep two people of one name in two lists apart.
    let list = list.to_string();
    let handle = format!("{}-{}-{number}{}", slug(&given), slug(&family), &list[list.len() - 4..]);
    NewLead {
        email: Some(format!("{}.{}{number}@{domain}", slug(&given), slug(&family))),
        linkedin_url: Some(format!("https://www.linkedin.com/in/{handle}")),
        first_name: Some(given),
        last_name: Some(family),
        full_name: None,
        phone: None,
        title: Some(Title().fake_with_rng(random)),
        company: Some(company),
        company_domain: Some(domain),
        industry: Some(INDUSTRIES[random.random_range(0..INDUSTRIES.len())].to_owned()),
        location: Some(city.to_owned()),
        country: Some(country.to_owned()),
        timezone: Some(zone.to_owned()),
        external_id: None,
        status: None,
        source: Some(LeadSource::Manual),
        tags: vec!["demo".to_owned()],
        custom_fields: serde_json::Map::new(),
        lists: crate::models::ListReferences::default(),
    }
}

/// Letters and digits only, lower case.
fn slug(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}
