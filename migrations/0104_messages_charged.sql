-- Under which day and hour of its account's clock a message by hand stands in the account's ledger, and whether that was given back.
alter table messages
  add column charged_day date,
  add column charged_hour smallint,
  add column given_back boolean not null default false,
  add constraint messages_charged_check check ((charged_day is null) = (charged_hour is null) and charged_hour between 0 and 23) not valid;
