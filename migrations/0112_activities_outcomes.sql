-- no-transaction
-- What leads did and what became of what they were sent, which a campaign's statistics are counted from.
create index concurrently activities_outcomes on activities (organization_id, campaign_id)
    where type in ('lead_replied', 'email_bounced', 'lead_unsubscribed');
