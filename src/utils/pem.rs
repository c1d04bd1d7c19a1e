//! The textual form of keys (RFC 7468).

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// `der` as PEM under `label`, in lines of 64 characters (RFC 7468, 2).
#[must_use]
pub fn encode(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----");
    for (index, character) in STANDARD.encode(der).chars().enumerate() {
        if index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text + &format!("\n-----END {label}-----\n")
}

/// The DER inside a PEM of `label`. Tolerant of what environment variables do to line breaks: `\n` written out, or none.
#[must_use]
pub fn decode(label: &str, text: &str) -> Option<Vec<u8>> {
    let flat = text.replace("\\n", "\n").replace("\\r", "\n");
    let body = flat.trim().strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let body = body.strip_suffix(&format!("-----END {label}-----"))?;
    STANDARD.decode(body.split_whitespace().collect::<String>()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_may_be_lost_or_written_out() {
        let der: Vec<u8> = (0..200).collect();
        let pem = encode("PUBLIC KEY", &der);
        assert!(pem.lines().all(|line| line.len() <= 64));
        let spellings = [
            pem.clone(),
            pem.replace('\n', "\\n"),
            pem.replace('\n', ""),
            pem.replace('\n', " "),
            pem.replace('\n', "\r\n"),
        ];
        for spelling in spellings {
            assert_eq!(decode("PUBLIC KEY", &spelling).as_deref(), Some(der.as_slice()), "{spelling}");
        }
    }

    #[test]
    fn other_labels_and_garbage_are_refused() {
        let pem = encode("PRIVATE KEY", b"secret");
        assert_eq!(decode("PUBLIC KEY", &pem), None);
        assert_eq!(decode("PUBLIC KEY", ""), None);
        assert_eq!(decode("PUBLIC KEY", "-----BEGIN PUBLIC KEY-----%-----END PUBLIC KEY-----"), None);
    }
}
