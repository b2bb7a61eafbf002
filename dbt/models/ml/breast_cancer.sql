{{
    config(
        materialized="ml_model",
        task="classification",
        target="diagnosis",
        key="id",
        metric="roc_auc",
        split={"by": "random", "test": 0.25},
        options={"positive_class": "malignant"},
    )
}}

with
    measurements as (select * from {{ ref("feat_tumour__measurements") }}),

    diagnoses as (select id, diagnosis from {{ ref("stg_csv__breast_cancer") }})

select measurements.*, diagnoses.diagnosis
from measurements
inner join diagnoses on diagnoses.id = measurements.id
