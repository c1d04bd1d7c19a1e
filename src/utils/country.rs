//! Countries by the names and codes that people write for them.

use std::{collections::HashMap, sync::LazyLock};

use rust_iso3166::CountryCode;
use unicode_normalization::UnicodeNormalization as _;

/// What a country is called where the short name of ISO 3166-1 is not what anybody writes in a letter: the English name of Unicode's CLDR.
const COMMON: [(&str, &str); 25] = [
    ("BN", "Brunei"),
    ("BO", "Bolivia"),
    ("CD", "Democratic Republic of the Congo"),
    ("CG", "Republic of the Congo"),
    ("CV", "Cape Verde"),
    ("FK", "Falkland Islands"),
    ("FM", "Micronesia"),
    ("GB", "United Kingdom"),
    ("IR", "Iran"),
    ("KP", "North Korea"),
    ("KR", "South Korea"),
    ("LA", "Laos"),
    ("MD", "Moldova"),
    ("MF", "Saint Martin"),
    ("NL", "Netherlands"),
    ("PS", "Palestine"),
    ("RU", "Russia"),
    ("SX", "Sint Maarten"),
    ("SY", "Syria"),
    ("TW", "Taiwan"),
    ("TZ", "Tanzania"),
    ("US", "United States"),
    ("VA", "Vatican City"),
    ("VE", "Venezuela"),
    ("VN", "Vietnam"),
];

/// What else is written for a country: abbreviations, former names, parts of it, and its own name for itself.
const ALSO: [(&str, &str); 58] = [
    ("AE", "UAE"),
    ("AT", "Österreich"),
    ("BA", "Bosnia"),
    ("BE", "België"),
    ("BE", "Belgique"),
    ("BR", "Brasil"),
    ("CD", "Congo - Kinshasa"),
    ("CD", "DR Congo"),
    ("CD", "DRC"),
    ("CG", "Congo"),
    ("CG", "Congo - Brazzaville"),
    ("CH", "Schweiz"),
    ("CH", "Suisse"),
    ("CH", "Svizzera"),
    ("CI", "Ivory Coast"),
    ("CN", "People's Republic of China"),
    ("CN", "PRC"),
    ("CZ", "Czech Republic"),
    ("CZ", "Česko"),
    ("DE", "Deutschland"),
    ("DE", "Federal Republic of Germany"),
    ("DK", "Danmark"),
    ("ES", "España"),
    ("FI", "Suomi"),
    ("GB", "Britain"),
    ("GB", "England"),
    ("GB", "Great Britain"),
    ("GB", "Northern Ireland"),
    ("GB", "Scotland"),
    ("GB", "UK"),
    ("GB", "Wales"),
    ("HK", "Hong Kong SAR"),
    ("IE", "Republic of Ireland"),
    ("IT", "Italia"),
    ("KR", "Republic of Korea"),
    ("MK", "Macedonia"),
    ("MM", "Burma"),
    ("MO", "Macau"),
    ("NL", "Holland"),
    ("NL", "Nederland"),
    ("NO", "Norge"),
    ("PL", "Polska"),
    ("PS", "State of Palestine"),
    ("RU", "Russian Federation"),
    ("SA", "Kingdom of Saudi Arabia"),
    ("SA", "KSA"),
    ("SE", "Sverige"),
    ("ST", "São Tomé and Príncipe"),
    ("SZ", "Swaziland"),
    ("TL", "East Timor"),
    ("TR", "Republic of Turkey"),
    ("TR", "Turkey"),
    ("US", "America"),
    ("US", "U.S. of America"),
    ("VA", "Vatican"),
    ("VG", "British Virgin Islands"),
    ("VI", "US Virgin Islands"),
    ("VN", "Socialist Republic of Vietnam"),
];

/// Names by all that is written for them.
static NAMES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let codes = rust_iso3166::ALL
        .iter()
        .flat_map(|country| [country.alpha2, country.alpha3, country.name].map(|key| (country, key)));
    let common = COMMON.iter().chain(&ALSO).filter_map(|(code, key)| Some((rust_iso3166::ALPHA2_MAP.get(code)?, *key)));
    codes.chain(common).map(|(country, key)| (key_of(key), name_of(country))).collect()
});

/// The English name of the country that `text` names by a name or an ISO 3166-1 code of two or three letters, however it is spelled. None if it
/// names none for sure: `NA` and `no` are Namibia's and Norway's codes, and what half of all tables have where nothing is known.
#[must_use]
pub fn name(text: &str) -> Option<&'static str> {
    if text.eq_ignore_ascii_case("na") || (text.eq_ignore_ascii_case("no") && text != "NO") {
        return None;
    }
    NAMES.get(&key_of(text)).copied()
}

fn name_of(country: &CountryCode) -> &'static str {
    COMMON.iter().find(|(code, _)| *code == country.alpha2).map_or(country.name, |(_, name)| name)
}

/// The letters of a name, without accents, case, punctuation and a leading article.
fn key_of(text: &str) -> String {
    let letters: String =
        text.replace('&', " and ").nfd().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let is_article = text.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("the"));
    letters.strip_prefix("the").filter(|_| is_article).map_or_else(|| letters.clone(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn countries_are_known_by_what_people_write() {
        for (text, known) in [
            ("DE", Some("Germany")),
            ("deu", Some("Germany")),
            ("germany", Some("Germany")),
            ("Deutschland", Some("Germany")),
            ("U.S.A.", Some("United States")),
            ("us", Some("United States")),
            ("The United States of America", Some("United States")),
            ("UK", Some("United Kingdom")),
            ("Scotland", Some("United Kingdom")),
            ("Korea, Republic of", Some("South Korea")),
            ("cote d’ivoire", Some("Côte d'Ivoire")),
            ("COTE D'IVOIRE", Some("Côte d'Ivoire")),
            ("Bosnia & Herzegovina", Some("Bosnia and Herzegovina")),
            ("Turkey", Some("Türkiye")),
            ("the Netherlands", Some("Netherlands")),
            ("NO", Some("Norway")),
            ("no", None),
            ("NA", None),
            ("NAM", Some("Namibia")),
            ("Thessaly", None),
            ("EMEA", None),
            ("California", None),
            ("840", None),
            ("", None),
            ("the", None),
        ] {
            assert_eq!(name(text), known, "{text}");
        }
    }

    #[test]
    fn no_spelling_stands_for_two_countries_and_every_code_for_one() {
        for country in rust_iso3166::ALL {
            let name_of_it = name_of(country);
            for key in [country.alpha3, country.name, name_of_it] {
                assert_eq!(name(key), Some(name_of_it), "{key}");
            }
            assert!(name(country.alpha2) == Some(name_of_it) || country.alpha2 == "NA", "{}", country.alpha2);
        }
        for (code, key) in COMMON.iter().chain(&ALSO) {
            let country = rust_iso3166::from_alpha2(code).unwrap();
            assert_eq!(name(key), Some(name_of(&country)), "{key}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_its_own_name(text in "\\PC{0,30}|[A-Za-z]{2,3}") {
            if let Some(known) = name(&text) {
                prop_assert_eq!(name(known), Some(known));
            }
        }
    }
}
