-- no-transaction
create index concurrently execution_steps_capped_by_account on execution_steps (organization_id, sending_at)
  include (account_id, campaign_id, recipient_domain, company_domain, state) where capped;
