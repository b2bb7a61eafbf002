#variable_conflict use_column
declare
    chosen ml.model_versions := ml.lock_version('promote', promote.model, promote.version);
    before integer;
begin
    if not exists (select from ml.artifacts where model = chosen.model and version = chosen.version) then
        raise exception 'ml.promote: Version % of model % was retired: its figures are kept, the trained model is not.',
            chosen.version, quote_literal(chosen.model)
            using errcode = 'invalid_parameter_value', hint = 'Train it again, or promote another version.';
    end if;
    select version into before from ml.model_versions
    where model = chosen.model and status = 'champion';
    -- Promoting the champion changes nothing, so it must not look like a new reign either.
    if before is distinct from chosen.version then
        perform ml.set_champion(chosen.model, chosen.version, 'promote');
    end if;
    return before;
end
