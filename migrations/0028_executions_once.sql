-- no-transaction
-- A lead is once in a campaign. Led by the lead, it also finds all the ways of one, so that the two indexes that it replaces can go.
create unique index concurrently campaign_executions_once on campaign_executions (organization_id, lead_id, campaign_id);
