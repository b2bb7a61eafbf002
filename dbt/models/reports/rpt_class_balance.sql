with
    versions as (select * from {{ of_champions("model_versions") }} as versions),

    classes as (
        select
            versions.model,
            versions.target,
            entries.entry ->> 'class' as class,
            versions.positive_class,
            (entries.entry ->> 'train')::bigint + (entries.entry ->> 'test')::bigint as n
        from versions
        cross join lateral jsonb_array_elements(versions.classes) as entries(entry)
    ),

    shares as (
        select *, n / nullif(sum(n) over (partition by model), 0)::float8 as share from classes
    )

select
    -- ids
    model,
    class,

    -- text
    {{ model_label("model") }} as model_label,
    {{ class_label("target", "class") }} as class_label,
    {{ counted("n") }} || ' (' || {{ percent("share") }} || ')' as shown,

    -- numbers
    n,
    share,
    row_number() over (
        partition by model order by coalesce(class = positive_class, false) desc, n desc, class
    ) as sort_order,

    -- booleans
    coalesce(class = positive_class, false) as is_positive
from shares
