-- Whether the ledger is charged for an attempt at present: what is given back is given back once, and what is proved late is charged again once.
alter table execution_steps add column charged boolean not null default true;
