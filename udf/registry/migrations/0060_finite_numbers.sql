-- Reports compute with these numbers. The engine writes finite ones alone, and counts that are not
-- negative; anything else is refused. Of stored rows, a malformed number becomes NULL where the column
-- allows it, else its row is deleted, and the version is named.

do $$
declare
    stored record;
    condition text;
    fixed record;
begin
    for stored in
        select
            relname as name,
            array_agg(format(case
                when atttypid = 'double precision'::regtype then 'abs(%I) < ''Infinity'''
                when attname = 'repeats' then '%I > 0'
                else '%I >= 0'
            end, attname) order by attnum) as conditions,
            array_agg(attname order by attnum) as columns,
            array_agg(attnotnull order by attnum) as are_required
        from pg_class join pg_attribute on attrelid = pg_class.oid
        where relnamespace = 'ml'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped
            and relname in (
                'model_versions', 'candidates', 'metrics', 'curves', 'confusion', 'importances',
                'distributions', 'coefficients', 'partial_dependence', 'correlations', 'residuals', 'drifts'
            )
            and (
                atttypid = 'double precision'::regtype
                or attname in ('n', 'rows', 'rows_read', 'rows_train', 'rows_test', 'repeats')
            )
        group by relname
    loop
        for i in 1 .. cardinality(stored.columns) loop
            condition := format('not (%s)', stored.conditions[i]);
            for fixed in execute format(
                case
                    when stored.name = 'model_versions' and stored.are_required[i]
                    then 'update ml.%1$I set %2$I = 0 where %3$s returning model, version'
                    when stored.are_required[i] then 'delete from ml.%1$I where %3$s returning model, version'
                    else 'update ml.%1$I set %2$I = null where %3$s returning model, version'
                end,
                stored.name, stored.columns[i], condition
            ) loop
                raise warning 'ml.%, version % of model %: the malformed number in % was removed. Train the model again.',
                    stored.name, fixed.version, quote_literal(fixed.model), stored.columns[i];
            end loop;
        end loop;
        execute format(
            'alter table ml.%I add constraint %I check (%s)',
            stored.name, stored.name || '_numbers', array_to_string(stored.conditions, ' and ')
        );
    end loop;
end
$$;
