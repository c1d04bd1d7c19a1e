-- no-transaction
-- How a campaign's mails fare is asked whenever one comes back: of the mails of seven days, and not of all that it ever sent.
create index concurrently execution_steps_mails on execution_steps (organization_id, campaign_id, sending_at) where action = 'send_email';
