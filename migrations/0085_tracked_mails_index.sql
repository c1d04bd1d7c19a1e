-- no-transaction
-- For a campaign's statistics: most campaigns track nothing.
create index concurrently sent_mails_tracked on sent_mails (organization_id, campaign_id) include (step_id, tracks_opens, tracks_clicks)
  where tracks_opens or tracks_clicks;
