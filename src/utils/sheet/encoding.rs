//! How a file spells its letters.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How a file spells its letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextEncoding {
    pub(super) encoding: &'static Encoding,
    /// Whether nothing but ASCII has been seen, so that the first letter beyond it decides.
    pub(super) undecided: bool,
}

impl TextEncoding {
    /// The encoding of this name, as the WHATWG lists them: `utf-8`, `windows-1252`, `latin1`, `utf-16be`, …
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Encoding::for_label_no_replacement(name.as_bytes()).map(Self::of)
    }

    /// What the beginning of a file looks like, which may be all of it: UTF-8 and UTF-16 by their marks or their patterns, else the
    /// likeliest encoding of one byte a letter, which is Windows-1252 unless much speaks for another.
    #[must_use]
    pub fn detect(sample: &[u8], whole: bool) -> Self {
        if let Some((encoding, _)) = Encoding::for_bom(sample) {
            return Self::of(encoding);
        }
        if let Some(encoding) = utf_16(sample) {
            return Self::of(encoding);
        }
        if sample.is_ascii() {
            return Self { encoding: UTF_8, undecided: true };
        }
        match std::str::from_utf8(sample) {
            Ok(_) => Self::of(UTF_8),
            Err(error) if error.error_len().is_none() && !whole => Self::of(UTF_8),
            Err(_) => Self::of(single_byte(sample, whole)),
        }
    }

    /// Whether the file begins with a byte order mark.
    pub(super) fn is_marked(sample: &[u8]) -> bool {
        Encoding::for_bom(sample).is_some()
    }

    /// The encoding's name, as the WHATWG spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.encoding.name()
    }

    pub(super) fn of(encoding: &'static Encoding) -> Self {
        Self { encoding, undecided: false }
    }

    /// Whether a letter takes two bytes, so that many of them are zeros.
    #[must_use]
    pub fn is_utf_16(self) -> bool {
        self.encoding == UTF_16LE || self.encoding == UTF_16BE
    }
}

/// Text of Western letters in UTF-16 has a zero in every other byte, and none in between.
fn utf_16(sample: &[u8]) -> Option<&'static Encoding> {
    let (mut first, mut second) = (0, 0);
    let (pairs, _) = sample.as_chunks::<2>();
    for [one, other] in pairs {
        first += usize::from(*one == 0);
        second += usize::from(*other == 0);
    }
    match (first, second) {
        (0, zeros) if zeros * 2 > pairs.len() => Some(UTF_16LE),
        (zeros, 0) if zeros * 2 > pairs.len() => Some(UTF_16BE),
        _ => None,
    }
}

fn single_byte(sample: &[u8], whole: bool) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, whole);
    let guess = detector.guess(None, Utf8Detection::Deny);
    if guess.is_single_byte() { guess } else { WINDOWS_1252 }
}
