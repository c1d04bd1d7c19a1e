-- Why an account must rest, in a word of ours; of a rest that is over it says nothing.
alter table connected_accounts add column rest_reason text check (length(rest_reason) between 1 and 100);
