//! How obliging the people and machines of the sandbox are.

/// How often each thing happens, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Character {
    /// That an invitation is accepted.
    pub acceptance: f64,
    /// That a message, a mail or an accepted invitation is answered.
    pub reply: f64,
    /// That a machine answers a mail.
    pub auto_reply: f64,
    /// That a lead cannot be reached: mail comes back, and on LinkedIn there is no such person.
    pub bounce: f64,
    /// That a mail makes its reader unsubscribe.
    pub unsubscribe: f64,
    /// That an attempt is refused for the time being.
    pub rate_error: f64,
    /// That an attempt is not answered, or so that nobody can tell whether it was taken.
    pub silence: f64,
}

impl Default for Character {
    /// As one meets them.
    fn default() -> Self {
        Self {
            acceptance: 0.35,
            reply: 0.08,
            auto_reply: 0.03,
            bounce: 0.02,
            unsubscribe: 0.005,
            rate_error: 0.002,
            silence: 0.001,
        }
    }
}

impl Character {
    /// Nothing goes wrong: everybody can be reached, and every attempt succeeds. What people do is as usual.
    #[must_use]
    pub fn obliging() -> Self {
        Self { bounce: 0.0, rate_error: 0.0, silence: 0.0, ..Self::default() }
    }
}
