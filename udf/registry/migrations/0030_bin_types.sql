-- A bin says what it holds, so that a category called other or (missing) is not taken for all other
-- categories or for NULL. Of a feature with more than 13 categories, bin 13 holds all but the first 12.

alter table ml.distributions add column bin_type text;
update ml.distributions as distributions
set bin_type = case
    when distributions.category is null then 'range'
    when distributions.category = '(missing)' and facts.missing > 0 and facts.last_bin = distributions.bin
        then 'missing'
    when distributions.category = 'other' and facts.distinct_values > 13 and distributions.bin = 13
        then 'other'
    else 'value'
end
from (
    select
        bins.model,
        bins.version,
        bins.feature,
        max(bins.bin) as last_bin,
        coalesce(max((entries.entry ->> 'missing')::bigint), 1) as missing,
        coalesce(max((entries.entry ->> 'distinct')::bigint), 14) as distinct_values
    from ml.distributions as bins
    inner join ml.model_versions as versions
        on versions.model = bins.model and versions.version = bins.version
    left join lateral jsonb_array_elements(
        case jsonb_typeof(versions.features) when 'array' then versions.features else '[]' end
    ) as entries (entry)
        on entries.entry ->> 'name' = bins.feature
    group by bins.model, bins.version, bins.feature
) as facts
where facts.model = distributions.model
    and facts.version = distributions.version
    and facts.feature = distributions.feature;
alter table ml.distributions
    alter column bin_type set not null,
    add constraint distributions_bin_type check (bin_type in ('range', 'value', 'other', 'missing'));

alter table ml.profile_bins add column bin_type text;
update ml.profile_bins as bins
set bin_type = case
    when bins.category is null then 'range'
    when bins.category = '(missing)' and columns.missing > 0 and not exists (
        select from ml.profile_bins as later
        where later.name = bins.name and later.column_name = bins.column_name and later.bin > bins.bin
    ) then 'missing'
    when bins.category = 'other' and columns.distinct_values > 13 and bins.bin = 13 then 'other'
    else 'value'
end
from ml.profile_columns as columns
where columns.name = bins.name and columns.column_name = bins.column_name;
alter table ml.profile_bins
    alter column bin_type set not null,
    add constraint profile_bins_bin_type check (bin_type in ('range', 'value', 'other', 'missing'));

-- A feature may be called (score): the kind tells it from the score. A period may be an empty text,
-- which is not NULL.
drop index ml.drifts_one_fact;
create unique index drifts_one_fact
on ml.drifts (model, version, measured_at, period, kind, feature) nulls not distinct;
