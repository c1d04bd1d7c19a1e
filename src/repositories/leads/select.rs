//! What every query of leads reads, and what a filter lets through: each said once.

/// Every list of leads reads the same columns; only what it reads them from differs. What a lead's own row does not say, `complete` fills
/// in. Types are named here, since a union has lost the table's.
///
/// Of a page of leads, what every row says again or does not say is a seventh of the bytes, and with them of the database's answers to the
/// system: so the organization is not read, nor tags and fields that there are none of, nor with `home_list: "null::uuid"` a list that is known.
macro_rules! leads_from {
    ([$($from:literal),+], $($argument:expr),+ $(,)?) => {
        leads_from!(home_list: "l.lead_list_id", [$($from),+], $($argument),+)
    };
    (home_list: $home_list:literal, [$($from:literal),+], $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            LeadRow,
            r#"select l.id as "id!: LeadId", l.first_name, l.last_name, l.full_name, l.email, l.phone, l.title, l.company, l.company_domain,
       l.industry, l.location, l.country, l.linkedin_url, l.timezone, l.external_id, l.status as "status!: LeadStatus",
       l.source as "source!: LeadSource", nullif(l.tags, '{}') as "tags", nullif(l.custom_fields, '{}') as "custom_fields: CustomFields",
       l.version as "version!", l.created_at as "created_at!", l.updated_at as "updated_at!", l.on_more_lists as "on_more_lists!",
       l.enrolled as "enrolled!", "# + $home_list + r#" as "lead_list_id: LeadListId" "# $(+ $from)+,
            $($argument),+
        )
    };
}

/// What an export has of a lead: no more than the row itself, since it reads all of them.
macro_rules! exported_from {
    ([$($from:literal),+], $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            ExportedLead,
            r#"select l.id as "id!: LeadId", l.first_name, l.last_name, l.full_name, l.email, l.phone, l.title, l.company, l.company_domain,
       l.industry, l.location, l.country, l.linkedin_url, l.timezone, l.external_id, l.status as "status!: LeadStatus",
       l.source as "source!: LeadSource", l.tags as "tags!", nullif(l.custom_fields, '{}')::text as custom_fields,
       l.created_at as "created_at!", l.updated_at as "updated_at!" "# $(+ $from)+,
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

/// What a filter lets through, said once for all who ask. To be run on a connection that plans with values: absent conditions then fold
/// away, and which index is best depends on how rare the term is.
///
/// With a `tail`, whoever is let through. With a `page`, the same in order: of one list, those who came in by it and those who joined it
/// later are each read in the order of an index of their own, by `at` and `place`, and merged.
///
/// What is fetched is asked for at once, but a `stream`, which is made of the connection itself.
macro_rules! filtered {
    ($read:ident.$fetch:ident, $repository:expr, $filter:expr, tail: $tail:literal $(, $argument:expr)* $(,)?) => {
        filtered!(@conditions (@either) $read.$fetch, $repository, $filter, [], [$tail], [] $(, $argument)*)
    };
    ($read:ident.$fetch:ident, $repository:expr, $filter:expr, page: $own:literal, $joined:literal, $all:literal
     $(, $argument:expr)* $(,)?) => {
        filtered!(@conditions (@page) $read.$fetch, $repository, $filter, [$own], [$joined], [$all] $(, $argument)*)
    };
    (@conditions ($($then:tt)+) $($rest:tt)+) => {
        filtered!(
            $($then)+
            " and ($3::text is null or l.status = $3)
              and ($4::text is null or l.search_text like lower($4))
              and ($5::text is null or l.tags @> array[$5])
              and ($6::text is null or (lower(l.company) = lower($6) and l.search_text like lower($7)))
              and ($8::timestamptz is null or l.created_at >= $8)
              and ($9::timestamptz is null or l.created_at < $9)",
            $($rest)+
        )
    };
    (@either $conditions:literal, $read:ident.$fetch:ident, $repository:expr, $filter:expr, [], [$tail:literal], []
     $(, $argument:expr)*) => {
        match $filter.lead_list_id {
            None => filtered!(
                @ask [" from leads l where l.organization_id = $1 and $2::uuid is null", $conditions, $tail],
                $read.$fetch, $repository, $filter $(, $argument)*
            ),
            Some(_) => filtered!(
                @ask [" from leads l where l.organization_id = $1 and l.id in (
                          select e.lead_id from lead_list_entries e where e.organization_id = $1 and e.lead_list_id = $2)",
                      $conditions, $tail],
                $read.$fetch, $repository, $filter $(, $argument)*
            ),
        }
    };
    (@page $conditions:literal, $read:ident.$fetch:ident, $repository:expr, $filter:expr, [$own:literal], [$joined:literal], [$all:literal]
     $(, $argument:expr)*) => {
        match $filter.lead_list_id {
            None => filtered!(
                @ask [" from leads l where l.organization_id = $1 and $2::uuid is null", $conditions, $own],
                $read.$fetch, $repository, $filter $(, $argument)*
            ),
            Some(_) => filtered!(
                @ask [" from ((select l.*, l.created_at as at, l.id as place from leads l where l.organization_id = $1 and l.lead_list_id = $2", $conditions, $own,
                      ") union all (
                       select l.*, p.lead_created_at as at, p.lead_id as place
                       from lead_list_members p join leads l on l.organization_id = p.organization_id and l.id = p.lead_id
                       where p.organization_id = $1 and p.lead_list_id = $2", $conditions, $joined, ")) l ", $all],
                $read.$fetch, $repository, $filter $(, $argument)*
            ),
        }
    };
    (@ask [$($sql:literal),+], $read:ident.$fetch:ident, $repository:expr, $filter:expr $(, $argument:expr)*) => {
        filtered!(@$fetch $repository, $read!(
            [$($sql),+],
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
        ))
    };
    (@stream $repository:expr, $query:expr) => {
        $query.fetch($repository.conn).map_err(AppError::from).boxed()
    };
    (@$fetch:ident $repository:expr, $query:expr) => {
        $query.$fetch(&mut *$repository.conn).await?
    };
}
pub(super) use {count_from, exported_from, filtered, leads_from};

/// A LIKE pattern that finds `term` anywhere, its own `%`, `_` and `\\` taken as letters. Capitals are left to the database, whose small
/// letters are the ones that were stored.
pub(in crate::repositories) fn like_pattern(term: &str) -> String {
    let escaped = term.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{escaped}%")
}
