//! Tokens of attempts that are not to begin any more.

use uuid::Uuid;

/// What a token becomes when what it stands for is recalled, however often: another that nobody has, and by which whoever has the token knows
/// it. Tokens are random ones, of version 4 (RFC 9562, 5.4).
pub(super) fn recalled(token: Uuid) -> Uuid {
    uuid::Builder::from_bytes(token.into_bytes()).with_version(uuid::Version::Custom).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recalled_twice_is_recalled() {
        let token = Uuid::new_v4();
        assert_ne!(recalled(token), token);
        assert_eq!(recalled(recalled(token)), recalled(token));
    }
}
