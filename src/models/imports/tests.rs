//! Files of the tools that people use, from header to lead.

use proptest::prelude::*;

use super::*;
use crate::{
    models::{LeadStatus, NewLead},
    utils::sheet::Record,
};

fn owned(headers: &[&str]) -> Vec<String> {
    headers.iter().map(|header| (*header).to_owned()).collect()
}

fn target(headers: &[&str], header: &str) -> (Option<String>, Option<ProposalNote>) {
    let columns = Proposal::of(&owned(headers)).columns;
    let column = columns.into_iter().find(|column| column.header == header).unwrap();
    (column.target.name(), column.note)
}

/// Header rows as the tools write them, with the field that each column is behind it.
const TOOLS: [(&str, &[&str]); 11] = [
    (
        "Clay",
        &[
            "Find people | Full Name = full_name | First Name = first_name | Last Name = last_name | Job Title = title",
            "Location = location | Company Domain = company_domain | LinkedIn Profile = linkedin_url",
            "Company Name = company | Work Email = email | Mobile Phone = phone | Enrich person",
        ],
    ),
    (
        "Apollo",
        &[
            "First Name = first_name | Last Name = last_name | Title = title | Company = company",
            "Company Name for Emails | Email = email | Email Status | Primary Email Source | Seniority | Departments",
            "Contact Owner | Work Direct Phone | Home Phone | Mobile Phone = phone | Corporate Phone | Other Phone",
            "Stage | Lists = tags | Last Contacted | Account Owner | # Employees | Industry = industry | Keywords",
            "Person Linkedin Url = linkedin_url | Website = company_domain | Company Linkedin Url | Facebook Url",
            "Twitter Url | City = location | State | Country = country | Company Address | Company City",
            "Company State | Company Country | Company Phone | Technologies | Annual Revenue | Secondary Email",
            "Apollo Contact Id = external_id | Apollo Account Id",
        ],
    ),
    (
        "LinkedIn's connections",
        &[
            "First Name = first_name | Last Name = last_name | URL = linkedin_url | Email Address = email",
            "Company = company | Position = title | Connected On",
        ],
    ),
    (
        "Sales Navigator by PhantomBuster",
        &[
            "profileUrl | fullName = full_name | firstName = first_name | lastName = last_name | companyName = company",
            "title = title | companyId | companyUrl | regularCompanyUrl | summary | titleDescription",
            "industry = industry | companyLocation | location = location | durationInRole | connectionDegree | vmid",
            "defaultProfileUrl = linkedin_url | query | timestamp",
        ],
    ),
    (
        "Sales Navigator by Evaboot",
        &[
            "First Name = first_name | Last Name = last_name | Full Name = full_name | Current Job = title",
            "Email = email | Email Status | Prospect LinkedIn URL = linkedin_url | Location = location",
            "Company Name = company | Company Website = company_domain | Company Employee Count | Company LinkedIn URL",
            "Sales Navigator URL",
        ],
    ),
    (
        "HubSpot",
        &[
            "Record ID = external_id | First Name = first_name | Last Name = last_name | Email = email",
            "Phone Number = phone | Contact owner | Associated Company = company | Last Activity Date | Lead Status",
            "Create Date | Job Title = title | City = location | Country/Region = country | Time Zone = timezone",
            "Website URL = company_domain | LinkedIn URL = linkedin_url",
        ],
    ),
    (
        "Instantly",
        &[
            "Email = email | First Name = first_name | Last Name = last_name | Company Name = company | Phone = phone",
            "Website = company_domain | Personalization | Lead Status | Interest Status | linkedIn = linkedin_url",
            "jobTitle = title | location = location",
        ],
    ),
    (
        "Smartlead",
        &[
            "id | first_name = first_name | last_name = last_name | email = email | phone_number = phone",
            "company_name = company | website = company_domain | location = location | linkedin_profile = linkedin_url",
            "company_url | status | is_unsubscribed | created_at",
        ],
    ),
    (
        "lemlist",
        &[
            "email = email | firstName = first_name | lastName = last_name | companyName = company | jobTitle = title",
            "companyDomain = company_domain | linkedinUrl = linkedin_url | phone = phone | icebreaker",
            "timezone = timezone | _id | status",
        ],
    ),
    (
        "HeyReach",
        &[
            "First name = first_name | Last name = last_name | Profile url = linkedin_url | Headline",
            "Location = location | Company = company | Company url | Position = title | About | Email address = email",
            "Tags = tags",
        ],
    ),
    (
        "our own export",
        &[
            "id | first_name = first_name | email = email | status = status | source = source | tags = tags",
            "custom_fields = custom_fields | created_at | updated_at",
        ],
    ),
];

