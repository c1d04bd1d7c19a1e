-- no-transaction
-- For how a mailbox's mails of the last days fared, and what came of what an account did.
create index concurrently execution_steps_account_sending on execution_steps (organization_id, account_id, sending_at);
