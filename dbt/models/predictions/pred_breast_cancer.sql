with
    predictions as (
        select * from {{ predict(ref("breast_cancer"), ref("feat_tumour__measurements")) }}
    ),

    champion as (
        select model, version
        from {{ source("ml", "model_versions") }}
        where status = 'champion' and model = {{ sql_text(registry_name("breast_cancer")) }}
    )

select
    predictions.id,
    champion.model,
    {{ model_label("champion.model") }} as model_label,
    champion.version as model_version,
    predictions.prediction,
    predictions.score
from predictions
cross join champion
