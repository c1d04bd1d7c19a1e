//! Files of the tools that people use, from header to lead.

use proptest::prelude::*;

use super::*;
use crate::{
    models::{LeadSource, LeadStatus, NewLead},
    utils::sheet::Record,
};

fn owned(headers: &[&str]) -> Vec<String> {
    headers.iter().map(|header| (*header).to_owned()).collect()
}

/// The proposed fields, each with its header; custom fields and columns left out are not told.
fn fields(headers: &[&str]) -> Vec<(LeadField, String)> {
    let columns = Proposal::of(&owned(headers)).columns.into_iter();
    columns
        .filter_map(|column| match column.target {
            Target::Field(field) => Some((field, column.header)),
            _ => None,
        })
        .collect()
}

fn target(headers: &[&str], header: &str) -> (Option<String>, Option<ProposalNote>) {
    let columns = Proposal::of(&owned(headers)).columns;
    let column = columns.into_iter().find(|column| column.header == header).unwrap();
    (column.target.name(), column.note)
}

#[test]
fn the_files_of_usual_tools_are_understood() {
    use LeadField as F;
    let tools: &[(&str, &[&str], &[(F, &str)])] = &[
        (
            "Clay",
            &[
                "Find people",
                "Full Name",
                "First Name",
                "Last Name",
                "Job Title",
                "Location",
                "Company Domain",
                "LinkedIn Profile",
                "Company Name",
                "Work Email",
                "Mobile Phone",
                "Enrich person",
            ],
            &[
                (F::FullName, "Full Name"),
                (F::FirstName, "First Name"),
                (F::LastName, "Last Name"),
                (F::Title, "Job Title"),
                (F::Location, "Location"),
                (F::CompanyDomain, "Company Domain"),
                (F::LinkedinUrl, "LinkedIn Profile"),
                (F::Company, "Company Name"),
                (F::Email, "Work Email"),
                (F::Phone, "Mobile Phone"),
            ],
        ),
        (
            "Apollo",
            &[
                "First Name",
                "Last Name",
                "Title",
                "Company",
                "Company Name for Emails",
                "Email",
                "Email Status",
                "Primary Email Source",
                "Seniority",
                "Departments",
                "Contact Owner",
                "Work Direct Phone",
                "Home Phone",
                "Mobile Phone",
                "Corporate Phone",
                "Other Phone",
                "Stage",
                "Lists",
                "Last Contacted",
                "Account Owner",
                "# Employees",
                "Industry",
                "Keywords",
                "Person Linkedin Url",
                "Website",
                "Company Linkedin Url",
                "Facebook Url",
                "Twitter Url",
                "City",
                "State",
                "Country",
                "Company Address",
                "Company City",
                "Company State",
                "Company Country",
                "Company Phone",
                "Technologies",
                "Annual Revenue",
                "Secondary Email",
                "Apollo Contact Id",
                "Apollo Account Id",
            ],
            &[
                (F::FirstName, "First Name"),
                (F::LastName, "Last Name"),
                (F::Title, "Title"),
                (F::Company, "Company"),
                (F::Email, "Email"),
                (F::Phone, "Mobile Phone"),
                (F::Tags, "Lists"),
                (F::Industry, "Industry"),
                (F::LinkedinUrl, "Person Linkedin Url"),
                (F::CompanyDomain, "Website"),
                (F::Location, "City"),
                (F::Country, "Country"),
                (F::ExternalId, "Apollo Contact Id"),
            ],
        ),
        (
            "LinkedIn's connections",
            &["First Name", "Last Name", "URL", "Email Address", "Company", "Position", "Connected On"],
            &[
                (F::FirstName, "First Name"),
                (F::LastName, "Last Name"),
                (F::LinkedinUrl, "URL"),
                (F::Email, "Email Address"),
                (F::Company, "Company"),
                (F::Title, "Position"),
            ],
        ),
        (
            "Sales Navigator by PhantomBuster",
            &[
                "profileUrl",
                "fullName",
                "firstName",
                "lastName",
                "companyName",
                "title",
                "companyId",
                "companyUrl",
                "regularCompanyUrl",
                "summary",
                "titleDescription",
                "industry",
                "companyLocation",
                "location",
                "durationInRole",
                "connectionDegree",
                "vmid",
                "defaultProfileUrl",
                "query",
                "timestamp",
            ],
            &[
                (F::FullName, "fullName"),
                (F::FirstName, "firstName"),
                (F::LastName, "lastName"),
                (F::Company, "companyName"),
                (F::Title, "title"),
                (F::Industry, "industry"),
                (F::Location, "location"),
                (F::LinkedinUrl, "defaultProfileUrl"),
            ],
        ),
        (
            "Sales Navigator by Evaboot",
            &[
                "First Name",
                "Last Name",
                "Full Name",
                "Current Job",
                "Email",
                "Email Status",
                "Prospect LinkedIn URL",
                "Location",
                "Company Name",
                "Company Website",
                "Company Employee Count",
                "Company LinkedIn URL",
                "Sales Navigator URL",
            ],
            &[
                (F::FirstName, "First Name"),
                (F::LastName, "Last Name"),
                (F::FullName, "Full Name"),
                (F::Title, "Current Job"),
                (F::Email, "Email"),
                (F::LinkedinUrl, "Prospect LinkedIn URL"),
                (F::Location, "Location"),
                (F::Company, "Company Name"),
                (F::CompanyDomain, "Company Website"),
            ],
        ),
        (
            "HubSpot",
            &[
                "Record ID",
                "First Name",
                "Last Name",
                "Email",
                "Phone Number",
                "Contact owner",
                "Associated Company",
                "Last Activity Date",
                "Lead Status",
                "Create Date",
                "Job Title",
                "City",
                "Country/Region",
                "Time Zone",
                "Website URL",
                "LinkedIn URL",
            ],
            &[
                (F::ExternalId, "Record ID"),
                (F::FirstName, "First Name"),
                (F::LastName, "Last Name"),
                (F::Email, "Email"),
                (F::Phone, "Phone Number"),
                (F::Company, "Associated Company"),
                (F::Title, "Job Title"),
                (F::Location, "City"),
                (F::Country, "Country/Region"),
                (F::Timezone, "Time Zone"),
                (F::CompanyDomain, "Website URL"),
                (F::LinkedinUrl, "LinkedIn URL"),
            ],
        ),
        (
            "Instantly",
            &[
                "Email",
                "First Name",
                "Last Name",
                "Company Name",
                "Phone",
                "Website",
                "Personalization",
                "Lead Status",
                "Interest Status",
                "linkedIn",
                "jobTitle",
                "location",
            ],
            &[
                (F::Email, "Email"),
                (F::FirstName, "First Name"),
                (F::LastName, "Last Name"),
                (F::Company, "Company Name"),
                (F::Phone, "Phone"),
                (F::CompanyDomain, "Website"),
                (F::LinkedinUrl, "linkedIn"),
                (F::Title, "jobTitle"),
                (F::Location, "location"),
            ],
        ),
        (
            "Smartlead",
            &[
                "id",
                "first_name",
                "last_name",
                "email",
                "phone_number",
                "company_name",
                "website",
                "location",
                "linkedin_profile",
                "company_url",
                "status",
                "is_unsubscribed",
                "created_at",
            ],
            &[
                (F::FirstName, "first_name"),
                (F::LastName, "last_name"),
                (F::Email, "email"),
                (F::Phone, "phone_number"),
                (F::Company, "company_name"),
                (F::CompanyDomain, "website"),
                (F::Location, "location"),
                (F::LinkedinUrl, "linkedin_profile"),
            ],
        ),
        (
            "lemlist",
            &[
                "email",
                "firstName",
                "lastName",
                "companyName",
                "jobTitle",
                "companyDomain",
                "linkedinUrl",
                "phone",
                "icebreaker",
                "timezone",
                "_id",
                "status",
            ],
            &[
                (F::Email, "email"),
                (F::FirstName, "firstName"),
                (F::LastName, "lastName"),
                (F::Company, "companyName"),
                (F::Title, "jobTitle"),
                (F::CompanyDomain, "companyDomain"),
                (F::LinkedinUrl, "linkedinUrl"),
                (F::Phone, "phone"),
                (F::Timezone, "timezone"),
            ],
        ),
        (
            "HeyReach",
            &[
                "First name",
                "Last name",
                "Profile url",
                "Headline",
                "Location",
                "Company",
                "Company url",
                "Position",
                "About",
                "Email address",
                "Tags",
            ],
            &[
                (F::FirstName, "First name"),
                (F::LastName, "Last name"),
                (F::LinkedinUrl, "Profile url"),
                (F::Location, "Location"),
                (F::Company, "Company"),
                (F::Title, "Position"),
                (F::Email, "Email address"),
                (F::Tags, "Tags"),
            ],
        ),
        (
            "our own export",
            &["id", "first_name", "email", "status", "source", "tags", "custom_fields", "created_at", "updated_at"],
            &[
                (F::FirstName, "first_name"),
                (F::Email, "email"),
                (F::Status, "status"),
                (F::Source, "source"),
                (F::Tags, "tags"),
                (F::CustomFields, "custom_fields"),
            ],
        ),
    ];
    for (tool, headers, wanted) in tools {
        let wanted: Vec<_> = wanted.iter().map(|(field, header)| (*field, (*header).to_owned())).collect();
        assert_eq!(fields(headers), wanted, "{tool}");
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
        ("country", "NA"),
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
    assert_eq!((lead.country, lead.title, lead.company), (text("NA"), None, None));
    assert_eq!((lead.status, lead.source), (Some(LeadStatus::DoNotContact), LeadSource::CsvImport));
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
