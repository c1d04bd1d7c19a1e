//! Every lead that a filter lets through, one after the other.

use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};

use super::{
    LeadRepository,
    select::{exported_from, filtered},
};
use crate::{
    errors::{AppError, Result},
    models::{ExportedLead, LeadFilter, LeadId, LeadSource, LeadStatus},
};

impl<'c> LeadRepository<'c> {
    /// The leads that `filter` lets through as of now, the oldest first, read as fast as they are taken. Ask it of a connection that plans
    /// with values.
    pub fn export<'s>(self, filter: &'s LeadFilter) -> BoxStream<'s, Result<ExportedLead>>
    where
        'c: 's,
    {
        filtered!(
            exported_from.stream,
            self,
            filter,
            page:
                " order by l.created_at, l.id",
                " order by p.lead_created_at, p.lead_id",
                " order by l.at, l.place",
        )
    }
}
