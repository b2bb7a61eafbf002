#variable_conflict use_column
declare
    before integer;
begin
    perform ml.lock_model('rollback', rollback.model);
    before := ml.previous_champion(rollback.model);
    if before is null then
        raise exception 'ml.rollback: No earlier champion of model % is left to go back to.', quote_literal(rollback.model)
            using errcode = 'invalid_parameter_value',
            hint = 'Name a version yourself: select ml.promote(model, version).';
    end if;
    perform ml.set_champion(rollback.model, before, 'rollback');
    return before;
end
