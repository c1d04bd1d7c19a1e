//! What every query of leads reads, and what a filter lets through: each said once.

/// Every list of leads reads the same columns; only what it reads them from differs.
macro_rules! leads_from {
    ([$($from:literal),+], $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            Lead,
            r#"select l.id, l.organization_id, l.first_name, l.last_name, l.full_name, l.email, l.phone, l.title, l.company, l.company_domain, l.industry,
       l.location, l.country, l.linkedin_url, l.timezone, l.external_id, l.status, l.source, l.tags, l.custom_fields, l.version,
       l.created_at, l.updated_at,
       array(select m.lead_list_id from lead_list_members m
             where m.organization_id = l.organization_id and m.lead_id = l.id order by m.lead_list_id)
         as "lead_list_ids!: Vec<LeadListId>",
       (select coalesce(jsonb_agg(jsonb_build_object('execution_id', e.id, 'campaign_id', c.id, 'name', c.name, 'status', e.status)
                                  order by e.id), '[]')
        from campaign_executions e join campaigns c on c.organization_id = e.organization_id and c.id = e.campaign_id
        where e.organization_id = l.organization_id and e.lead_id = l.id and e.status in ('pending', 'waiting', 'running'))
         as "running_campaigns!: RunningCampaigns" "# $(+ $from)+,
            $($argument),+
        )
    };
}

/// What an export has of a lead: no more than the row itself, since it reads all of them.
macro_rules! exported_from {
    ([$($from:literal),+], $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            ExportedLead,
            r#"select l.id, l.first_name, l.last_name, l.full_name, l.email, l.phone, l.title, l.company, l.company_domain, l.industry,
       l.location, l.country, l.linkedin_url, l.timezone, l.external_id, l.status, l.source, l.tags,
       nullif(l.custom_fields, '{}')::text as custom_fields, l.created_at, l.updated_at "# $(+ $from)+,
            $($argument),+
        )
    };
}

/// The number of leads instead of the leads.
macro_rules! count_from {
    ([$($from:literal),+], $($argument:expr),+ $(,)?) => {
        sqlx::query_scalar!(r#"select count(*) as "count!" "# $(+ $from)+, $($argument),+)
    };
}

/// What a filter lets through, said once for all who ask: of all leads, or of one list's. What is done with the query is said in a block
/// that names it. To be run on a connection that plans with values: absent conditions then fold away, and which index is best depends on how rare the term is.
///
/// The two differ since only a true join lets a list's own index give the order; the join is by the foreign key alone, whose
/// selectivity the planner knows.
macro_rules! filtered {
    ($read:ident, $repository:expr, $filter:expr, of_all: $of_all:literal, of_list: $of_list:literal $(, $argument:expr)*
     => |$query:ident| $done:expr) => {
        match $filter.lead_list_id {
            None => {
                let $query = filtered!(
                    @ask $read, $repository, $filter,
                    " from leads l where l.organization_id = $1 and $2::uuid is null",
                    $of_all $(, $argument)*
                );
                $done
            }
            Some(_) => {
                let $query = filtered!(
                    @ask $read, $repository, $filter,
                    " from lead_list_members p join leads l on l.organization_id = p.organization_id and l.id = p.lead_id
                      where p.organization_id = $1 and p.lead_list_id = $2",
                    $of_list $(, $argument)*
                );
                $done
            }
        }
    };
    (@ask $read:ident, $repository:expr, $filter:expr, $from:literal, $tail:literal $(, $argument:expr)*) => {
        $read!(
            [$from, " and ($3::text is null or l.status = $3)
                      and ($4::text is null or l.search_text like lower($4))
                      and ($5::text is null or l.tags @> array[$5])
                      and ($6::text is null or (lower(l.company) = lower($6) and l.search_text like lower($7)))
                      and ($8::timestamptz is null or l.created_at >= $8)
                      and ($9::timestamptz is null or l.created_at < $9)", $tail],
            $repository.scope.id(),
            $filter.lead_list_id.map(|id| id.0),
            $filter.status.map(|status| status.as_str()),
            $filter.search.as_deref().map($crate::repositories::leads::select::like_pattern),
            $filter.tag,
            $filter.company,
            $filter.company.as_deref().map($crate::repositories::leads::select::like_pattern),
            $filter.created_after,
            $filter.created_before,
            $($argument),*
        )
    };
}
pub(super) use {count_from, exported_from, filtered, leads_from};

/// A LIKE pattern that finds `term` anywhere, its own `%`, `_` and `\\` taken as letters. Capitals are left to the database, whose small
/// letters are the ones that were stored.
pub(super) fn like_pattern(term: &str) -> String {
    let escaped = term.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{escaped}%")
}
