-- no-transaction
create index concurrently activities_order on activities (organization_id, campaign_id, xact, id) where campaign_id is not null;
