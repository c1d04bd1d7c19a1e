-- no-transaction
-- Mails that came back or were declared to be spam, by when that was told of: there are few beside everything else.
create index concurrently activities_harm on activities (organization_id, campaign_id, occurred_at)
    where type in ('email_bounced', 'lead_complained');
