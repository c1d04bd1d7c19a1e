//! Any bytes, cut anywhere, as a file of separated text.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| assert!(clento::utils::sheet::survey(input.1, usize::from(input.0))));
