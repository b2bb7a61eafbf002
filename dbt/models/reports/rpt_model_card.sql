{{ config(materialized="view") }}

{#
    The model card of each version, one row per topic. Purpose, owner, limits and excluded uses are in
    the meta of the model's node; the rest is in the registry.
#}
with
    versions as (select * from {{ of_all_versions("model_versions") }} as versions),

    documented as (
        {% for name in trained_models() %}
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
            string_agg(features.feature_phrase, ', ' order by features.feature_phrase) filter (
                where entries.place <= 12
            ) as names
        from versions
        cross join lateral jsonb_array_elements(versions.features)
        with ordinality as entries(entry, place)
        cross join
            lateral(
                select {{ feature_phrase("versions.model", "entries.entry ->> 'name'") }}
            ) as features(feature_phrase)
        group by versions.model, versions.version
    ),

    top_features as (
        select
            model,
            version,
            string_agg(features.feature_phrase, ', ' order by importances.rank) filter (
                where importances.rank <= 3
            ) as names
        from {{ of_all_versions("importances") }} as importances
        cross join
            lateral(
                select {{ feature_phrase("importances.model", "importances.feature") }}
            ) as features(feature_phrase)
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
        select versions.model, versions.version, topics.*
        from versions
        inner join history on history.model = versions.model and history.version = versions.version
        left join documented on documented.model = versions.model
        left join
            named_features
            on named_features.model = versions.model
            and named_features.version = versions.version
        left join
            top_features
            on top_features.model = versions.model
            and top_features.version = versions.version
        left join sizes on sizes.model = versions.model and sizes.version = versions.version
        cross join
            lateral(
                values
                    (
                        'use',
                        1,
                        'Purpose',
                        coalesce(
                            documented.purpose,
                            'Not documented: this model was trained by hand, not by dbt.'
                        )
                    ),
                    ('use', 2, 'Owner', coalesce(documented.owner, 'not named')),
                    (
                        'use',
                        3,
                        'Output',
                        case
                            versions.task
                            when 'classification'
                            then
                                'the class of “'
                                || {{ feature_phrase("versions.model", "versions.target") }}
                                || '” for each case, with a probability; shares in the data: '
                                || sizes.names
                            when 'regression'
                            then
                                'a number: '
                                || {{ feature_phrase("versions.model", "versions.target") }}
                            when 'multilabel'
                            then
                                'for each case which labels it has, with a probability for each; shares in the data: '
                                || sizes.names
                            when 'clustering'
                            then 'groups of similar cases: ' || coalesce(sizes.names, 'groups')
                            when 'forecast'
                            then
                                'the next '
                                || (versions.split ->> 'horizon')
                                || ' steps of '
                                || (versions.split ->> 'series')
                                || ' series, each with an interval: '
                                || {{ feature_phrase("versions.model", "versions.target") }}
                            when 'outliers'
                            then 'cases that differ from the others'
                            else 'a few numbers that summarise many measurements'
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
                            documented.not_for, 'decisions about a person without human review'
                        )
                    ),
                    (
                        'use',
                        6,
                        'Limits',
                        coalesce(
                            documented.limits,
                            'It knows only the data described below. What it relies on need not cause the outcome.'
                        )
                    ),
                    (
                        'data',
                        7,
                        'Rows',
                        {{ counted("versions.rows_read") }}
                        || ' read: '
                        || {{ counted("versions.rows_train") }}
                        || ' for training, '
                        || {{ counted("versions.rows_test") }}
                        || ' held out for the test'
                    ),
                    (
                        'data',
                        8,
                        'Test split',
                        case
                            case
                                versions.task
                                when 'forecast'
                                then 'steps'
                                else versions.split ->> 'by'
                            end
                            when 'steps'
                            then
                                'the last '
                                || (versions.split ->> 'test')
                                || ' steps of each series'
                            when 'time'
                            then
                                'the newest rows' || coalesce(
                                    ', from ' || to_char(
                                        date '1970-01-01'
                                        + ((versions.split ->> 'test_from')::float8)::integer,
                                        'FMDD FMMonth YYYY'
                                    )
                                    || ' on',
                                    ''
                                )
                            when 'column'
                            then 'rows marked by the column ' || (versions.split ->> 'column')
                            when 'group'
                            then
                                'whole groups of '
                                || {{
                                    feature_phrase(
                                        "versions.model", "versions.split ->> 'column'"
                                    )
                                }}
                                || ', held out'
                            else 'random rows; the split ignores time'
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
                    ('data', 10, 'Relies most on', coalesce(top_features.names, 'not measured')),
                    (
                        'data',
                        11,
                        'Excluded columns',
                        case
                            jsonb_array_length(versions.excluded)
                            when 0
                            then 'none'
                            else
                                case
                                    jsonb_array_length(versions.excluded)
                                    when 1
                                    then 'one column without information'
                                    else
                                        jsonb_array_length(versions.excluded)
                                        || ' columns without information'
                                end
                        end
                    ),
                    (
                        'result',
                        12,
                        history.metric_label,
                        history.value_text
                        || ' (95 % interval '
                        || history.interval_text
                        || '); the simple rule: '
                        || history.baseline_text
                    ),
                    (
                        'result',
                        13,
                        'Algorithm',
                        history.algorithm_label || case
                            when versions.params = '{}'::jsonb
                            then ', default parameters of scikit-learn'
                            else ', ' || regexp_replace(versions.params::text, '[{}"]', '', 'g')
                        end
                    ),
                    (
                        'result',
                        14,
                        'Chosen by',
                        case
                            versions.task
                            when 'forecast'
                            then
                                'forecasts from '
                                || (versions.split ->> 'origins')
                                || ' earlier moments (rolling origins); the test steps were not used'
                            else
                                coalesce(versions.split ->> 'folds', '5')
                                || '-fold cross-validation on '
                                || coalesce(
                                    (
                                        {{
                                            counted(
                                                "(versions.split ->> 'comparison_rows')::bigint"
                                            )
                                        }}
                                    )
                                    || ' of ',
                                    ''
                                )
                                || 'the training rows; the test rows were not used'
                        end
                    ),
                    ('result', 15, 'Compared with the previous version', history.decision),
                    (
                        'trace',
                        16,
                        'Code',
                        case
                            coalesce(versions.git_commit, '')
                            when ''
                            then 'commit not recorded'
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
                            ', peak memory '
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
            ) as topics(part, position, topic, text)
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
    lines.text,

    -- numbers
    history.newest_rank,

    -- booleans
    history.is_champion
from lines
inner join history on history.model = lines.model and history.version = lines.version
