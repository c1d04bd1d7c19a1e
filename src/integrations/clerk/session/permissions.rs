//! The packed permissions of a version 2 token.
//!
//! `fea` lists features with their scope (`o:dashboard,u:free,o:teams`), `per` the names of permissions
//! (`manage,read`), and `fpm` one integer for each feature **of the organization**, whose bit *j* grants the *j*-th name.
//! Read from Clerk's SDK and checked against it with signed tokens; its documentation counts every feature instead.

/// The organization's permissions, as in `org:teams:read`, in the order of features and then of names. Empty when any
/// of the three is absent. `None` when a feature has no scope: there Clerk's SDK throws.
pub(super) fn unpack(features: Option<&str>, names: Option<&str>, grants: Option<&str>) -> Option<Vec<String>> {
    let features = organization_features(features.unwrap_or_default())?;
    let (Some(names), Some(grants)) = (names, grants) else { return Some(Vec::new()) };
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    let mut permissions = Vec::new();
    for (feature, grant) in features.iter().zip(grants.split(',')) {
        let bits = bits_of(grant.trim());
        let granted = names.iter().enumerate().filter(|(index, name)| !name.is_empty() && is_set(&bits, *index));
        permissions.extend(granted.map(|(_, name)| format!("org:{feature}:{name}")));
    }
    Some(permissions)
}

/// The names of features whose scope includes the organization.
fn organization_features(features: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    if features.is_empty() {
        return Some(names);
    }
    for part in features.split(',') {
        let (scope, name) = part.trim().split_once(':')?;
        if matches!(scope, "o" | "ou" | "uo") {
            names.push(name);
        }
    }
    Some(names)
}

/// A decimal integer of any size as 32-bit words, least significant first; nothing when it is not one.
#[expect(clippy::cast_possible_truncation, reason = "splitting a number into its low and high words")]
fn bits_of(decimal: &str) -> Vec<u32> {
    let mut words: Vec<u32> = Vec::new();
    for digit in decimal.bytes() {
        if !digit.is_ascii_digit() {
            return Vec::new();
        }
        let mut carry = u64::from(digit - b'0');
        for word in &mut words {
            let value = u64::from(*word) * 10 + carry;
            *word = value as u32;
            carry = value >> 32;
        }
        if carry > 0 {
            words.push(carry as u32);
        }
    }
    words
}

fn is_set(words: &[u32], bit: usize) -> bool {
    words.get(bit / 32).is_some_and(|word| word >> (bit % 32) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(features: &str, names: &str, grants: &str) -> Vec<String> {
        unpack(Some(features), Some(names), Some(grants)).unwrap()
    }

    #[test]
    fn vectors_checked_against_the_sdk() {
        let both = ["org:dashboard:manage", "org:dashboard:read", "org:teams:read"];
        assert_eq!(read("o:dashboard,o:teams", "manage,read", "3,2"), both);
        assert_eq!(read("u:free,o:dashboard,o:teams", "manage,read", "3,2"), both);
        let mixed = ["org:dashboard:manage", "org:teams:read"];
        assert_eq!(read("uo:dashboard,o:teams", "manage,read", "1,2"), mixed);
        assert_eq!(read("ou:dashboard,o:teams", "manage,read", "1,2"), mixed);
        assert_eq!(read("o:dashboard,o:teams", "manage,read", "3"), both[..2]);
        assert_eq!(read("o:dashboard", "manage,read", "255"), both[..2]);
        assert_eq!(read("o:dashboard,o:teams", "manage,read", "x,2"), both[2..]);
        assert_eq!(read("o:dashboard", "manage", "-1"), [""; 0]);
        assert_eq!(read("u:free", "manage", "1"), [""; 0]);
        assert_eq!(read("o:dashboard , o:teams", "manage , read", "3 , 2"), both);
    }

    #[test]
    fn an_integer_may_have_any_size() {
        let names: Vec<String> = (0..=200).map(|index| format!("p{index}")).collect();
        let names = names.join(",");
        assert_eq!(read("o:x", &names, "1180591620717411303424"), ["org:x:p70"]);
        assert_eq!(read("o:x", &names, "340282366920938463463374607431768211456"), ["org:x:p128"]);
        assert_eq!(
            read("o:x", &names, "1606938044258990275541962092341162602522202993782792835301377"),
            ["org:x:p0", "org:x:p200"]
        );
    }

    #[test]
    fn absent_parts_grant_nothing() {
        assert_eq!(unpack(Some("o:x"), None, Some("1")), Some(vec![]));
        assert_eq!(unpack(Some("o:x"), Some("read"), None), Some(vec![]));
        assert_eq!(unpack(None, Some("read"), Some("1")), Some(vec![]));
        assert_eq!(unpack(Some(""), Some("read"), Some("1")), Some(vec![]));
    }

    #[test]
    fn a_feature_without_scope_is_refused() {
        for features in ["dashboard", "o:a,b", "o:a,", ","] {
            assert_eq!(unpack(Some(features), Some("read"), Some("1")), None, "{features}");
            assert_eq!(unpack(Some(features), None, None), None, "{features}");
        }
    }
}
