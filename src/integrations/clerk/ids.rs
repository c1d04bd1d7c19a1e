//! What an identifier of Clerk's looks like.

/// Longer than any identifier Clerk issues (a prefix and a 27-character KSUID).
const LONGEST: usize = 128;

/// Whether `text` can be an identifier of Clerk's: a prefix, an underscore and base62, as in `user_2abc`. Nothing that
/// passes needs escaping in a path, a log line or a database.
#[must_use]
pub fn is_clerk_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_short_and_needs_no_escaping() {
        assert!(is_clerk_id("user_2abcDEF0123"));
        assert!(is_clerk_id("ins-1"));
        for bad in ["", "a/b", "..", "a b", "a%2f", "ü", "a\0", "a\n", &"x".repeat(129)] {
            assert!(!is_clerk_id(bad), "{bad:?}");
        }
    }
}
