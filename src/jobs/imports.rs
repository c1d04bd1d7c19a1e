//! Work on imports.

use serde::{Deserialize, Serialize};

use super::Job;
use crate::models::{ImportId, OrganizationId};

/// An import has rows to be worked on, or is to be undone.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct WorkOnImport {
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Which one.
    pub import_id: ImportId,
}

impl Job for WorkOnImport {
    const NAME: &'static str = "work_on_import";

    fn about(&self) -> String {
        self.import_id.to_string()
    }

    /// An organization's imports follow one another: whoever brings many leaves the workers to the others.
    fn turn(&self) -> String {
        format!("{}:{}", Self::NAME, self.organization_id)
    }
}
