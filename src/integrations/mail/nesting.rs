//! How deep what an IMAP server says may be nested. `imap-proto` reads what stands in parentheses by calling itself for each, as deep as they go: a few
//! hundred end the process, whoever's server it was. Nothing that is asked for here has more than a handful in one answer, so that all are counted.

/// Parentheses that one answer may open.
const MOST: u32 = 32;
/// How much of the beginning of an answer is looked at: a tag and a word.
const HEAD: usize = 48;

/// Counts what one answer after the other opens.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    opened: u32,
    /// How the answer begins.
    head: Vec<u8>,
    /// How the announcement of a literal goes on that may have begun.
    announced: Announced,
    /// Bytes of a literal that are to come: what is in them is nobody's grammar.
    literal: u32,
}

/// `{`, digits, `}`, the end of the line (RFC 3501, `literal`).
#[derive(Debug, Default, Clone, Copy)]
enum Announced {
    #[default]
    No,
    Digits(Option<u32>),
    Closed(u32),
    Return(u32),
}

impl Nesting {
    /// Whether what has come by now, these bytes last, can be read without going too deep.
    pub(super) fn bears(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((byte, rest)) = bytes.split_first() {
            if self.literal > 0 {
                let skipped = bytes.len().min(usize::try_from(self.literal).unwrap_or(usize::MAX));
                self.literal -= u32::try_from(skipped).unwrap_or(self.literal);
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            self.sees(*byte);
            if self.opened > MOST {
                return false;
            }
            bytes = rest;
        }
        true
    }

    fn sees(&mut self, byte: u8) {
        self.announced = match (self.announced, byte) {
            (_, b'{') => Announced::Digits(None),
            (Announced::Digits(sum), b'0'..=b'9') => {
                let sum = sum.unwrap_or(0).checked_mul(10).and_then(|sum| sum.checked_add(u32::from(byte - b'0')));
                sum.map_or(Announced::No, |sum| Announced::Digits(Some(sum)))
            }
            (Announced::Digits(Some(bytes)), b'}') => Announced::Closed(bytes),
            (Announced::Closed(bytes), b'\r') => Announced::Return(bytes),
            // What is told to people may end so, and nothing follows: it would pass unseen.
            (Announced::Return(bytes), b'\n') if !self.is_told() => {
                self.literal = bytes;
                self.announced = Announced::No;
                return;
            }
            _ => Announced::No,
        };
        match byte {
            b'\n' => {
                self.opened = 0;
                self.head.clear();
            }
            b'(' => self.opened += 1,
            _ => {}
        }
        if byte != b'\n' && self.head.len() < HEAD {
            self.head.push(byte);
        }
    }

    /// Whether the answer is in words: `* OK …`, `a1 NO …`, `+ …`.
    fn is_told(&self) -> bool {
        let words = ["OK", "NO", "BAD", "BYE", "PREAUTH"];
        let second = self.head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        self.head.starts_with(b"+") || words.iter().any(|word| second.eq_ignore_ascii_case(word.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bears(told: &str) -> bool {
        // However it is cut on its way.
        let mut one_by_one = Nesting::default();
        let each = told.as_bytes().chunks(1).all(|byte| one_by_one.bears(byte));
        assert_eq!(Nesting::default().bears(told.as_bytes()), each, "{told}");
        each
    }

    #[test]
    fn what_is_nested_too_deep_is_not_read_and_a_mail_may_hold_what_it_likes() {
        let deep = "(".repeat(33);
        assert!(bears(&format!("* 1 FETCH (UID 1 BODY[]<0> {{40}}\r\n{deep}1234567)\r\n* 2 FETCH (UID 2)\r\n")));
        assert!(bears(&"* LIST (\\HasNoChildren) \"/\" \"Clients (old)\"\r\n".repeat(100)), "each answer by itself");
        for told in [
            format!("* 1 FETCH (BODYSTRUCTURE {deep}"),
            format!("* 1 FETCH (UID 1 BODY[]<0> {{2}}\r\nxx BODYSTRUCTURE {deep}"),
            // No literal is announced here, whatever it looks like.
            format!("* OK {{99}}\r\n* 1 FETCH (BODYSTRUCTURE {deep}"),
            format!("a1 NO no {{99}}\r\n* 1 FETCH (BODYSTRUCTURE {deep}"),
            format!("+ {{99}}\r\n* 1 FETCH (BODYSTRUCTURE {deep}"),
            format!("* 1 FETCH (UID {{99999999999}}\r\n{deep}"),
            format!("* 1 FETCH (UID {{}}\r\n* 1 FETCH {deep}"),
        ] {
            assert!(!bears(&told), "{told}");
        }
    }
}
