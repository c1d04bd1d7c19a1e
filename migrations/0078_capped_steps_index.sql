-- no-transaction
drop index concurrently execution_steps_capped;
