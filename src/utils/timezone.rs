//! Time zones by their IANA names.

use chrono_tz::{TZ_VARIANTS, Tz};

/// The longest name that there could be; longer text is not looked up.
const MAX: usize = 64;

/// The zone of this IANA name, as `Europe/Berlin`, in any case of letters. The zone's own name (`Tz::name`) is the one to keep.
#[must_use]
pub fn parse(name: &str) -> Option<Tz> {
    let name = name.trim();
    if name.len() > MAX {
        return None;
    }
    // Nearly every name is written right; only the others are searched for.
    let searched = || TZ_VARIANTS.iter().copied().find(|zone| zone.name().eq_ignore_ascii_case(name));
    name.parse().ok().or_else(searched)
}

/// A name that [`parse`] knows, as its zone spells it; any other as it is.
#[must_use]
pub fn canonical(name: String) -> String {
    parse(&name).map_or(name, |zone| zone.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_their_iana_names() {
        for (name, zone) in [
            ("Europe/Berlin", Some("Europe/Berlin")),
            (" europe/BERLIN ", Some("Europe/Berlin")),
            ("America/Argentina/Buenos_Aires", Some("America/Argentina/Buenos_Aires")),
            ("Asia/Kolkata", Some("Asia/Kolkata")),
            ("utc", Some("UTC")),
            ("Etc/UTC", Some("Etc/UTC")),
            ("cet", Some("CET")),
            ("BST", None),
            ("Berlin", None),
            ("Europe/Atlantis", None),
            ("../etc/passwd", None),
            ("+02:00", None),
            ("", None),
        ] {
            assert_eq!(parse(name).map(Tz::name), zone, "{name}");
        }
        assert_eq!(parse(&"Europe/Berlin".repeat(100)), None);
    }
}
