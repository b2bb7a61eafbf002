{#
    What a person should know of each version before relying on it, line by line. Purpose, owner,
    limits and what it is not for are in the meta of the model's node; the rest the registry knows.
#}
with
    versions as (select * from {{ of_all_versions("model_versions") }} as versions),

    written as (
        {% for name in var("trained_models") %}
            {%- set meta = model_node(name).config.meta if execute else {} -%}
            {%- set description = model_node(name).description if execute else "" %}
            select
                {{ sql_text(registry_name(name)) }} as model,
                {{
                    sql_text(
                        meta.get("purpose") or (description.split(". ")[0].rstrip(".") ~ ".")
                    )
                }} as purpose,
                {{ sql_text(meta.get("owner")) }} as owner,
                {{ sql_text(meta.get("limits")) }} as limits,
                {{ sql_text(meta.get("not_for")) }} as not_for
                {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    history as (select * from {{ ref("rpt_training_history") }}),

    named_features as (
        select
            versions.model,
            versions.version,
            count(*) as features,
            string_agg(features.feature_words, ', ' order by features.feature_words) filter (
                where entries.place <= 12
            ) as names
        from versions
        cross join lateral jsonb_array_elements(versions.features)
        with ordinality as entries(entry, place)
        cross join
            lateral(
                select {{ feature_words("versions.model", "entries.entry ->> 'name'") }}
            ) as features(feature_words)
        group by versions.model, versions.version
    ),

    relied_on as (
        select
            model,
            version,
            string_agg(features.feature_words, ', ' order by importances.rank) filter (
                where importances.rank <= 3
            ) as names
        from {{ of_all_versions("importances") }} as importances
        cross join
            lateral(
                select {{ feature_words("importances.model", "importances.feature") }}
            ) as features(feature_words)
        where method = 'permutation'
        group by model, version
    ),

    sizes as (
        select
            versions.model,
            versions.version,
            string_agg(
                {{ class_name("versions.target", "entries.entry ->> 'class'") }}
                || ' '
                || {{
                    percent(
                        "((entries.entry ->> 'train')::float8 + (entries.entry ->> 'test')::float8)"
                        ~ " / nullif(versions.rows_train + versions.rows_test, 0)"
                    )
                }},
                ', '
                order by entries.place
            ) as names
        from versions
        cross join lateral jsonb_array_elements(versions.classes)
        with ordinality as entries(entry, place)
        group by versions.model, versions.version
    ),

    lines as (
        select versions.model, versions.version, stated.*
        from versions
        inner join history on history.model = versions.model and history.version = versions.version
        left join written on written.model = versions.model
        left join
            named_features
            on named_features.model = versions.model
            and named_features.version = versions.version
        left join
            relied_on on relied_on.model = versions.model and relied_on.version = versions.version
        left join sizes on sizes.model = versions.model and sizes.version = versions.version
        cross join
            lateral(
                values
                    (
                        'use',
                        1,
                        'Purpose',
                        coalesce(
                            written.purpose,
                            'Nothing was written down: it was trained by hand, not by dbt.'
                        )
                    ),
                    ('use', 2, 'Owner', coalesce(written.owner, 'nobody was named')),
                    (
                        'use',
                        3,
                        'Answers',
                        case
                            versions.task
                            when 'classification'
                            then
                                'which answer to “'
                                || {{ feature_words("versions.model", "versions.target") }}
                                || '” fits a case, with a probability: '
                                || sizes.names
                            when 'regression'
                            then
                                'a number: '
                                || {{ feature_words("versions.model", "versions.target") }}
                            when 'clustering'
                            then 'which cases are alike: ' || coalesce(sizes.names, 'groups')
                            when 'outliers'
                            then 'which cases are unlike the others'
                            else 'a few numbers that stand for the many measurements'
                        end
                    ),
                    (
                        'use',
                        4,
                        'Status',
                        history.status_label
                        || ', trained on '
                        || to_char(versions.trained_at, 'FMDD FMMonth YYYY, HH24:MI')
                    ),
                    (
                        'use',
                        5,
                        'Not for',
                        coalesce(
                            written.not_for,
                            'a decision about one person without a person looking at it'
                        )
                    ),
                    (
                        'use',
                        6,
                        'Limits',
                        coalesce(
                            written.limits,
                            'It knows only what the rows below tell. What it relies on is not what causes the outcome.'
                        )
                    ),
                    (
                        'data',
                        7,
                        'Rows',
                        {{ counted("versions.rows_read") }}
                        || ' read: '
                        || {{ counted("versions.rows_train") }}
                        || ' to learn from, '
                        || {{ counted("versions.rows_test") }}
                        || ' kept aside for the one test'
                    ),
                    (
                        'data',
                        8,
                        'Period and test',
                        case
                            versions.split ->> 'by'
                            when 'time'
                            then
                                'the newest rows are the test' || coalesce(
                                    ': from ' || to_char(
                                        date '1970-01-01'
                                        + ((versions.split ->> 'test_from')::float8)::integer,
                                        'FMDD FMMonth YYYY'
                                    )
                                    || ' on',
                                    ''
                                )
                            when 'column'
                            then
                                'the column '
                                || (versions.split ->> 'column')
                                || ' says which rows test'
                            when 'group'
                            then
                                'whole groups of '
                                ||
                                {{ feature_words("versions.model", "versions.split ->> 'column'") }}
                                || ' are kept aside'
                            else
                                'rows were kept aside by chance; the data have no order in time here'
                        end
                    ),
                    (
                        'data',
                        9,
                        'Measurements',
                        named_features.features
                        || ': '
                        || named_features.names
                        || case when named_features.features > 12 then ' and more' else '' end
                    ),
                    ('data', 10, 'Relies most on', coalesce(relied_on.names, 'not measured')),
                    (
                        'data',
                        11,
                        'Left out',
                        case
                            jsonb_array_length(versions.excluded)
                            when 0
                            then 'nothing'
                            else
                                case
                                    jsonb_array_length(versions.excluded)
                                    when 1
                                    then 'one column that says nothing'
                                    else
                                        jsonb_array_length(versions.excluded)
                                        || ' columns that say nothing'
                                end
                        end
                    ),
                    (
                        'result',
                        12,
                        history.metric_label,
                        history.shown
                        || ' (95 % interval '
                        || history.shown_interval
                        || '), the simple rule '
                        || history.shown_baseline
                    ),
                    (
                        'result',
                        13,
                        'Method',
                        history.algorithm_label || case
                            when versions.params = '{}'::jsonb
                            then ', as scikit-learn sets it'
                            else ', ' || regexp_replace(versions.params::text, '[{}"]', '', 'g')
                        end
                    ),
                    (
                        'result',
                        14,
                        'Chosen by',
                        coalesce(versions.split ->> 'folds', '5')
                        || ' trials on parts of the training rows, never on the test'
                    ),
                    ('result', 15, 'Beside the one before', history.decision),
                    (
                        'trace',
                        16,
                        'Code',
                        case
                            coalesce(versions.git_commit, '')
                            when ''
                            then 'no commit was told'
                            else 'commit ' || left(versions.git_commit, 12)
                        end
                    ),
                    (
                        'trace',
                        17,
                        'Trained by',
                        versions.trained_by
                        || ' in '
                        || {{ short_number("versions.seconds") }}
                        || ' s'
                        || coalesce(
                            ', with at most '
                            || {{ short_number("versions.peak_memory_mb") }}
                            || ' MB',
                            ''
                        )
                    ),
                    (
                        'trace',
                        18,
                        'Libraries',
                        (
                            select string_agg(key || ' ' || value, ', ' order by key)
                            from jsonb_each_text(versions.libraries)
                        )
                    ),
                    ('trace', 19, 'Data fingerprint', left(versions.data_fingerprint, 16))
            ) as stated(part, position, topic, words)
    )

select
    -- ids
    lines.model,
    lines.version,
    lines.position,

    -- text
    {{ model_label("lines.model") }} as model_label,
    'Version ' || lines.version as version_label,
    lines.part,
    lines.topic,
    lines.words,

    -- numbers
    history.newest_rank,

    -- booleans
    history.is_champion
from lines
inner join history on history.model = lines.model and history.version = lines.version
