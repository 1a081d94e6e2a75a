-- name: notify
-- Wake whoever waits for changed rows; delivered at the commit.
select pg_notify('kawal', '');
