-- no-transaction
create index concurrently execution_steps_capped on execution_steps (organization_id, sending_at)
  include (campaign_id, recipient_domain, company_domain, state) where capped;