#[test]
fn the_files_of_usual_tools_are_understood() {
    for (tool, lines) in TOOLS {
        let columns: Vec<_> = lines.iter().flat_map(|line| line.split(" | ")).collect();
        let columns: Vec<_> =
            columns.into_iter().map(|column| column.split_once(" = ").unwrap_or((column, ""))).collect();
        let headers: Vec<_> = columns.iter().map(|(header, _)| (*header).to_owned()).collect();
        for (proposed, (header, field)) in Proposal::of(&headers).columns.iter().zip(columns) {
            let found = match &proposed.target {
                Target::Field(field) => field.as_str(),
                _ => "",
            };
            assert_eq!(found, field, "{tool}: {header}");
        }
    }
}

#[test]
fn what_is_not_a_field_is_said_to_be_something_else() {
    let headers = ["Email", "Work Email", "# Employees", "status", "FIRST-NAME", "first name"];
    assert_eq!(
        target(&headers, "Work Email"),
        (Some("custom_fields.work_email".into()), Some(ProposalNote::BetterColumn))
    );
    assert_eq!(target(&headers, "# Employees"), (Some("custom_fields.employees".into()), None));
    assert_eq!(target(&headers, "status"), (Some("custom_fields.status".into()), None));
    assert_eq!(target(&headers, "FIRST-NAME").0.as_deref(), Some("first_name"), "of two as good, the first");
    assert_eq!(target(&headers, "first name").1, Some(ProposalNote::BetterColumn));
    let ours = ["id", "email", "custom_fields", "created_at", "updated_at"];
    assert_eq!(target(&ours, "id"), (None, Some(ProposalNote::NotSettable)));
    let keys = ["a b", "a-b", "A_B", "%", "&"];
    let names: Vec<_> = keys.iter().map(|key| target(&keys, key).0.unwrap()).collect();
    let wanted = ["a_b", "a_b_2", "a_b_3", "column_4", "column_5"].map(|key| format!("custom_fields.{key}"));
    assert_eq!(names, wanted);
}

fn chosen(pairs: &[(&str, Option<&str>)]) -> ChosenMapping {
    pairs.iter().map(|(header, target)| ((*header).to_owned(), target.map(str::to_owned))).collect()
}

fn settle(headers: &[&str], pairs: &[(&str, Option<&str>)]) -> Result<Vec<Option<String>>, Vec<(String, String)>> {
    let mapping = Mapping::settle(&owned(headers), &chosen(pairs));
    mapping
        .map(|mapping| {
            let kept = serde_json::to_string(&mapping).unwrap();
            assert_eq!(serde_json::from_str::<Mapping>(&kept).unwrap(), mapping);
            mapping.columns().iter().map(Target::name).collect()
        })
        .map_err(|faults| faults.into_iter().map(|fault| (fault.pointer, fault.code.into_owned())).collect())
}

#[test]
fn the_caller_has_the_last_word() {
    let headers = ["Email", "Work Email", "Notes", "A/B"];
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(
        settle(&headers, &[]),
        Ok(vec![
            name("email"),
            name("custom_fields.work_email"),
            name("custom_fields.notes"),
            name("custom_fields.a_b")
        ])
    );
    assert_eq!(
        settle(&headers, &[(" Work  Email ", Some("email")), ("Notes", None), ("A/B", Some("custom_fields.email"))]),
        Ok(vec![name("custom_fields.email_2"), name("email"), None, name("custom_fields.email")])
    );
    let all_null = headers.map(|header| (header, None));
    let fault = |at: &str, code: &str| Err(vec![(at.to_owned(), code.to_owned())]);
    assert_eq!(settle(&headers, &all_null), fault("/mapping", "mapping_empty"));
    assert_eq!(settle(&headers, &[("Email", None), ("Work Email", None)]), fault("/mapping", "identity_required"));
    assert_eq!(settle(&["Name"], &[]), fault("/mapping", "identity_required"));
    assert_eq!(settle(&headers, &[("A/B", Some("nme"))]), fault("/mapping/A~1B", "unknown_field"));
    let long = format!("custom_fields.{}", "x".repeat(101));
    for wrong in ["custom_fields.", "custom_fields.a\0", "lists", "", "Email", &long] {
        assert_eq!(settle(&headers, &[("Notes", Some(wrong))]), fault("/mapping/Notes", "unknown_field"), "{wrong}");
    }
    let all = settle(
        &headers,
        &[
            ("Email", Some("email")),
            ("Fax", Some("fax")),
            ("Notes", Some("custom_fields.a")),
            ("Work Email", Some("email")),
        ],
    );
    let wanted = [
        ("/mapping/Fax", "unknown_column"),
        ("/mapping/Fax", "unknown_field"),
        ("/mapping/Work Email", "duplicate_field"),
    ];
    assert_eq!(all, Err(wanted.map(|(at, code)| (at.to_owned(), code.to_owned())).to_vec()), "all at once");
}

