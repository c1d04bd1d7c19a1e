//! One thing that is wrong with a request.

use std::borrow::Cow;

/// More faults of one request than this help nobody, and would let a small request ask for a large answer.
pub const MAX_FAULTS: usize = 100;
/// The longest pointer, in bytes: the names in it are the caller's.
const LONGEST_POINTER: usize = 500;

/// One thing that is wrong with a request: where, what kind, and a sentence about it. It never repeats the rejected value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer (RFC 6901) into the body, or the name of a parameter. One that would be long names what is around the place.
    pub pointer: String,
    /// The stable machine-readable kind of fault.
    pub code: Cow<'static, str>,
    /// What is wrong, in English.
    pub detail: Cow<'static, str>,
}

impl Fault {
    /// A fault at `pointer`.
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { pointer: shortened(pointer.into()), code: code.into(), detail: detail.into() }
    }

    /// A parameter that is not known where it was sent.
    pub fn unknown_parameter(name: impl Into<String>) -> Self {
        Self::new(name, "unknown_parameter", "This parameter is not known here.")
    }
}

fn shortened(mut pointer: String) -> String {
    if pointer.len() > LONGEST_POINTER {
        let fitting = &pointer[..pointer.floor_char_boundary(LONGEST_POINTER)];
        pointer = fitting.rfind('/').map_or(fitting, |end| &fitting[..end]).to_owned();
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_pointer_names_what_is_around_the_place() {
        let pointer = |text: &str| Fault::new(text, "code", "detail").pointer;
        let name = "ä".repeat(300);
        assert_eq!(pointer("/leads/3/email"), "/leads/3/email");
        assert_eq!(pointer(&format!("/leads/3/custom_fields/{name}/0")), "/leads/3/custom_fields");
        assert_eq!(pointer(&format!("/{name}")), "");
        assert_eq!(pointer(&name).len(), 500);
    }
}
