-- A model belongs to the role that trained it first.

alter table ml.models add column owner text;
update ml.models set owner = coalesce(
    (
        select trained_by from ml.model_versions
        where model_versions.model = models.model
        order by version
        limit 1
    ),
    'transformer'
);
alter table ml.models alter column owner set not null;
