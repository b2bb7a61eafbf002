-- Artifacts that ml.predict_into hands to the workers of a Citus cluster. `make build` makes it a
-- reference table there, so each worker has a copy. On a single server it stays empty.

create table ml.shared_artifacts (
    model text not null,
    version integer not null,
    content bytea not null,
    signature bytea not null,
    primary key (model, version)
);
alter table ml.shared_artifacts alter column content set storage external;
