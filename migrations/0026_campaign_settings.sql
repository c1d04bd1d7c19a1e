-- settings: whom a campaign leaves out. A document of models::campaigns; what is not named is at its default.
alter table campaigns add column settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object');
