//! Reading variables one by one while collecting every fault. (The configuration libraries stop at the first fault and guess the type
//! of a value from its looks, so that a numeric password is no longer a string.)

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use secrecy::SecretString;

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with it; never its value.
    pub reason: String,
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigFaults(pub Vec<ConfigFault>);

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the settings have {} fault(s):", self.0.len())?;
        for fault in &self.0 {
            writeln!(f, "  {}: {}", fault.variable, fault.reason)?;
        }
        Ok(())
    }
}

/// Named values, and the faults found in them so far.
#[derive(Debug, Default)]
pub struct Vars {
    values: BTreeMap<String, String>,
    /// Names of values that are no text.
    unreadable: BTreeSet<String>,
    /// Those of them that were asked for.
    missed: RefCell<BTreeSet<&'static str>>,
    faults: Vec<ConfigFault>,
}

impl Vars {
    /// The process's environment, completed by the file `.env` if there is one.
    ///
    /// # Errors
    /// `.env` cannot be read.
    pub fn from_environment() -> Result<Self, ConfigFaults> {
        let mut values = BTreeMap::new();
        match dotenvy::dotenv_iter() {
            Ok(lines) => {
                for line in lines {
                    let (name, value) = line.map_err(|error| dotenv_fault(&error))?;
                    values.insert(name, value);
                }
            }
            Err(error) if error.not_found() => {}
            Err(error) => return Err(dotenv_fault(&error)),
        }
        let mut unreadable = BTreeSet::new();
        // A name that is no text is none of ours.
        let named = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        for (name, value) in named {
            // What the file says in its place is not what was meant.
            values.remove(&name);
            match value.into_string() {
                Ok(value) => drop(values.insert(name, value)),
                Err(_) => drop(unreadable.insert(name)),
            }
        }
        Ok(Self { values, unreadable, ..Self::default() })
    }

    /// Just these, as a test gives them.
    pub fn given<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { values, ..Self::default() }
    }

    /// The value of `name`; an empty or blank one counts as none, as in a file with lines left unfilled.
    #[must_use]
    pub fn text(&self, name: &'static str) -> Option<String> {
        if self.unreadable.contains(name) {
            self.missed.borrow_mut().insert(name);
        }
        self.values.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// A secret value.
    #[must_use]
    pub fn secret(&self, name: &'static str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// A comma-separated value.
    #[must_use]
    pub fn list(&self, name: &'static str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// A value that parses, or a fault that says `expected`.
    pub fn parsed<T: FromStr>(&mut self, name: &'static str, expected: &str) -> Option<T> {
        let text = self.text(name)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.fault(name, format!("must be {expected}"));
        }
        value
    }

    /// One of a few words.
    pub fn one_of<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let value = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if value.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.fault(name, format!("must be one of: {}", words.join(", ")));
        }
        value
    }

    /// Notes a fault.
    pub fn fault(&mut self, variable: &'static str, reason: impl Into<String>) {
        self.faults.push(ConfigFault { variable, reason: reason.into() });
    }

    /// `config`, if no fault was found.
    ///
    /// # Errors
    /// All faults found.
    pub fn finish<T>(mut self, config: T) -> Result<T, ConfigFaults> {
        for variable in self.missed.take() {
            self.faults.retain(|fault| fault.variable != variable);
            self.fault(variable, "is not UTF-8");
        }
        if self.faults.is_empty() { Ok(config) } else { Err(ConfigFaults(self.faults)) }
    }
}

fn dotenv_fault(error: &dotenvy::Error) -> ConfigFaults {
    // The library's message repeats the line, which may hold a secret.
    let reason = match error {
        dotenvy::Error::LineParse(_, index) => format!("a line cannot be read (at character {index})"),
        _ => "the file cannot be read".to_owned(),
    };
    ConfigFaults(vec![ConfigFault { variable: ".env", reason }])
}
