-- By what a row that could not be used is found again when a person is erased: a hash of each cell that may be an e-mail address, and of each
-- profile that a cell names, whatever form that is written in. The organization is hashed with them, since an index over arrays cannot begin
-- with it; who finds a row looks into its cells, as hashes of two values may be the same.
create function rejection_marks(organization uuid, cells text[]) returns bigint[] language sql immutable parallel safe as $$
  select coalesce(array_agg(distinct hashtextextended(organization::text || mark, 0)), '{}')
  from unnest(cells) as cell (text),
       lateral (values
         (case when text like '%@%' then '@' || lower(btrim(text, E' \t\r\n<>"')) end),
         ('/' || nullif(split_part(split_part(split_part(lower(text), '/in/', 2), '/', 1), '?', 1), ''))) as marked (mark)
  where mark is not null
$$;
