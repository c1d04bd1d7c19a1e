-- no-transaction
-- For what an account has looked up in vain on a day: that is not free without end.
create index concurrently execution_steps_in_vain on execution_steps (organization_id, account_id, charged_day)
  where state = 'skipped' or state = 'not_sent' and reason in ('lead_unanswered', 'not_found_at_provider');
