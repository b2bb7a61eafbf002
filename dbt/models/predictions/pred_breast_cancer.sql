with
    predictions as (
        select * from {{ predict(ref("breast_cancer"), ref("feat_tumour__measurements")) }}
    ),

    champion as (select * from {{ champion_of("breast_cancer") }} as champion)

select
    predictions.id,
    champion.model,
    champion.model_label,
    champion.model_version,
    predictions.prediction,
    predictions.score
from predictions
cross join champion
