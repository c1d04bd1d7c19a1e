//! RSA keys that are made once for all tests. Each test is a process of its own, and making a key takes as long as what most of them test.

use std::{fs, io::Write as _, path::Path};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use tempfile::NamedTempFile;

use super::clerk_tokens::pem;

/// The key of 2,048 bits of this name, as PKCS#8 PEM: made by the first test that asks for it, and kept in the build's folder.
pub(crate) fn rsa_key(name: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("{name}.pem"));
    if let Ok(kept) = fs::read_to_string(&path) {
        return kept;
    }
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let private: Pkcs8V1Der<'_> = pair.as_der().expect("a key's form");
    fs::create_dir_all(folder).expect("the build's folder");
    let mut file = NamedTempFile::new_in(folder).expect("a file in the build's folder");
    file.write_all(pem("PRIVATE KEY", private.as_ref()).as_bytes()).expect("room for a key");
    // Of several tests that make it at once, the first decides.
    let _ = file.persist_noclobber(&path);
    fs::read_to_string(&path).expect("the kept key")
}
