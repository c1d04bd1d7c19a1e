//! The order in which faults are told: that of the fields in the campaign's body, as a reader goes through it.

/// The fields of a campaign, level by level, in the order in which they are documented.
const FIELDS: [&str; 33] = [
    "lead_list_ids",
    "account_ids",
    "workflow",
    "schedule",
    "stop_on",
    "nodes",
    "edges",
    "id",
    "type",
    "config",
    "position",
    "source",
    "target",
    "condition",
    "delay",
    "value",
    "unit",
    "thread",
    "variants",
    "weight",
    "subject",
    "message",
    "text",
    "html",
    "max_post_age_days",
    "url",
    "timezone",
    "days",
    "start_time",
    "end_time",
    "start_at",
    "end_at",
    "new_leads_per_day",
];

/// A key that sorts pointers: a whole before its parts, items by number, fields as documented.
pub(super) fn key(pointer: &str) -> Vec<usize> {
    pointer.split('/').skip(1).map(rank).collect()
}

fn rank(token: &str) -> usize {
    token.parse().unwrap_or_else(|_| FIELDS.iter().position(|field| *field == token).unwrap_or(FIELDS.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_in_the_order_of_the_document() {
        let sorted = [
            "/lead_list_ids",
            "/account_ids",
            "/workflow",
            "/workflow/nodes/2/type",
            "/workflow/nodes/2/config/variants/1/subject",
            "/workflow/nodes/10",
            "/workflow/edges/0/condition",
            "/workflow/edges/0/delay/value",
            "/schedule",
            "/schedule/timezone",
            "/schedule/end_at",
            "/stop_on/1",
        ];
        let mut shuffled = sorted;
        shuffled.reverse();
        shuffled.sort_by_key(|pointer| key(pointer));
        assert_eq!(shuffled, sorted);
    }
}
