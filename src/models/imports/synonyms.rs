//! What lead tools call a lead's fields.
//!
//! A header is compared by its letters and digits only, in small letters: `First Name`, `firstName`, `first_name` and `FIRST-NAME` are
//! `firstname`. Before each group stands who says so; names that several tools use stand with the first.

use super::LeadField;

/// Each field's names, the better before the worse: of two columns that could be the same field, the one with the better name is.
const SYNONYMS: &[(LeadField, &[&str])] = &[
    (
        LeadField::FirstName,
        // Ours, Apollo, HubSpot, Instantly, Smartlead, lemlist, HeyReach, LinkedIn; other tools; other tongues.
        &[
            "firstname",
            "personfirstname",
            "contactfirstname",
            "leadfirstname",
            "prospectfirstname",
            "givenname",
            "forename",
            "fname",
            "first",
            "vorname",
            "prénom",
            "prenom",
        ],
    ),
    (
        LeadField::LastName,
        &[
            "lastname",
            "personlastname",
            "contactlastname",
            "leadlastname",
            "prospectlastname",
            "surname",
            "familyname",
            "lname",
            "last",
            "nachname",
            "nomdefamille",
        ],
    ),
    (
        LeadField::FullName,
        // Clay; Sales Navigator's exporters; the rest.
        &[
            "fullname",
            "personfullname",
            "personname",
            "contactname",
            "contactfullname",
            "leadname",
            "prospectname",
            "prospectfullname",
            "profilename",
            "name",
        ],
    ),
    (
        LeadField::Email,
        // Apollo, HubSpot, Instantly; LinkedIn, HeyReach; Clay; the rest, private addresses last.
        &[
            "email",
            "emailaddress",
            "workemail",
            "workemailaddress",
            "businessemail",
            "professionalemail",
            "primaryemail",
            "finalemail",
            "validemail",
            "validatedemail",
            "verifiedemail",
            "personemail",
            "contactemail",
            "leademail",
            "prospectemail",
            "corporateemail",
            "companyemailaddress",
            "email1",
            "emailid",
            "mail",
            "mailaddress",
            "emailadresse",
            "customemailaddress",
            "personalemail",
            "personalemailaddress",
        ],
    ),
    (
        LeadField::Phone,
        &[
            "phone",
            "phonenumber",
            "mobilephone",
            "mobilephonenumber",
            "mobilenumber",
            "mobile",
            "directphone",
            "directdial",
            "workdirectphone",
            "directphonenumber",
            "workphone",
            "workphonenumber",
            "businessphone",
            "personphone",
            "contactphone",
            "cellphone",
            "cell",
            "telephone",
            "telephonenumber",
            "tel",
            "telefon",
            "firstphone",
            "phone1",
            "homephone",
            "otherphone",
        ],
    ),
    (
        LeadField::Title,
        // `Title` alone is last but two: beside `Job Title` it is Mr or Ms.
        &[
            "jobtitle",
            "currentjobtitle",
            "currenttitle",
            "persontitle",
            "contacttitle",
            "personjobtitle",
            "contactjobtitle",
            "title",
            "currentposition",
            "position",
            "jobposition",
            "currentjob",
            "jobrole",
            "role",
            "designation",
        ],
    ),
    (
        LeadField::Company,
        // Apollo's `Company Name for Emails` is one of two.
        &[
            "company",
            "companyname",
            "currentcompany",
            "currentcompanyname",
            "personcompany",
            "contactcompany",
            "organization",
            "organizationname",
            "organisation",
            "organisationname",
            "associatedcompany",
            "primaryassociatedcompany",
            "account",
            "accountname",
            "employer",
            "firma",
            "unternehmen",
            "entreprise",
            "companynameforemails",
            "cleanedcompanyname",
        ],
    ),
    (
        LeadField::CompanyDomain,
        // HubSpot says `Company Domain Name` and `Website URL`.
        &[
            "companydomain",
            "companydomainname",
            "companywebsitedomain",
            "domain",
            "domainname",
            "companywebsite",
            "companywebsiteurl",
            "corporatewebsite",
            "organizationwebsite",
            "organizationdomain",
            "accountwebsite",
            "website",
            "websiteurl",
            "companysite",
            "emaildomain",
            "homepage",
            "webseite",
        ],
    ),
    (LeadField::Industry, &["industry", "companyindustry", "organizationindustry", "sector", "branche"]),
    (
        LeadField::Location,
        &[
            "location",
            "personlocation",
            "contactlocation",
            "leadlocation",
            "prospectlocation",
            "currentlocation",
            "profilelocation",
            "city",
            "personcity",
            "contactcity",
            "town",
            "ort",
            "stadt",
            "ville",
        ],
    ),
    (
        LeadField::Country,
        // HubSpot says `Country/Region`.
        &[
            "country",
            "personcountry",
            "contactcountry",
            "leadcountry",
            "countryregion",
            "countryname",
            "land",
            "pays",
            "countrycode",
        ],
    ),
    (
        LeadField::LinkedinUrl,
        // Apollo, Clay; HubSpot; Sales Navigator's exporters and HeyReach. The profile itself is better than its page in Sales Navigator.
        &[
            "linkedinurl",
            "personlinkedinurl",
            "personlinkedin",
            "linkedinprofileurl",
            "linkedinprofile",
            "linkedin",
            "hslinkedinurl",
            "contactlinkedinurl",
            "contactlinkedin",
            "contactlinkedinprofileurl",
            "leadlinkedinurl",
            "prospectlinkedinurl",
            "linkedinprofilelink",
            "linkedinlink",
            "linkedincontactprofileurl",
            "linkedinpublicurl",
            "linkedinpersonurl",
            "linkedinbio",
            "lilink",
            "defaultprofileurl",
            "publicprofileurl",
            "profileurl",
            "profilelink",
            "linkedinurluniqueid",
            "linkedinurlsalesnav",
            "salesnavigatorurl",
            "salesnavurl",
            "salesnavigatorprofileurl",
        ],
    ),
    (
        LeadField::Timezone,
        &["timezone", "timezonename", "persontimezone", "leadtimezone", "contacttimezone", "tz", "zeitzone"],
    ),
    (
        LeadField::ExternalId,
        // A bare `id` is left alone: it may be no more than a row's number.
        &[
            "externalid",
            "externalreference",
            "externalref",
            "crmid",
            "recordid",
            "hsobjectid",
            "salesforceid",
            "contactid",
            "apollocontactid",
        ],
    ),
    (LeadField::Tags, &["tags", "tag", "leadtags", "contacttags", "labels", "label", "lists", "list"]),
];

