-- Under which id of Unipile's something was done: an account that is signed in to anew gets another, and what was done under the old one need not show
-- there. Null is what was done before this was kept.
alter table linkedin_acts add column unipile_account text check (length(unipile_account) between 1 and 500);
