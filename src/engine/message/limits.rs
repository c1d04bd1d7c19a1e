//! How much may be said, in characters as they are sent.

/// A comment: the limit of Unipile's API reference.
pub const COMMENT: usize = 1_250;
/// The subject of an `InMail`: LinkedIn's help page a554514.
pub const INMAIL_SUBJECT: usize = 200;
/// The text of an `InMail`: the same page.
pub const INMAIL: usize = 2_000;
/// The subject of a mail. RFC 5322 allows a line of 998; mail programs show a tenth of it.
pub const MAIL_SUBJECT: usize = 255;