fn read(pairs: &[(&str, &str)]) -> Result<NewLead, Vec<(Option<String>, String)>> {
    let headers: Vec<String> = pairs.iter().map(|(header, _)| (*header).to_owned()).collect();
    let mapping = Mapping::of(headers.iter().map(|header| Target::named(header).unwrap()).collect());
    let record = Record::of(7, pairs.iter().map(|(_, cell)| *cell));
    let lead = RowReader::new(headers, &mapping, plus_unguarded).read(&record);
    lead.map_err(|faults| faults.into_iter().map(|fault| (fault.column, fault.code.into_owned())).collect())
}

fn plus_unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with('+')).unwrap_or(cell)
}

fn codes(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let faults = read(pairs).expect_err("a row with faults");
    faults.into_iter().map(|(column, code)| (column.unwrap_or_default(), code)).collect()
}

#[test]
fn a_row_becomes_a_lead_in_its_normal_form() {
    let lead = read(&[
        ("full_name", "Dr. Jane  van Doe "),
        ("email", " Jane@EXAMPLE.com"),
        ("phone", "'+49 30 1"),
        ("linkedin_url", "http://de.linkedin.com/in/Jane-Doe/?trk=x"),
        ("company_domain", "https://www.Example.com/about"),
        ("timezone", "europe/berlin"),
        ("country", "de"),
        ("title", "N/A"),
        ("company", " "),
        ("status", "Do not contact"),
        ("tags", "berlin; q4, berlin,"),
        ("custom_fields.seats", "40"),
        ("custom_fields", r#"{"seats": 1, "plan": {"a": null}}"#),
        ("custom_fields.empty", ""),
    ])
    .unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(lead.full_name, text("Dr. Jane van Doe"));
    assert_eq!((lead.first_name, lead.last_name), (text("Jane"), text("van Doe")));
    assert_eq!((lead.email, lead.phone), (text("jane@example.com"), text("+49 30 1")));
    assert_eq!(lead.linkedin_url, text("https://www.linkedin.com/in/jane-doe"));
    assert_eq!((lead.company_domain, lead.timezone), (text("example.com"), text("Europe/Berlin")));
    assert_eq!((lead.country, lead.title, lead.company), (text("Germany"), None, None));
    assert_eq!((lead.status, lead.source), (Some(LeadStatus::DoNotContact), None));
    assert_eq!(lead.tags, ["berlin", "q4"]);
    assert_eq!(serde_json::to_string(&lead.custom_fields).unwrap(), r#"{"plan":{"a":null},"seats":"40"}"#);
}

#[test]
fn all_that_is_wrong_with_a_row_is_told_with_its_column() {
    let long = "x".repeat(301);
    let faults = codes(&[
        ("email", "jane@"),
        ("title", &long),
        ("linkedin_url", "https://example.com/in/jane"),
        ("timezone", "Berlin"),
        ("status", "Open"),
        ("custom_fields", "[1]"),
        ("company", "Acme"),
        ("country", "Ger\u{7}many"),
    ]);
    let columns: Vec<_> = faults.iter().map(|(column, _)| column.as_str()).collect();
    assert_eq!(columns, ["email", "title", "linkedin_url", "timezone", "status", "custom_fields", "country"]);
    let codes: Vec<_> = faults.iter().map(|(_, code)| code.as_str()).collect();
    let wanted = [
        "email_invalid_domain",
        "too_long",
        "linkedin_url_other_host",
        "timezone_unknown",
        "not_allowed",
        "wrong_type",
        "control_character",
    ];
    assert_eq!(codes, wanted);
}

#[test]
fn rows_that_cannot_be_used_say_why() {
    let one = |column: &str, code: &str| vec![(column.to_owned(), code.to_owned())];
    assert_eq!(codes(&[("email", "unknown"), ("first_name", "Jane")]), one("", "identity_required"));
    assert_eq!(codes(&[("email", "a@x.com; b@x.com")]), one("email", "email_several"));
    assert_eq!(read(&[("email", "a@x.com, A@x.com")]).unwrap().email.as_deref(), Some("a@x.com"));
    let tags = (0..51).map(|tag| tag.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(codes(&[("email", "a@x.com"), ("tags", &tags)]), one("tags", "too_many"));
    assert_eq!(codes(&[("email", "a@x.com"), ("tags", &"x".repeat(101))]), one("tags", "too_long"));
    let large = "x".repeat(17_000);
    let row = [("email", "a@x.com"), ("custom_fields.a", "1"), ("custom_fields.b", &large)];
    assert_eq!(codes(&row), one("custom_fields.b", "too_large"));
    assert_eq!(
        codes(&[("email", "a@x.com"), ("custom_fields", r#"{"a": "\u0000"}"#)]),
        one("custom_fields", "control_character")
    );
    let mapping = Mapping::settle(&owned(&["email"]), &ChosenMapping::new()).unwrap();
    let reader = RowReader::new(owned(&["email"]), &mapping, |cell| cell);
    let faults = reader.read(&Record::of(2, ["a@x.com", "", "more"])).unwrap_err();
    assert_eq!((faults.len(), &*faults[0].code, &faults[0].column), (1, "too_many_cells", &None));
    assert!(reader.read(&Record::of(2, ["a@x.com", "", " "])).is_ok());
}

proptest! {
    #[test]
    fn a_row_is_taken_or_has_a_reason(
        headers in prop::collection::vec(r"email|Work Email|name|tags|status|custom_fields|Notes|time zone|linkedin|\PC{0,9}", 1..8),
        cells in prop::collection::vec(r"\PC{0,30}|jane@example\.com|[a-z]{0,5}@[a-z.]{0,8}|\{.*\}", 0..9),
    ) {
        let record = Record::of(1, headers.iter().map(String::as_str));
        let headers = crate::utils::sheet::Header::of(&record).columns;
        if let Ok(mapping) = Mapping::settle(&headers, &ChosenMapping::new()) {
            prop_assert_eq!(mapping.columns().len(), headers.len());
            let row = Record::of(2, cells.iter().map(String::as_str));
            match RowReader::new(headers.clone(), &mapping, |cell| cell).read(&row) {
                Ok(lead) => prop_assert!(lead.is_identified()),
                Err(faults) => {
                    prop_assert!(!faults.is_empty());
                    prop_assert!(faults.iter().flat_map(|fault| &fault.column).all(|column| headers.contains(column)));
                }
            }
        }
    }

    #[test]
    fn a_settled_mapping_names_each_field_once(
        headers in prop::collection::hash_set(r"email|Work Email|name|Notes|[a-c]{1,2}", 1..8),
        targets in prop::collection::vec(prop::option::of(r"email|first_name|custom_fields\.[ab]|nothing"), 8),
    ) {
        let headers: Vec<String> = headers.into_iter().collect();
        let chosen: ChosenMapping = headers.iter().cloned().zip(targets).take(4).collect();
        match Mapping::settle(&headers, &chosen) {
            Err(faults) => prop_assert!(faults.iter().all(|fault| fault.pointer.starts_with("/mapping"))),
            Ok(mapping) => {
                let mut names: Vec<_> = mapping.columns().iter().filter_map(Target::name).collect();
                let all = names.len();
                names.sort_unstable();
                names.dedup();
                prop_assert_eq!(names.len(), all);
                for (header, target) in headers.iter().zip(mapping.columns()) {
                    if let Some(said) = chosen.get(header) {
                        prop_assert_eq!(&target.name(), said);
                    }
                }
            }
        }
    }
}
