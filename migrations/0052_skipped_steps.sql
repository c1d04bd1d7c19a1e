-- A step that cannot be done to its lead, and was not, while the lead goes on: there is no recent post, the two are connected already.
alter table execution_steps drop constraint execution_steps_state_check;
alter table execution_steps add constraint execution_steps_state_check
  check (state in ('sending', 'sent', 'not_sent', 'failed', 'needs_review', 'skipped')) not valid;
