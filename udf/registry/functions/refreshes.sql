-- Writes what each make refresh does.

create or replace function ml.record_refresh(number integer, outcome text, detail text)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if number is null then
        -- One refresh runs at a time, so an older one that still runs was killed.
        update ml.refreshes set status = 'interrupted' where status = 'running';
        insert into ml.refreshes (started_at, status)
        values (clock_timestamp(), 'running') returning refresh into number;
    else
        update ml.refreshes
        set finished_at = clock_timestamp(), status = outcome, detail = record_refresh.detail
        where refresh = number;
    end if;
    return number;
end
$$;
alter function ml.record_refresh(integer, text, text) owner to ml_registry;
comment on function ml.record_refresh(integer, text, text)
is 'Internal: how make refresh records its start (number NULL) and its end; returns its number';