/// Headers that only a lead export of our own has together, and the fields that those names mean there.
const OURS: &[&str] = &["id", "custom_fields", "created_at", "updated_at"];
/// Fields by their own names, which mean something else in other tools' files.
const OURS_ONLY: &[LeadField] = &[LeadField::Status, LeadField::Source, LeadField::CustomFields];
/// Columns of our own export that no import can set.
const OURS_UNSET: &[&str] = &["id", "created_at", "updated_at"];
/// What a file of rejected rows has beside the columns of the file that they came from.
const REJECTION_REASONS: &str = "rejection_reasons";

/// Whose file it is, where that changes what a header means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Our own export of leads.
    Ours,
    /// LinkedIn's archive of one's connections.
    LinkedinConnections,
    /// Any other.
    Other,
}

impl Dialect {
    pub(super) fn of(headers: &[String]) -> Self {
        let has = |name: &&str| headers.iter().any(|header| header == name);
        if OURS.iter().all(has) {
            return Self::Ours;
        }
        let is = |name| headers.iter().any(|header| squeezed(header) == name);
        if is("connectedon") && is("url") { Self::LinkedinConnections } else { Self::Other }
    }
}

/// The field that a header means, and how good a name it is for it: less is better. A column that must be left out has no field.
pub(super) fn meaning(header: &str, dialect: Dialect) -> Option<(Option<LeadField>, usize)> {
    if header == REJECTION_REASONS {
        return Some((None, 0));
    }
    if dialect == Dialect::Ours {
        let ours = OURS_ONLY.iter().find(|field| field.as_str() == header).map(|field| Some(*field));
        if let Some(field) = ours.or_else(|| OURS_UNSET.contains(&header).then_some(None)) {
            return Some((field, 0));
        }
    }
    let name = squeezed(header);
    if dialect == Dialect::LinkedinConnections && name == "url" {
        return Some((Some(LeadField::LinkedinUrl), 0));
    }
    SYNONYMS
        .iter()
        .find_map(|(field, names)| names.iter().position(|synonym| *synonym == name).map(|rank| (Some(*field), rank)))
}

/// A header by its letters and digits.
fn squeezed(header: &str) -> String {
    header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_name_means_one_field_and_is_spelled_as_it_is_compared() {
        let mut seen = HashSet::new();
        for name in SYNONYMS.iter().flat_map(|(_, names)| *names) {
            assert!(seen.insert(*name), "{name} is there twice");
            assert_eq!(squeezed(name), *name);
        }
    }

    #[test]
    fn every_field_is_known_by_its_own_name() {
        for field in LeadField::ALL.iter().filter(|field| !OURS_ONLY.contains(field)) {
            assert_eq!(meaning(field.as_str(), Dialect::Other).map(|(field, _)| field), Some(Some(*field)));
        }
    }
}
