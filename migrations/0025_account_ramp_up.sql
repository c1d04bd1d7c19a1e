-- ramp_up: by kind of step, a daily limit that grows from day to day until it has reached the account's own. A document of
-- models::connected_accounts; what is not named is not ramped up.
alter table connected_accounts add column ramp_up jsonb not null default '{}' check (jsonb_typeof(ramp_up) = 'object');
