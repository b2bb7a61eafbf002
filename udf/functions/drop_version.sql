#variable_conflict use_column
declare
    chosen ml.model_versions := ml.lock_version('drop_version', drop_version.model, drop_version.version);
    remaining bigint;
begin
    if chosen.status = 'champion' then
        raise exception 'ml.drop_version: Version % is the champion of model %.', chosen.version, quote_literal(chosen.model)
            using errcode = 'invalid_parameter_value',
            hint = 'Make another version champion first, with ml.promote or ml.rollback, or drop the whole model with ml.drop_model.';
    end if;
    -- All that belongs to the version goes with it, its reigns too.
    delete from ml.model_versions where model = chosen.model and version = chosen.version;
    select count(*) into remaining from ml.model_versions where model = chosen.model;
    return remaining;
end
