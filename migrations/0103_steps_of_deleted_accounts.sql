-- An account that is deleted is forgotten by what it did. What is under way still has one, unless it is the call of a webhook.
alter table execution_steps drop constraint execution_steps_account_or_webhook;
alter table execution_steps add constraint execution_steps_account_or_webhook
  check (account_id is not null or action = 'webhook' or state <> 'sending') not valid;
