-- no-transaction
-- The index by account and time serves whatever this one did.
drop index concurrently execution_steps_account;
