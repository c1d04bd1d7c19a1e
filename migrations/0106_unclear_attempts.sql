-- Whether a provider's answer, or its silence, is why nobody could tell at once what became of an attempt. False where whoever made it did not live
-- to hear: that says nothing about the provider.
alter table execution_steps add column unclear boolean not null default false;
