#variable_conflict use_column
declare
    dropped integer;
begin
    perform ml.lock_model('drop_model', drop_model.model);
    delete from ml.model_versions where model = drop_model.model;
    get diagnostics dropped = row_count;
    delete from ml.models where model = drop_model.model;
    return dropped;
end
