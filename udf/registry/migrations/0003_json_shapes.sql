-- Reports unfold these columns. A row of another shape would make every report fail, so a stored one
-- is emptied and named, and a new one is refused.

do $$
declare
    malformed record;
begin
    for malformed in
        update ml.model_versions set
            features = case when features @? '$ ? (@.type() == "array")' and not features @? '$[*] ? (@.type() != "object")'
                then features else '[]' end,
            classes = case when classes is null or (
                    classes @? '$ ? (@.type() == "array")' and not classes @? '$[*] ? (@.type() != "object")'
                ) then classes else '[]' end,
            options = case when jsonb_typeof(options) = 'object' then options else '{}' end,
            split = case when jsonb_typeof(split) = 'object' then split else '{}' end,
            libraries = case when jsonb_typeof(libraries) = 'object' then libraries else '{}' end
        where
            jsonb_typeof(features) <> 'array' or features @? '$[*] ? (@.type() != "object")'
            or jsonb_typeof(classes) <> 'array' or classes @? '$[*] ? (@.type() != "object")'
            or jsonb_typeof(options) <> 'object'
            or jsonb_typeof(split) <> 'object'
            or jsonb_typeof(libraries) <> 'object'
        returning model, version
    loop
        raise warning 'The description of version % of model % was malformed, and its malformed parts were emptied. Train the model again.',
            malformed.version, quote_literal(malformed.model);
    end loop;
end
$$;

alter table ml.model_versions
    add constraint features_are_objects
    check (jsonb_typeof(features) = 'array' and not features @? '$[*] ? (@.type() != "object")'),
    add constraint classes_are_objects
    check (jsonb_typeof(classes) = 'array' and not classes @? '$[*] ? (@.type() != "object")'),
    add constraint options_are_an_object check (jsonb_typeof(options) = 'object'),
    add constraint split_is_an_object check (jsonb_typeof(split) = 'object'),
    add constraint libraries_are_an_object check (jsonb_typeof(libraries) = 'object');
