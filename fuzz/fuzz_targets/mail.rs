//! Any bytes, as a mail that came in.

#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let mail = clento::utils::mail::read(raw, DateTime::UNIX_EPOCH);
    assert!(mail.text.chars().count() <= clento::utils::mail::MOST_TEXT);
});
