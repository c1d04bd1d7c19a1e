//! Bytes of any encoding to text, piece by piece.

use encoding_rs::{DecoderResult, UTF_8, WINDOWS_1252};

use super::{SheetFault, TextEncoding, detect::nul_byte};

/// Turns bytes into text as they come, however they are cut.
#[derive(Debug)]
pub struct Decoder {
    encoding: TextEncoding,
    inner: encoding_rs::Decoder,
    /// The bytes taken so far, but for those held.
    taken: u64,
    /// The beginning of the first letter beyond ASCII, while it is not known in which encoding.
    held: Vec<u8>,
}

impl Decoder {
    /// A decoder at the beginning of a file. A byte order mark there has the last word on the encoding, and is left out.
    #[must_use]
    pub fn new(encoding: TextEncoding) -> Self {
        Self { encoding, inner: encoding.encoding.new_decoder(), taken: 0, held: Vec::new() }
    }

    /// The encoding, as far as it is known.
    #[must_use]
    pub fn encoding(&self) -> TextEncoding {
        TextEncoding { encoding: self.inner.encoding(), ..self.encoding }
    }

    /// Adds the text of these bytes.
    ///
    /// # Errors
    /// `malformed_encoding`, `nul_byte`.
    pub fn decode(&mut self, bytes: &[u8], text: &mut String) -> Result<(), SheetFault> {
        if !self.encoding.undecided {
            return self.convert(bytes, false, text);
        }
        let ascii = if self.held.is_empty() { bytes.iter().take_while(|byte| byte.is_ascii()).count() } else { 0 };
        let (ascii, mut beyond) = bytes.split_at(ascii);
        self.convert(ascii, false, text)?;
        while self.encoding.undecided
            && let Some((byte, others)) = beyond.split_first()
        {
            self.held.push(*byte);
            beyond = others;
            self.decide(false);
        }
        if self.encoding.undecided {
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        self.convert(&held, false, text)?;
        self.convert(beyond, false, text)
    }

    /// There are no more bytes.
    ///
    /// # Errors
    /// `malformed_encoding`: the last letter is not complete.
    pub fn finish(&mut self, text: &mut String) -> Result<(), SheetFault> {
        self.decide(true);
        let held = std::mem::take(&mut self.held);
        self.convert(&held, true, text)
    }

    /// Files are in UTF-8 or in Windows-1252 if their first letter beyond ASCII is.
    fn decide(&mut self, last: bool) {
        let encoding = match std::str::from_utf8(&self.held) {
            Ok("") => return,
            Ok(_) => UTF_8,
            Err(error) if error.error_len().is_none() && !last => return,
            Err(_) => WINDOWS_1252,
        };
        self.encoding = TextEncoding::of(encoding);
        self.inner = encoding.new_decoder_without_bom_handling();
    }

    fn convert(&mut self, bytes: &[u8], last: bool, text: &mut String) -> Result<(), SheetFault> {
        if !self.encoding().is_utf_16()
            && let Some(at) = bytes.iter().position(|byte| *byte == 0)
        {
            return Err(nul_byte(self.taken + at as u64));
        }
        let before = text.len();
        text.reserve(self.inner.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or_default());
        let (result, read) = self.inner.decode_to_string_without_replacement(bytes, text, last);
        self.taken += read as u64;
        if let DecoderResult::Malformed(length, after) = result {
            let offset = self.taken.saturating_sub(u64::from(length) + u64::from(after));
            let name = self.encoding().name();
            let detail = format_args!("this is not {name}; say which encoding the file has, or save it as UTF-8.");
            return Err(SheetFault::at_byte(offset, "malformed_encoding", detail));
        }
        if text[before..].contains('\0') {
            return Err(SheetFault::new("nul_byte", "The file holds a NUL character, which no text has."));
        }
        Ok(())
    }
}
